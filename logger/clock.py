"""This boot, its uptime, and the wall clock as it stands."""

import time
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was: wall clock in milliseconds since 1970, the boot, milliseconds since that boot."""

    time_ms: int
    boot: int
    uptime_ms: int


def boot_id() -> str:
    """The kernel's name for this boot; new after every start of the computer."""
    return BOOT_ID.read_text().strip()


class Clock:
    """Tells the moment, and a time that only ever moves forward. `boot` is the journal's number for this boot."""

    def __init__(self, boot: int) -> None:
        self.boot = boot

    def now(self) -> Moment:
        """Uptime goes on while the computer is suspended (CLOCK_BOOTTIME)."""
        uptime_ms = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return Moment(time.time_ns() // 1_000_000, self.boot, uptime_ms)

    def monotonic(self) -> float:
        """Seconds, for intervals only."""
        return time.monotonic()
