"""The amperes a step that pieces of counted Ah come to, and how certain that is. Pure.

The rules stand in calibration.py, which cuts the readings into pieces.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

ENOUGH_AMP_HOURS = 50.0
ENOUGH_SHARE = 0.03
"""A larger uncertainty is too much to adopt a step."""
CHARGE, LOAD = "charge", "load"
ROUNDING, ROUNDING_UNCERTAINTY = 0.25, 0.25
ROUNDING_VARIES = 0.15
"""A load that is constant for hours is truncated by the same part of a step, not by half a step on average."""
ROUND_STEP = Fraction(1, 20)


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
