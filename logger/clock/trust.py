"""Evidence that the wall clock is right, from whoever may know it.

    kernel          it counts itself synchronised: STA_UNSYNC is clear (adjtimex, which everybody may ask). timesyncd,
                    chrony and ntpd clear it; the kernel sets it again 9 hours after the last of them spoke, and when
                    somebody sets the clock by hand. Lasting: true at this very moment
    hardware clock  the kernel set the time from it (hctosys is 1), and it still shows the same: a Raspberry Pi 5
                    without its battery has hctosys 1 as well, but then starts in 1970
    timesyncd       its marker file: synchronised when the file was last touched, in this boot, no more. The drift since
                    then is an uncertainty
    person          `solar clock trust` (trust_note.py)
    SOLAR_CLOCK     `trust`: the person who set this site up answers for its clock. Lasting

Nobody is believed who makes the time earlier than this program or 15 years later.
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
EARLIEST_MS = int(RELEASE_DATE.timestamp() * 1000)
LATEST_MS = int(RELEASE_DATE.replace(year=RELEASE_DATE.year + 15).timestamp() * 1000)

STA_UNSYNC = 0x40  # linux/timex.h
# Where the C library's adjtimex() asks by clock_adjtime, which a container may forbid, the system call itself is tried.
SYSTEM_CALLS = {"x86_64": 159, "aarch64": 171, "armv7l": 124, "armv6l": 124, "i686": 124, "riscv64": 171}

RTC = Path("/sys/class/rtc")
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
AGREEMENT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Somebody says that the wall clock is right, give or take `uncertainty_seconds`.

    `is_lasting`: it holds for the moment at which it was asked for, every time anew; otherwise only for a moment past.
    """

    source: str
    uncertainty_seconds: float = 0.0
    is_lasting: bool = False


class TimeSource(Protocol):
    """Who may know whether the wall clock is right."""

    def ask(self, moment: Moment) -> Evidence | None:
        """None when nothing says that it is."""


class ThisComputer:
    """What the kernel, the hardware clock and timesyncd say: `SOLAR_CLOCK=auto`."""

    def __init__(
        self,
        *,
        kernel: Callable[[], bool | None] | None = None,
        rtc: Path = RTC,
        synchronised: Path = SYNCHRONISED,
    ) -> None:
        """`kernel` says whether it is synchronised, None when it will not say."""
        self._kernel = kernel or kernel_is_synchronised
        self._rtc = rtc
        self._synchronised = synchronised

    def ask(self, moment: Moment) -> Evidence | None:
        """The best there is, in the order above."""
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
                return Evidence(f"the hardware clock {clock.name} set it")
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
    """The word of the person who set the site up: `SOLAR_CLOCK=trust`."""

    def ask(self, moment: Moment) -> Evidence | None:
        return Evidence("SOLAR_CLOCK=trust says so", is_lasting=True)


class NoTimeSource:
    """Nobody is asked: for the command by which a person says it."""

    def ask(self, moment: Moment) -> Evidence | None:
        return None


def time_source(mode: str) -> TimeSource:
    """Whom to ask when SOLAR_CLOCK is `mode`."""
    return TrustSetting() if mode == "trust" else ThisComputer()


def absurd(time_ms: int) -> str | None:
    """Why the time cannot be right, None when it can."""
    if time_ms < EARLIEST_MS:
        return "earlier than this program"
    if time_ms > LATEST_MS:
        return "more than 15 years after this program"
    return None


def kernel_is_synchronised() -> bool | None:
    """Whether the kernel counts its clock as synchronised; None when it will not say.

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
