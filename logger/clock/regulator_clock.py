"""Compares the regulator's clock with the time: when its day began, whether it ran on. Pure.

    17:30:00   it shows 23:24:00   ->  its day began at 18:06:00 the day before: its phase
    17:40:00   it shows 23:34:00   ->  the same phase: it runs on
    17:50:00   it shows 00:00:10   ->  another phase: it was set, or lost its power and restarted at 0.0 h

Phases are equal when they differ by whole days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from journal.reading import Reading

DAY_MS = 86_400_000

TOLERANCE_MS = 120_000
"""It counts in steps of 2 s, and on a bad line half a minute may pass while it is read."""
REGULATOR_DRIFT = 150e-6
"""How far its clock may drift from the true time: 13 s a day."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The regulator's time of day, in seconds since its midnight, at a moment: a time, or an uptime of a boot."""

    time_ms: int
    clock_seconds: float

    @property
    def day_began_ms(self) -> int:
        """Its last midnight, or when its clock would have shown 0.0 if it had always run."""
        return self.time_ms - round(self.clock_seconds * 1000)


@dataclass(frozen=True, slots=True)
class Phase:
    """Time minus the regulator's time of day, modulo a day, as it was at a certain time."""

    time_ms: int
    phase_ms: int


def sample_of(reading: Reading) -> Sample | None:
    """What a reading shows of the regulator's clock."""
    if reading.regulator_clock_seconds is None:
        return None
    return Sample(reading.time_ms, reading.regulator_clock_seconds)


def shift_ms(later: Sample, earlier: Sample) -> float:
    """By how much the clock was put back between the two (forward: negative), from minus to plus half a day."""
    return circular(later.day_began_ms - earlier.day_began_ms)


def ran_on(later: Sample, earlier: Sample) -> bool:
    """Whether the clock has just gone on between the two."""
    return is_drift(shift_ms(later, earlier), later.time_ms - earlier.time_ms)


def is_drift(shift_ms: float, elapsed_ms: int) -> bool:
    """Whether drift, and the way the clock is read, explain a shift of so much in that time."""
    return abs(shift_ms) <= TOLERANCE_MS + REGULATOR_DRIFT * abs(elapsed_ms)


def circular(difference_ms: float) -> float:
    """A difference of times of day, from minus to plus half a day."""
    return (difference_ms + DAY_MS // 2) % DAY_MS - DAY_MS // 2


def phase_of(sample: Sample) -> Phase:
    """The phase that a sample shows."""
    return Phase(sample.time_ms, sample.day_began_ms % DAY_MS)


def central_phase(phases: Sequence[Phase]) -> Phase | None:
    """The median of several phases taken close together, as of the first; None if there is none."""
    if not phases:
        return None
    first = phases[0].phase_ms
    offset = median(circular(phase.phase_ms - first) for phase in phases)
    return Phase(phases[0].time_ms, round(first + offset) % DAY_MS)
