"""When something happened, as far as it is known; its time may become known later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from journal.boots import Boot


@dataclass(frozen=True, slots=True)
class Moment:
    """`time_ms` is right if `is_sure`. If not, it is what the clock showed; boot and uptime give the right time
    later."""

    time_ms: int
    boot: int
    uptime_ms: int
    is_sure: bool

    def known_ms(self, boots: Sequence[Boot]) -> int | None:
        """The right time, from what is known now; None if it is not known yet."""
        if self.is_sure:
            return self.time_ms
        anchor = next((boot.anchor for boot in boots if boot.number == self.boot and boot.anchor), None)
        return anchor.time_at(self.uptime_ms) if anchor else None


def seconds_between(earlier: Moment, later: Moment) -> float | None:
    """From the time since boot, which setting the clock does not change; else from the times, if both are sure; else
    None."""
    if earlier.boot == later.boot:
        return (later.uptime_ms - earlier.uptime_ms) / 1000
    return (later.time_ms - earlier.time_ms) / 1000 if earlier.is_sure and later.is_sure else None


def local(time_ms: int) -> str:
    """The time on a clock at the site, with the zone: 2026-01-05 17:30 AEDT."""
    return datetime.fromtimestamp(time_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M %Z")
