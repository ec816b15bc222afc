"""The message to a person: a title and a few short lines. The time is written when the message is sent, because it may
not be known earlier."""

from collections.abc import Sequence

from alerts.moment import Moment, local
from alerts.outbox import Message
from alerts.rules import BY_NAME
from journal.boots import Boot

LATE_MS = 1_800_000


def title(message: Message) -> str:
    rule = BY_NAME[message.notice.rule]
    return f"{message.site or 'solar'}: {rule.normal if message.notice.is_over else rule.alert}"


def body(message: Message, boots: Sequence[Boot], now: Moment) -> str:
    """`boots` are the journal's, with what is known of their times."""
    notice = message.notice
    lines = [f"{notice.words[:1].upper()}{notice.words[1:]}."] if notice.words else []
    lines.append(f"{'Over since' if notice.is_over else 'Since'} {when(notice.moment, boots)}.")
    happened_ms, now_ms = notice.moment.known_ms(boots), now.known_ms(boots)
    if happened_ms is not None and now_ms is not None and now_ms - happened_ms > LATE_MS:
        lines.append(f"Sent {local(now_ms)}.")
    return "\n".join(lines)


def when(moment: Moment, boots: Sequence[Boot]) -> str:
    time_ms = moment.known_ms(boots)
    if time_ms is not None:
        return local(time_ms)
    minutes = moment.uptime_ms // 60_000
    return f"{local(moment.time_ms)} by a clock that is not confirmed, {minutes} minutes after the computer's start"
