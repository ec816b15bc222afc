"""Amperes a step of RAM 213 and 217, measured by the regulator's own Ah counters. Pure.

    counter    41            42            43  Ah        from just after one count to just after a later one;
    raw        52  53  51  54  55  56  55  54            in between, its area: step x (steps x hours)

    Ah = step x (area of raw + rounding x hours of current)

Rules:
- Time is the regulator's own: its clock ran when its counters did.
- A piece ends where readings are too far apart, at the regulator's midnight, where a counter falls, where the SOLV
  screen cuts the panels off, where the byte is at its end (255), and where the model changes.
- At the ends of a piece the Ah are known to a part of one count: the counter may be past its last count by up to what
  has flowed since the reading before.
- It is not documented whether the byte is rounded or truncated: on average 0 to half a step is missing. Readings with
  both strong and weak charge show which; until then it is part of the uncertainty.
- What the pieces differ by beyond that (clouds between two readings) is part of the uncertainty too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import sqrt

from logger.regulator.models import Model, model_of
from logger.regulator.registers import (
    HOURS,
    MINUTES,
    SCREEN,
    SECONDS,
    SOFTWARE_VERSION,
    SOLV_SCREEN,
    UPDATE,
    clock_seconds,
)

ENOUGH_AMP_HOURS = 50.0
ENOUGH_SHARE = 0.03
"""A larger uncertainty is too much to adopt a step."""
ENOUGH_READINGS = 100
"""To compare the two voltages by."""
LONGEST_GAP_SECONDS = 660.0
LONGEST_GAP_MS = 900_000
PIECE_AMP_HOURS = 10
ROUNDING, ROUNDING_UNCERTAINTY = 0.25, 0.25
ROUNDING_VARIES = 0.15
"""A load that is constant for hours is truncated by the same part of a step, not by half a step on average."""
ROUND_STEP = Fraction(1, 20)
CHARGE, LOAD = "charge", "load"


@dataclass(frozen=True, slots=True)
class Channel:
    """A current and the counter that goes with it."""

    name: str
    current: int
    low: int
    high: int


CHANNELS = (Channel(CHARGE, 213, 188, 189), Channel(LOAD, 217, 198, 199))
ADDRESSES = frozenset(
    {SOFTWARE_VERSION, HOURS, MINUTES, SECONDS, SCREEN, UPDATE, 50, 220, 221}
    | {address for channel in CHANNELS for address in (channel.current, channel.low, channel.high)}
)


@dataclass(frozen=True, slots=True)
class RawReading:
    """The bytes of one reading, by address, and when it was taken."""

    time_ms: int
    ram: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch between two counts. `first` and `last`: the step-hours of the intervals in which these counts were."""

    amp_hours: int
    step_hours: float
    hours: float
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The measured step. `amp_hours` and `pieces` tell how much it is based on."""

    channel: str
    model: str
    amp_hours: float
    pieces: int
    step_amps: float | None = None
    uncertainty_amps: float | None = None
    hours: float = 0.0
    """How long that current flowed."""

    @property
    def hours_left(self) -> float | None:
        """How much longer such a current must flow until there is enough; None when unknown."""
        left = ENOUGH_AMP_HOURS - self.amp_hours
        return max(left, 0.0) * self.hours / self.amp_hours if self.amp_hours else None

    @property
    def is_enough(self) -> bool:
        """Whether it is good enough to adopt."""
        return (
            self.amp_hours >= ENOUGH_AMP_HOURS
            and self.step_amps is not None
            and self.uncertainty_amps is not None
            and self.uncertainty_amps <= ENOUGH_SHARE * self.step_amps
        )

    @property
    def proposal(self) -> Fraction | None:
        """The step to adopt: the round number that it agrees with, if there is one, else the measured one."""
        if self.step_amps is None or self.uncertainty_amps is None:
            return None
        nearest = round(Fraction(self.step_amps) / ROUND_STEP) * ROUND_STEP
        is_clear = 4 * self.uncertainty_amps <= ROUND_STEP
        if nearest and is_clear and self.agrees_with(nearest):
            return nearest
        return Fraction(f"{self.step_amps:.4g}")

    def agrees_with(self, step: Fraction | float) -> bool:
        """Whether a step is within twice the uncertainty, which is where it is in 19 of 20 cases."""
        if self.step_amps is None or self.uncertainty_amps is None:
            return False
        return abs(self.step_amps - float(step)) <= 2 * self.uncertainty_amps


@dataclass(slots=True)
class VoltageCheck:
    """RAM 220/221 against RAM 50, in tenths of a volt, 12 V-equivalent: 75 + (256 msb + lsb) / 512 - raw 50."""

    readings: int = 0
    total: float = 0.0
    squares: float = 0.0
    far: int = 0

    def add(self, ram: Mapping[int, int]) -> None:
        if not {50, 220, 221} <= ram.keys() or not 75 <= ram[50] <= 203 or ram[221] in (0, 255):
            return
        difference = 75 + (256 * ram[221] + ram[220]) / 512 - ram[50]
        self.readings += 1
        self.total += difference
        self.squares += difference**2
        self.far += abs(difference) > 1

    @property
    def mean_tenths(self) -> float:
        return self.total / self.readings if self.readings else 0.0

    @property
    def spread_tenths(self) -> float:
        return sqrt(max(0.0, self.squares / self.readings - self.mean_tenths**2)) if self.readings else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether a few readings taken while it changed weigh little."""
        return self.readings >= ENOUGH_READINGS

    @property
    def is_tracking(self) -> bool:
        """Whether the two are the same voltage: within 0.1 V, except for a few readings taken while it changed."""
        return self.readings > 0 and abs(self.mean_tenths) <= 0.5 and self.far <= 0.02 * self.readings


