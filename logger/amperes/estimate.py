"""Estimates the amperes per step from pieces of counted Ah, with the uncertainty. Pure.

    Ah counted = step x (raw x hours) + missing amperes x hours        in each piece (calibration.py)

- Nobody knows whether the byte is rounded or cut off: 0 to half a step is missing. Pieces of strong and of weak current
  show which; until then it is part of the uncertainty.
- The plain ratio of Ah and step x hours does not do: for currents of at most 8 A it was 4 % off on average and stated
  0.4 % (20 simulated journals of tests/logger/amperes/accuracy.py).
- The rest of the uncertainty is the spread: how much the pieces differ (clouds between two readings, parts of a count).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

ENOUGH_AMP_HOURS = 50.0
ENOUGH_SHARE = 0.01
"""With a larger uncertainty no step is adopted: twice of this is 2 %."""
CHARGE, LOAD = "charge", "load"
ROUNDING, ROUNDING_UNCERTAINTY = 0.25, 0.3
"""In steps. A load that is constant for hours may lack any part of a step, not half a step on average."""
COUNT_VARIANCE = 1 / 6
"""Of a difference between two counters of whole Ah, in Ah squared. All pieces together are never better than that."""
ROUND_STEP = Fraction(1, 20)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch between two counts: the Ah counted, the raw byte x hours, and the hours in which current flowed."""

    amp_hours: int = 0
    step_hours: float = 0.0
    hours: float = 0.0


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
    """The step, and its uncertainty of one standard deviation, by least squares over the pieces."""
    pieces = [piece for piece in pieces if piece.amp_hours > 0 and piece.step_hours > 0]
    if not pieces:
        return Estimate(channel, model, 0.0, 0)
    amp_hours = float(sum(piece.amp_hours for piece in pieces))
    hours = sum(piece.hours for piece in pieces)
    step = amp_hours / (sum(piece.step_hours for piece in pieces) + ROUNDING * hours)
    left_over = (piece.amp_hours - step * (piece.step_hours + ROUNDING * piece.hours) for piece in pieces)
    variance = max(sum(rest**2 for rest in left_over) / max(1, len(pieces) - 1), COUNT_VARIANCE / len(pieces))
    # The prior: ROUNDING steps are missing. It weighs as much as a piece with so many hours² that showed it.
    belief = variance / (ROUNDING_UNCERTAINTY * step) ** 2
    xx = sum(piece.step_hours**2 for piece in pieces)
    xh = sum(piece.step_hours * piece.hours for piece in pieces)
    hh = sum(piece.hours**2 for piece in pieces) + belief
    bx = sum(piece.step_hours * piece.amp_hours for piece in pieces)
    bh = sum(piece.hours * piece.amp_hours for piece in pieces) + belief * ROUNDING * step
    determinant = xx * hh - xh**2
    step = (bx * hh - bh * xh) / determinant
    return Estimate(channel, model, amp_hours, len(pieces), step, sqrt(variance * hh / determinant), hours)
