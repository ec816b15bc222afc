"""This boot, its uptime and the wall clock. Whether the wall clock is right: trust.py."""

import time
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

ONE_MOMENT_MS = 50
TRIES = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened: wall clock in milliseconds since 1970, the boot, milliseconds since that boot."""

    time_ms: int
    boot: int
    uptime_ms: int


def boot_id() -> str:
    """The kernel's name for this boot; new after every start of the computer."""
    return BOOT_ID.read_text().strip()


class Clock:
    """Gives the present moment, and a time that only moves forward. `boot` is the journal's number for this boot."""

    def __init__(self, boot: int) -> None:
        self.boot = boot

    def now(self) -> Moment:
        """Wall clock and uptime of one moment: a suspension between the two would look as if the clock had been set."""
        for _ in range(TRIES):
            uptime_ms = _uptime_ms()
            time_ms = time.time_ns() // 1_000_000
            if _uptime_ms() - uptime_ms <= ONE_MOMENT_MS:
                break
        return Moment(time_ms, self.boot, uptime_ms)

    def monotonic(self) -> float:
        """Seconds, for intervals only."""
        return time.monotonic()


def _uptime_ms() -> int:
    """The time since the kernel's start, suspensions included, by the bare oscillator.

    A time program that slews the wall clock makes CLOCK_MONOTONIC and CLOCK_BOOTTIME faster or slower with it, by up to
    8 % (chrony), but never CLOCK_MONOTONIC_RAW (clock_gettime(2)). The other two differ by the suspensions.
    """
    suspended_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) + suspended_ns) // 1_000_000