class Survey:
    """Goes through the readings once, in the order of their times."""

    def __init__(self) -> None:
        self.voltage = VoltageCheck()
        self.model: Model | None = None
        """The model of the newest reading; readings before a change of model do not count."""
        self._pieces: dict[str, list[Piece]] = {}
        self._runs: dict[str, _Run] = {}
        self._last: RawReading | None = None
        self._begin()

    def add(self, reading: RawReading) -> None:
        """The next reading."""
        version = reading.ram.get(SOFTWARE_VERSION)
        if version is None:
            return
        if self.model is not None and model_of(version) != self.model:
            self.voltage = VoltageCheck()
            self._begin()
        self.model = model_of(version)
        self.voltage.add(reading.ram)
        seconds = _seconds_between(self._last, reading)
        for channel in CHANNELS:
            self._pieces[channel.name] += self._runs[channel.name].add(reading.ram, seconds)
        self._last = reading

    def estimates(self) -> list[Estimate]:
        """One of each channel."""
        found = []
        for channel in CHANNELS:
            rest = self._runs[channel.name].piece()
            pieces = self._pieces[channel.name] + ([rest] if rest else [])
            found.append(estimate(channel.name, self.model.name if self.model else "unknown", pieces))
        return found

    def _begin(self) -> None:
        self._last = None
        self._pieces = {channel.name: [] for channel in CHANNELS}
        self._runs = {channel.name: _Run(channel) for channel in CHANNELS}


def _seconds_between(before: RawReading | None, after: RawReading) -> float | None:
    """How long, by the regulator's clock; None where that is too long, or unknown."""
    if before is None or not 0 < after.time_ms - before.time_ms <= LONGEST_GAP_MS:
        return None
    earlier, later = clock_seconds(before.ram), clock_seconds(after.ram)
    if earlier is None or later is None or not 0 < later - earlier <= LONGEST_GAP_SECONDS:
        return None
    return float(later - earlier)


