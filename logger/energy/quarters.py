r"""Readings added up in quarters of an hour: lowest, highest and mean of each quantity, and energy in and out. Pure.

readings  · · · · · | · · ·       · | · · · ·
pairs      ‾ ‾ ‾ ‾ ‾ ‾ ‾ ‾         ‾ ‾ ‾ ‾ ‾     each pair of neighbours adds a trapezoid, cut at the quarter's end;
quarters  |---------|---------------|---------     a pair too far apart adds nothing: a gap is a gap

Every reading and every pair is added once, in any order, so that the sums can be kept and continued.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from journal.saving import LEAST_GAP_SECONDS

HOUR_MS = 3_600_000
QUARTER_MS = 900_000
LEAST_GAP_MS = round(1000 * LEAST_GAP_SECONDS)
QUANTITIES = ("battery_volts", "state_of_charge_percent", "charge_amps", "load_amps")
FLOWS = {
    "charge_amp_hours": "charge_amps",
    "load_amp_hours": "load_amps",
    "charge_watt_hours": "charge_watts",
    "load_watt_hours": "load_watts",
}
"""What flows in and out, and the quantity that is integrated for it."""
COLUMNS = ("time_ms", *QUANTITIES, "charge_watts", "load_watts", "regulator_state")
"""What is needed from each reading, in this order (Journal.values)."""
_FLOW_PLACES = tuple(COLUMNS.index(quantity) for quantity in FLOWS.values())
_STATE = COLUMNS.index("regulator_state")

Row = Sequence[Any]


@dataclass(slots=True)
class Extent:
    """The values of one quantity; `lowest` and `highest` are None while there are none."""

    lowest: float | None = None
    highest: float | None = None
    total: float = 0.0
    number: int = 0

    def add(self, value: float) -> None:
        if self.lowest is None or value < self.lowest:
            self.lowest = value
        if self.highest is None or value > self.highest:
            self.highest = value
        self.total += value
        self.number += 1

    @property
    def mean(self) -> float | None:
        return self.total / self.number if self.number else None


@dataclass(slots=True)
class Flow:
    """An amount in Ah or Wh, and for how many milliseconds it is known."""

    amount: float = 0.0
    covered_ms: float = 0.0


@dataclass(slots=True)
class Stretch:
    """The sums of one stretch of time, a quarter or a day. Times are milliseconds since 1970.

    `first_ms`, `last_ms`: its first and last reading; `float_ms`, `equalise_ms`: the last reading in that state.
    """

    began_ms: int
    first_ms: int | None = None
    last_ms: int | None = None
    float_ms: int | None = None
    equalise_ms: int | None = None
    extents: list[Extent] = field(default_factory=lambda: [Extent() for _ in QUANTITIES])
    flows: list[Flow] = field(default_factory=lambda: [Flow() for _ in FLOWS])

    def extent(self, quantity: str) -> Extent:
        return self.extents[QUANTITIES.index(quantity)]

    def flow(self, name: str) -> Flow:
        return self.flows[tuple(FLOWS).index(name)]


class Quarters:
    """The sums of some readings, by the moment at which their quarter begins."""

    def __init__(self, gap_ms: float) -> None:
        """`gap_ms`: how far apart two neighbours may be."""
        self.stretches: dict[int, Stretch] = {}
        self._gap_ms = gap_ms
        self._before: Row | None = None

    def add(self, row: Row) -> None:
        """Count a reading, and the pair that it makes with the one before."""
        self.bridge(row)
        time_ms = row[0]
        quarter = self._quarter(time_ms - time_ms % QUARTER_MS)
        quarter.first_ms = time_ms if quarter.first_ms is None else min(quarter.first_ms, time_ms)
        quarter.last_ms = time_ms if quarter.last_ms is None else max(quarter.last_ms, time_ms)
        for extent, value in zip(quarter.extents, row[1:], strict=False):
            if value is not None:
                extent.add(value)
        state = row[_STATE]
        if state == "float":
            quarter.float_ms = max(quarter.float_ms or time_ms, time_ms)
        elif state == "equalise":
            quarter.equalise_ms = max(quarter.equalise_ms or time_ms, time_ms)

    def bridge(self, row: Row) -> None:
        """Add the pair with the reading before, but not the reading itself: it is counted elsewhere."""
        before, self._before = self._before, row
        if before is None or not 0 < row[0] - before[0] <= self._gap_ms:
            return
        for since_ms, until_ms in _cut(before[0], row[0]):
            middle = ((since_ms + until_ms) / 2 - before[0]) / (row[0] - before[0])
            flows = self._quarter(since_ms - since_ms % QUARTER_MS).flows
            for flow, place in zip(flows, _FLOW_PLACES, strict=True):
                older, newer = before[place], row[place]
                if older is not None and newer is not None:
                    flow.amount += (older + (newer - older) * middle) * (until_ms - since_ms) / HOUR_MS
                    flow.covered_ms += until_ms - since_ms

    def _quarter(self, began_ms: int) -> Stretch:
        found = self.stretches.get(began_ms)
        if found is None:
            found = self.stretches[began_ms] = Stretch(began_ms)
        return found


def _cut(since_ms: int, until_ms: int) -> Iterator[tuple[int, int]]:
    """A period, cut into the parts that belong to different quarters."""
    while (end_ms := since_ms - since_ms % QUARTER_MS + QUARTER_MS) < until_ms:
        yield since_ms, end_ms
        since_ms = end_ms
    yield since_ms, until_ms


def longest_gap_ms(interval_seconds: float) -> int:
    """How far apart two neighbouring readings may be: eleven minutes, or three intervals."""
    return max(LEAST_GAP_MS, round(3000 * interval_seconds))


def gap_of(times_ms: Iterable[int]) -> float:
    """How far apart neighbours may be among readings at these times, whose usual interval is not known."""
    distances = sorted(newer - older for older, newer in pairwise(times_ms) if newer > older)
    return longest_gap_ms(distances[len(distances) // 2] / 1000 if distances else 0.0)
