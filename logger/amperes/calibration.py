"""Measures the amperes per step of RAM 213 and 217 with the regulator's own Ah counters. Pure.

    counter    41            42            43  Ah        from just after one count to just after a later one;
    raw        52  53  51  54  55  56  55  54            in between, its area: step x (steps x hours)

    Ah = step x (area of raw + rounding x hours of current)

Rules:
- Time is the regulator's own, because its clock ran whenever its counters did.
- A piece ends where readings are too far apart, at the regulator's midnight, where a counter falls, where the SOLV
  screen disconnects the panels, where the byte is at its limit (255), and where the model changes.
- Pieces begin and end at a count. They show how certain the step is (estimate.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from journal.saving import LEAST_GAP_SECONDS
from logger.amperes.estimate import CHARGE, LOAD, Estimate, Piece, estimate
from logger.amperes.voltage_check import VoltageCheck
from logger.regulator.models import Model, model_of
from logger.regulator.registers import (
    SCREEN,
    SOFTWARE_VERSION,
    SOLV_SCREEN,
    UPDATE,
    clock_seconds,
)

LONGEST_GAP_MS = 900_000
PIECE_AMP_HOURS = 10


@dataclass(frozen=True, slots=True)
class Channel:
    """A current and the counter that goes with it."""

    name: str
    current: int
    low: int
    high: int


CHANNELS = (Channel(CHARGE, 213, 188, 189), Channel(LOAD, 217, 198, 199))


@dataclass(frozen=True, slots=True)
class RawReading:
    """The bytes of one reading, by address, and when it was taken."""

    time_ms: int
    ram: Mapping[int, int]


class Survey:
    """Takes the readings once, in the order of their times."""

    def __init__(self) -> None:
        self.model: Model | None = None
        """The model of the newest reading; readings before a change of model do not count."""
        self._begin()

    def _begin(self) -> None:
        self.voltage = VoltageCheck()
        self._last: RawReading | None = None
        self._runs = [_Run(channel) for channel in CHANNELS]

    def add(self, reading: RawReading) -> None:
        """The next reading."""
        version = reading.ram.get(SOFTWARE_VERSION)
        if version is None:
            return
        if self.model is not None and model_of(version) != self.model:
            self._begin()
        self.model = model_of(version)
        self.voltage.add(reading.ram)
        seconds = _seconds_between(self._last, reading)
        for run in self._runs:
            run.add(reading.ram, seconds)
        self._last = reading

    def estimates(self) -> list[Estimate]:
        """One of each channel."""
        model = self.model.name if self.model else "unknown"
        return [estimate(run.channel.name, model, run.pieces) for run in self._runs]


def _seconds_between(before: RawReading | None, after: RawReading) -> float | None:
    """The time between two readings by the regulator's clock; None if that is too long, or unknown."""
    if before is None or not 0 < after.time_ms - before.time_ms <= LONGEST_GAP_MS:
        return None
    earlier, later = clock_seconds(before.ram), clock_seconds(after.ram)
    if earlier is None or later is None or not 0 < later - earlier <= LEAST_GAP_SECONDS:
        return None
    return float(later - earlier)


@dataclass(slots=True)
class _Run:
    """One channel's pieces, and what has flowed since the last count: raw x hours, and hours with current."""

    channel: Channel
    pieces: list[Piece] = field(default_factory=list)
    _raw: int | None = None
    _count: int = 0
    _is_counting: bool = False
    _step_hours: float = 0.0
    _hours: float = 0.0

    def add(self, ram: Mapping[int, int], seconds: float | None) -> None:
        """The next reading, `seconds` after the one before."""
        raw, count = self._read(ram)
        before, self._raw = self._raw, raw
        counted, self._count = count - self._count if count is not None else -1, count or 0
        if raw is None or before is None or seconds is None or counted < 0:
            self._is_counting = False  # the next piece begins at a count
            return
        hours = seconds / 3600
        self._step_hours += (before + raw) / 2 * hours
        self._hours += hours if before or raw else 0.0
        if not counted:
            return
        if self._is_counting:
            was = self.pieces.pop()
            self.pieces.append(
                Piece(was.amp_hours + counted, was.step_hours + self._step_hours, was.hours + self._hours)
            )
        if not self._is_counting or self.pieces[-1].amp_hours >= PIECE_AMP_HOURS:
            self.pieces.append(Piece())
        self._is_counting = True
        self._step_hours = self._hours = 0.0

    def _read(self, ram: Mapping[int, int]) -> tuple[int | None, int | None]:
        """The byte (None if it is not usable now) and the counter."""
        channel = self.channel
        if not {channel.current, channel.low, channel.high} <= ram.keys():
            return None, None
        raw: int | None = ram[channel.current]
        is_cut_off = ram.get(SCREEN) == SOLV_SCREEN or bool(ram.get(UPDATE, 0) >> 4 & 1)
        if raw == 255 or (channel.name == CHARGE and is_cut_off):
            raw = None
        return raw, 256 * ram[channel.high] + ram[channel.low]
