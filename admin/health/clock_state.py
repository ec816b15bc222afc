"""The state of the time at this site, in words. Changes nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from admin.terminal.moments import iso
from admin.terminal.words import count, duration
from journal.journal import Journal
from journal.reading import TIMED

if TYPE_CHECKING:
    from logger.clock.host_clock import Moment
    from logger.clock.trust import Evidence

HELD_TOO_LONG_SECONDS = 86400.0
REMEDY = "connect it to a network with a time server, or set the clock: sudo solar clock set '2026-11-22 17:30'"
CHRONY_REMEDY = (
    "chrony does not tell the kernel that the clock is right: write `rtcsync` into /etc/chrony/chrony.conf, then "
    "sudo systemctl restart chrony"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """The state at one moment.

    `source`: why the time is trusted in this boot, None if it is not. `uncertainty_seconds`: how far that time may have
    drifted. `off_seconds`: how far the wall clock is ahead of it. `evidence`: what says now that the wall clock is
    right. `absurd`: why it cannot be right. `held`: how many records of each table are held; `held_earlier`: how many
    of them are from earlier boots.
    """

    now_ms: int
    uptime_seconds: float
    source: str | None
    uncertainty_seconds: float
    off_seconds: float
    evidence: str | None
    absurd: str | None
    held: dict[str, int]
    held_earlier: int

    @property
    def held_in_all(self) -> int:
        return sum(self.held.values())

    @property
    def is_off(self) -> bool:
        """Whether the wall clock is further off than drift explains."""
        return abs(self.off_seconds) > 2 + self.uncertainty_seconds


def clock_state(journal: Journal, boot_id: str, moment: "Moment", evidence: "Evidence | None") -> ClockState:
    """What the journal and this computer's clock show at this moment."""
    from logger.clock.trust import absurd

    stretches = [boot for boot in journal.boots() if boot.boot_id == boot_id]
    anchor = stretches[-1].anchor if stretches else None
    held = {stream: [span for span in journal.spans(stream) if span.is_held] for stream in TIMED}
    ours = {boot.number for boot in stretches}
    return ClockState(
        now_ms=moment.time_ms,
        uptime_seconds=moment.uptime_ms / 1000,
        source=anchor.source if anchor else None,
        uncertainty_seconds=anchor.uncertainty_at(moment.uptime_ms) if anchor else 0.0,
        off_seconds=(moment.time_ms - anchor.time_at(moment.uptime_ms)) / 1000 if anchor else 0.0,
        evidence=evidence.source if evidence else None,
        absurd=absurd(moment.time_ms),
        held={stream: sum(span.last_id - span.first_id + 1 for span in spans) for stream, spans in held.items()},
        held_earlier=sum(
            span.last_id - span.first_id + 1 for spans in held.values() for span in spans if span.boot not in ours
        ),
    )


def is_right(state: ClockState) -> bool:
    """Whether the wall clock may be believed at this moment."""
    return not state.absurd and (not state.is_off if state.source else state.evidence is not None)


def trust_in_words(state: ClockState) -> str:
    """Whether and why the time is trusted."""
    if state.source is None:
        if state.absurd:
            return f"not trusted: it is {state.absurd}"
        if is_untold(state):
            return (
                f"right ({state.evidence}), but chrony does not tell the kernel, "
                "and the service solar-logger cannot ask chrony"
            )
        if state.evidence:
            return f"right ({state.evidence}); the logger uses it once that has lasted for five minutes"
        return "not trusted: it has not been confirmed since this computer started"
    doubt = f", give or take {duration(state.uncertainty_seconds)}" if state.uncertainty_seconds >= 1 else ""
    if state.is_off:
        way = "ahead of" if state.off_seconds > 0 else "behind"
        return f"ignored: it is {duration(abs(state.off_seconds))} {way} the logger's own time{doubt}"
    return f"trusted{doubt}: {state.source}"


def held_in_words(state: ClockState) -> str | None:
    """What is held, and why; None if nothing is."""
    if not state.held_in_all:
        return None
    parts = [count(number, stream[:-1]) for stream, number in state.held.items() if number]
    earlier = f", {state.held_earlier:,} of them from before the last restart" if state.held_earlier else ""
    what = " and ".join(parts) + earlier
    if state.source:
        return f"{what}: getting their times now"
    return f"{what}: held until the clock is confirmed, then dated and sent"


def attention_in_words(state: ClockState) -> str | None:
    """What a person should do if readings have been held for a long time."""
    if state.source or not state.held_in_all or state.uptime_seconds < HELD_TOO_LONG_SECONDS:
        return None
    since = duration(state.uptime_seconds)
    return f"nothing is sent, because the clock has not been confirmed for {since}: {remedy(state)}"


def needs_person(state: ClockState) -> bool:
    """Whether the time is unlikely to become known by itself."""
    return state.source is None and (state.evidence is None or is_untold(state))


def is_untold(state: ClockState) -> bool:
    """Whether chrony knows the time, but the kernel does not: a logger without a network cannot ask chrony."""
    from logger.clock.trust import CHRONY

    return state.evidence == CHRONY and bool(state.held_in_all)


def remedy(state: ClockState) -> str:
    """What a person can do so that the clock is confirmed."""
    return CHRONY_REMEDY if is_untold(state) else REMEDY


def lines(state: ClockState) -> list[str]:
    """The state as `solar clock` shows it."""
    rows = [
        ("Wall clock", f"{iso(state.now_ms)}, {trust_in_words(state)}"),
        ("Time source", state.evidence or "none now: no time server, no hardware clock"),
        ("Held", held_in_words(state) or "nothing"),
    ]
    shown = [f"{label:12}{words}" for label, words in rows]
    return [*shown, f"{'To do':12}{remedy(state)}"] if needs_person(state) else shown
