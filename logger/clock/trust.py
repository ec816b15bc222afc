"""Looks for evidence that the wall clock is right, in every source that may know.

    kernel          its clock is synchronised: STA_UNSYNC is clear (kernel.py), and it is not being slewed. Lasting: it
                    is true at this very moment
    chrony          the same, where chrony does not tell the kernel (without `rtcsync`): `chronyc tracking` says so.
                    Lasting
    hardware clock  the kernel set the time from it (hctosys is 1), and it still shows the same time. It has drifted
                    since it was last set, nobody knows when. A Raspberry Pi 5 without a battery also has hctosys 1,
                    but starts in 1970
    person          `solar clock trust` and `solar clock set` (trust_note.py)
    SOLAR_CLOCK     `trust`: the person who set up this site vouches for its clock. Lasting

Clock values before 2026, or 15 years or more after that, are rejected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from logger.clock import chrony, kernel
from logger.clock.host_clock import Clock, Moment

RELEASE_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""The year of the first release: no reading is older."""
YEARS_ACCEPTED = 15
EARLIEST_MS = int(RELEASE_DATE.timestamp() * 1000)
LATEST_MS = int(RELEASE_DATE.replace(year=RELEASE_DATE.year + YEARS_ACCEPTED).timestamp() * 1000)

RTC = Path("/sys/class/rtc")
AGREEMENT_SECONDS = 2.0
RTC_DRIFT = 100e-6
"""How far a hardware clock may go wrong: 8.6 s a day. Its crystal is tuned for 25 degrees Celsius."""
WALL_DRIFT = 500e-6
"""How much the kernel may tune the wall clock."""
CHRONY_SECONDS = 1.0
"""If chrony still has to correct the clock by more than this, the clock is not right."""
KERNEL = "the kernel is synchronised with a time server"
CHRONY = "chrony is synchronised with a time server"
TRUST_SETTING = "SOLAR_CLOCK=trust says so"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why the wall clock is right, give or take `uncertainty_seconds`.

    `is_lasting`: it is about this very moment, so it can also confirm a clock that was set later. `is_hardware`: the
    drift of the hardware clock since it was last set must be added.
    """

    source: str
    uncertainty_seconds: float = 0.0
    is_lasting: bool = False
    is_hardware: bool = False


class TimeSource(Protocol):
    """A source that may know whether the wall clock is right."""

    def ask(self, moment: Moment) -> Evidence | None:
        """None when it does not confirm the wall clock."""


def confirm(clock: Clock, source: TimeSource) -> tuple[Moment, Evidence | None]:
    """A moment, and the evidence for its wall clock.

    The source is asked before and after the moment: a time program may set the clock and say so between the two.
    """
    before = source.ask(clock.now())
    moment = clock.now()
    after = source.ask(moment)
    return moment, after if before and after and before.source == after.source else None


class ThisComputer:
    """What the kernel, chrony and the hardware clock say: `SOLAR_CLOCK=auto`."""

    def __init__(
        self,
        *,
        ask_kernel: Callable[[], kernel.State | None] | None = None,
        ask_chrony: Callable[[], float | None] | None = None,
        rtc: Path = RTC,
    ) -> None:
        self._ask_kernel = ask_kernel or kernel.ask
        self._ask_chrony = ask_chrony or chrony.ask
        self._rtc = rtc

    def ask(self, moment: Moment) -> Evidence | None:
        """The best evidence, in the order above."""
        state = self._ask_kernel()
        if state and state.is_slewing:
            return None
        if state and state.is_synchronised:
            return Evidence(KERNEL, state.uncertainty_seconds, is_lasting=True)
        error_seconds = self._ask_chrony()
        if error_seconds is not None and error_seconds <= CHRONY_SECONDS:
            return Evidence(CHRONY, error_seconds, is_lasting=True)
        return self._hardware_clock(moment)

    def _hardware_clock(self, moment: Moment) -> Evidence | None:
        for clock in sorted(self._rtc.glob("rtc*")):
            was_used, shown = _read(clock / "hctosys"), _read(clock / "since_epoch")
            if was_used != "1" or shown is None or not shown.isdigit():
                continue
            # Since they agreed, both have run on, each with its own drift.
            allowed = AGREEMENT_SECONDS + (WALL_DRIFT + RTC_DRIFT) * moment.uptime_ms / 1000
            off = abs(moment.time_ms / 1000 - int(shown))
            if off <= allowed:
                return Evidence(f"it was set from the hardware clock {clock.name}", off, is_hardware=True)
        return None


class TrustSetting:
    """The setting `SOLAR_CLOCK=trust`."""

    def ask(self, moment: Moment) -> Evidence | None:
        return Evidence(TRUST_SETTING, is_lasting=True)


class NoTimeSource:
    """No source: for the command with which a person confirms the clock."""

    def ask(self, moment: Moment) -> Evidence | None:
        return None


def time_source(mode: str) -> TimeSource:
    """The source for the value of SOLAR_CLOCK."""
    return TrustSetting() if mode == "trust" else ThisComputer()


def absurd(time_ms: int) -> str | None:
    """Why the time cannot be right; None if it can."""
    if time_ms < EARLIEST_MS:
        return f"before {RELEASE_DATE.year}"
    if time_ms > LATEST_MS:
        return f"after {RELEASE_DATE.year + YEARS_ACCEPTED - 1}"
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except OSError:
        return None
