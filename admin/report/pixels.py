"""Many values as few columns, each with the minimum, maximum and mean of its values. Pure.

values   · ·· ·  · ·· ·    ·      · ··  ·
columns  |      |      |      |      |      |
runs     [column, column]      [column, column]      what is missing for longer than `gap_ms` and than a column
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

DAY_MS = 86_400_000
LONG_MS = 60 * DAY_MS


def column_count(since_ms: int, until_ms: int, most: int) -> int:
    """How many columns to make, at most `most`; over months, whole days: half a day is only night or noon."""
    if until_ms - since_ms <= LONG_MS:
        return most
    days = (until_ms - since_ms) / DAY_MS
    return max(1, round(days / math.ceil(days / most)))


@dataclass(slots=True)
class Column:
    """What fell into one column; `place` counts from 0."""

    place: int
    first_ms: int
    last_ms: int
    lowest: float
    highest: float
    total: float = 0.0
    number: int = 0

    @property
    def mean(self) -> float:
        # Rounding can put it just below the minimum or above the maximum.
        return min(max(self.total / self.number, self.lowest), self.highest)


class Columns:
    """`count` columns from `since_ms` to `until_ms`, the latter excluded. The values may come in any order."""

    def __init__(self, since_ms: int, until_ms: int, count: int) -> None:
        self.count = count
        self.width_ms = max((until_ms - since_ms) / count, 1)
        self._since_ms = since_ms
        self._columns: dict[int, Column] = {}

    def add(self, sums: Sequence[Any]) -> None:
        """Some values: their number, the times of the first and the last, the lowest, the highest and their sum. All of
        them go to the column in which their middle lies."""
        number, first_ms, last_ms, lowest, highest, total = sums
        if not number:
            return
        place = int(((first_ms + last_ms) // 2 - self._since_ms) / self.width_ms)
        column = self._columns.setdefault(place, Column(place, first_ms, last_ms, lowest, highest))
        column.first_ms, column.last_ms = min(column.first_ms, first_ms), max(column.last_ms, last_ms)
        column.lowest, column.highest = min(column.lowest, lowest), max(column.highest, highest)
        column.total += total
        column.number += number

    def __iter__(self) -> Iterator[Column]:
        """In order."""
        return iter([column for _, column in sorted(self._columns.items())])

    def __bool__(self) -> bool:
        return bool(self._columns)

    @property
    def lowest(self) -> float:
        """Of all values; raises ValueError when there are none."""
        return min(column.lowest for column in self._columns.values())

    @property
    def highest(self) -> float:
        return max(column.highest for column in self._columns.values())

    def runs(self, gap_ms: float) -> list[list[Column]]:
        """The columns in order, split where there was nothing for longer than `gap_ms`."""
        runs: list[list[Column]] = []
        for column in self:
            if runs and column.first_ms - runs[-1][-1].last_ms <= max(gap_ms, self.width_ms):
                runs[-1].append(column)
            else:
                runs.append([column])
        return runs
