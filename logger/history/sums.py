r"""What the readings of one day add up to: Ah and Wh in and out, and how much of the day they cover. Pure.

amps or watts
 |    .‾‾.
 |  ./    \.        .‾        trapezoids from reading to reading, cut off at the day's two ends;
 |./        \._   ./          a gap longer than `longest_gap_ms` is not bridged, and not covered
 +--------------+-+----
                 gap
"""

from collections.abc import Iterable
from dataclasses import dataclass

from logger.energy.quarters import HOUR_MS, LEAST_GAP_MS

SUMMED = ("time_ms", "charge_amps", "load_amps", "charge_watts", "load_watts")

Flows = tuple[int, float | None, float | None, float | None, float | None]
"""The values of SUMMED."""


@dataclass(frozen=True, slots=True)
class DaySums:
    """None if there are no usable readings."""

    charge_amp_hours: float | None = None
    load_amp_hours: float | None = None
    coverage_percent: float = 0.0
    charge_watt_hours: float | None = None
    load_watt_hours: float | None = None


def sum_up(readings: Iterable[Flows], began_ms: int, ended_ms: int, longest_gap_ms: int = LEAST_GAP_MS) -> DaySums:
    """The sums of a day. `readings` ascend in time and reach beyond both ends of the day, if there are any."""
    sums = [_Sum(began_ms, ended_ms, longest_gap_ms) for _ in SUMMED[1:]]
    for time_ms, *values in readings:
        for each, value in zip(sums, values, strict=False):
            each.add(time_ms, value)
    charge, load, charge_watts, load_watts = sums
    covered_ms = max(charge.covered_ms, load.covered_ms)
    return DaySums(
        charge.hours,
        load.hours,
        round(min(100.0, 100 * covered_ms / max(1, ended_ms - began_ms)), 1),
        charge_watts.hours,
        load_watts.hours,
    )


class _Sum:
    """The trapezoids of one current, or of one power, within a stretch of time."""

    def __init__(self, began_ms: int, ended_ms: int, longest_gap_ms: int) -> None:
        self.covered_ms = 0
        self._began_ms = began_ms
        self._ended_ms = ended_ms
        self._longest_gap_ms = longest_gap_ms
        self._value_ms = 0.0
        self._last: tuple[int, float] | None = None

    @property
    def hours(self) -> float | None:
        """In Ah or Wh."""
        return round(self._value_ms / HOUR_MS, 2) if self.covered_ms else None

    def add(self, time_ms: int, value: float | None) -> None:
        if value is None:
            return
        last, self._last = self._last, (time_ms, value)
        if last is None or not 0 < time_ms - last[0] <= self._longest_gap_ms:
            return
        since_ms, until_ms = max(last[0], self._began_ms), min(time_ms, self._ended_ms)
        if since_ms >= until_ms:
            return
        slope = (value - last[1]) / (time_ms - last[0])
        middle = last[1] + slope * ((since_ms + until_ms) / 2 - last[0])
        self._value_ms += middle * (until_ms - since_ms)
        self.covered_ms += until_ms - since_ms
