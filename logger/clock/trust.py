"""Evidence that the wall clock is right, from the sources that may know.

    kernel          its clock is synchronised: STA_UNSYNC is clear (adjtimex, which any user may call). timesyncd,
                    chrony and ntpd clear it; the kernel sets it 9 hours after their last contact, and when somebody
                    sets the clock by hand. Lasting: it is true at this very moment
    hardware clock  the kernel set the time from it (hctosys is 1), and it still shows the same time. A Raspberry Pi 5
                    without a battery also has hctosys 1, but starts in 1970
    timesyncd       its marker file: the clock was right when the file was last touched, in this boot. The drift since
                    then is an uncertainty
    person          `solar clock trust` (trust_note.py)
    SOLAR_CLOCK     `trust`: the person who set up this site vouches for its clock. Lasting

Clock values before 2026, or 15 years or more after that, are rejected.
"""

import ctypes
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from journal.boots import DRIFT
from logger.clock.host_clock import Moment
from logger.events.durations import spoken

RELEASE_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""The year of the first release: no reading is older."""
YEARS_ACCEPTED = 15
EARLIEST_MS = int(RELEASE_DATE.timestamp() * 1000)
LATEST_MS = int(RELEASE_DATE.replace(year=RELEASE_DATE.year + YEARS_ACCEPTED).timestamp() * 1000)

STA_UNSYNC = 0x40  # linux/timex.h
# Where the C library's adjtimex() asks by clock_adjtime, which a container may forbid, the system call itself is tried.
SYSTEM_CALLS = {"x86_64": 159, "aarch64": 171, "armv7l": 124, "armv6l": 124, "i686": 124, "riscv64": 171}

RTC = Path("/sys/class/rtc")
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
AGREEMENT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the wall clock is right, give or take `uncertainty_seconds`.

    `is_lasting`: it is true whenever it is asked for; otherwise it is true for one moment in the past.
    """

    source: str
    uncertainty_seconds: float = 0.0
    is_lasting: bool = False


class TimeSource(Protocol):
    """A source that may know whether the wall clock is right."""

    def ask(self, moment: Moment) -> Evidence | None:
        """None when it does not confirm the wall clock."""


class ThisComputer:
    """What the kernel, the hardware clock and timesyncd say: `SOLAR_CLOCK=auto`."""

    def __init__(
        self,
        *,
        kernel: Callable[[], bool | None] | None = None,
        rtc: Path = RTC,
        synchronised: Path = SYNCHRONISED,
    ) -> None:
        """`kernel` returns whether it is synchronised, None when that is unknown."""
        self._kernel = kernel or kernel_is_synchronised
        self._rtc = rtc
        self._synchronised = synchronised

    def ask(self, moment: Moment) -> Evidence | None:
        """The best evidence, in the order above."""
        if self._kernel():
            return Evidence("the kernel is synchronised with a time server", is_lasting=True)
        return self._hardware_clock(moment) or self._marker(moment)

    def _hardware_clock(self, moment: Moment) -> Evidence | None:
        for clock in sorted(self._rtc.glob("rtc*")):
            was_used, shown = _read(clock / "hctosys"), _read(clock / "since_epoch")
            if was_used != "1" or shown is None or not shown.isdigit():
                continue
            # Both run on from where they agreed, each with a drift of its own.
            allowed = AGREEMENT_SECONDS + 2 * DRIFT * moment.uptime_ms / 1000
            if abs(moment.time_ms / 1000 - int(shown)) <= allowed:
                return Evidence(f"it was set from the hardware clock {clock.name}")
        return None

    def _marker(self, moment: Moment) -> Evidence | None:
        try:
            touched_ms = self._synchronised.stat().st_mtime_ns // 1_000_000
        except OSError:
            return None
        age_ms = moment.time_ms - touched_ms
        if not 0 <= age_ms <= moment.uptime_ms:
            return None  # the wall clock has been set since
        return Evidence(f"timesyncd synchronised it {spoken(age_ms // 1000)} before", age_ms / 1000 * DRIFT)


class TrustSetting:
    """The setting `SOLAR_CLOCK=trust`."""

    def ask(self, moment: Moment) -> Evidence | None:
        return Evidence("SOLAR_CLOCK=trust says so", is_lasting=True)


class NoTimeSource:
    """No source: for the command with which a person confirms the clock."""

    def ask(self, moment: Moment) -> Evidence | None:
        return None


def time_source(mode: str) -> TimeSource:
    """The source for the value of SOLAR_CLOCK."""
    return TrustSetting() if mode == "trust" else ThisComputer()


def absurd(time_ms: int) -> str | None:
    """Why the time cannot be right, None when it can."""
    if time_ms < EARLIEST_MS:
        return f"before {RELEASE_DATE.year}"
    if time_ms > LATEST_MS:
        return f"after {RELEASE_DATE.year + YEARS_ACCEPTED - 1}"
    return None


def kernel_is_synchronised() -> bool | None:
    """Whether the kernel counts its clock as synchronised; None when that is unknown.

    adjtimex(2) with modes 0 only reads. timex: unsigned modes; long offset, freq, maxerror, esterror; int status.
    """
    timex = (ctypes.c_char * 512)()
    status_at = 5 * ctypes.sizeof(ctypes.c_long)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        answer = libc.adjtimex(timex)
        if answer < 0 and platform.machine() in SYSTEM_CALLS:
            answer = libc.syscall(SYSTEM_CALLS[platform.machine()], timex)
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None
    status = int.from_bytes(timex.raw[status_at : status_at + 4], sys.byteorder)
    return not status & STA_UNSYNC


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