@dataclass(slots=True)
class _Run:
    """One channel's readings since a piece began."""

    channel: Channel
    _raw: int | None = None
    _count: int = 0
    _began: int | None = None
    _first: float = 0.0
    _step_hours: float = 0.0
    _hours: float = 0.0
    _at_count: tuple[int, float, float, float] | None = field(default=None)

    def add(self, ram: Mapping[int, int], seconds: float | None) -> Iterator[Piece]:
        """The next reading, `seconds` after the one before; the pieces that end with it."""
        raw, count = self._read(ram)
        before, self._raw = self._raw, raw
        counted, self._count = count - self._count if count is not None else -1, count or 0
        if raw is None or before is None or seconds is None or counted < 0:
            yield from self._break_off()
            return
        hours = seconds / 3600
        interval = (before + raw) / 2 * hours
        self._step_hours += interval
        self._hours += hours if before or raw else 0.0
        if not counted:
            return
        if self._began is None:
            self._begin(interval)
            return
        self._at_count = (self._count, self._step_hours, self._hours, interval)
        if self._count - self._began >= PIECE_AMP_HOURS:
            piece = self.piece()
            self._begin(interval)
            if piece:
                yield piece

    def piece(self) -> Piece | None:
        """From the first count to the last one so far."""
        if self._began is None or self._at_count is None:
            return None
        count, step_hours, hours, last = self._at_count
        return Piece(count - self._began, step_hours, hours, self._first, last)

    def _begin(self, interval: float) -> None:
        self._began, self._first = self._count, interval
        self._step_hours = self._hours = 0.0
        self._at_count = None

    def _break_off(self) -> Iterator[Piece]:
        piece = self.piece()
        self._began = self._at_count = None
        if piece:
            yield piece

    def _read(self, ram: Mapping[int, int]) -> tuple[int | None, int | None]:
        """The byte, None where it is not usable just now, and the counter."""
        channel = self.channel
        if not {channel.current, channel.low, channel.high} <= ram.keys():
            return None, None
        raw: int | None = ram[channel.current]
        is_cut_off = ram.get(SCREEN) == SOLV_SCREEN or bool(ram.get(UPDATE, 0) >> 4 & 1)
        if raw == 255 or (channel.name == CHARGE and is_cut_off):
            raw = None
        return raw, 256 * ram[channel.high] + ram[channel.low]


def estimate(channel: str, model: str, pieces: Iterable[Piece]) -> Estimate:
    """The step by weighted least squares over the pieces, together with how the byte is rounded."""
    pieces = [piece for piece in pieces if piece.amp_hours > 0 and piece.step_hours > 0]
    amp_hours = float(sum(piece.amp_hours for piece in pieces))
    if not pieces:
        return Estimate(channel, model, 0.0, 0)
    step = amp_hours / sum(piece.step_hours for piece in pieces)
    excess = 0.0
    fit = _fit(pieces, step, excess)
    for _ in range(8):
        fit = _fit(pieces, step, excess)
        step = fit.step
        freedom = len(pieces) - 1
        if freedom >= 2:
            # What the pieces scatter beyond the counters' part of a count grows with the time between two readings.
            excess = max(0.0, excess + 0.5 * (fit.chi_squared / freedom - 1) * fit.usual_variance)
    hours = sum(piece.hours for piece in pieces)
    mean_raw = sum(piece.step_hours for piece in pieces) / hours
    uncertainty = sqrt(fit.uncertainty**2 + (step * ROUNDING_VARIES / mean_raw) ** 2)
    return Estimate(channel, model, amp_hours, len(pieces), step, uncertainty, hours)


@dataclass(frozen=True, slots=True)
class _Fit:
    step: float
    uncertainty: float
    chi_squared: float
    usual_variance: float


def _fit(pieces: list[Piece], step: float, excess: float) -> _Fit:
    """One round: `step` is that of the round before, `excess` a variance that each piece has on top."""
    prior_variance = (ROUNDING_UNCERTAINTY * step) ** 2
    # Normal equations for step and offset (amperes missing on average), with what is believed of the offset beforehand.
    xx, xy, yy = 0.0, 0.0, 1 / prior_variance
    bx, by = 0.0, ROUNDING * step / prior_variance
    rows = []
    for piece in pieces:
        first, last = min(piece.first * step, 1.0), min(piece.last * step, 1.0)
        value = piece.amp_hours + (last - first) / 2
        variance = max((first**2 + last**2) / 12, 1e-4) + excess
        rows.append((piece, value, variance))
        xx += piece.step_hours**2 / variance
        xy += piece.step_hours * piece.hours / variance
        yy += piece.hours**2 / variance
        bx += piece.step_hours * value / variance
        by += piece.hours * value / variance
    determinant = xx * yy - xy * xy
    found = (bx * yy - by * xy) / determinant
    offset = (by * xx - bx * xy) / determinant
    chi_squared = sum(
        (value - found * piece.step_hours - offset * piece.hours) ** 2 / variance for piece, value, variance in rows
    )
    usual = sorted(variance for _, _, variance in rows)[len(rows) // 2]
    return _Fit(found, sqrt(yy / determinant), chi_squared, usual)
