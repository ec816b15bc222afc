"""IdRanges: a set of ids, kept as ranges, so that ten million ids in a row cost as much as one.

Rules:
- A range is (first, last), both included. The ranges ascend, are disjoint and never touch: (1, 3), (4, 9) is (1, 9).
- A value never changes; operations return new ones.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class IdRanges:
    """A set of ids. Make one with `of`, which accepts ranges in any order, overlapping or not."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, ranges: Iterable[tuple[int, int]]) -> Self:
        """The union of these inclusive ranges; one whose first id is after its last is empty."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted(ranges):
            if first > last:
                continue
            if joined and first <= joined[-1][1] + 1:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return cls(tuple(joined))

    @classmethod
    def of_ids(cls, ids: Iterable[int]) -> Self:
        return cls.of((each, each) for each in ids)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __contains__(self, record_id: int) -> bool:
        place = bisect_right(self.ranges, (record_id, math.inf)) - 1
        return place >= 0 and record_id <= self.ranges[place][1]

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    @property
    def first(self) -> int:
        """The lowest id; 0 if there is none."""
        return self.ranges[0][0] if self.ranges else 0

    @property
    def last(self) -> int:
        """The highest id; 0 if there is none."""
        return self.ranges[-1][1] if self.ranges else 0

    def __or__(self, other: "IdRanges") -> "IdRanges":
        return IdRanges.of((*self.ranges, *other.ranges))

    def __and__(self, other: "IdRanges") -> "IdRanges":
        common: list[tuple[int, int]] = []
        reach = 0
        for first, last in sorted((*self.ranges, *other.ranges)):
            if first <= reach:
                common.append((first, min(last, reach)))
            reach = max(reach, last)
        return IdRanges(tuple(common))

    def __sub__(self, other: "IdRanges") -> "IdRanges":
        if not (self and other):
            return self
        firsts = [min(self.first, other.first), *(last + 1 for _, last in other)]
        lasts = [*(first - 1 for first, _ in other), max(self.last, other.last)]
        return self & IdRanges.of(zip(firsts, lasts, strict=True))

    def lowest(self, count: int) -> "IdRanges":
        """The `count` lowest ids, or all if there are fewer."""
        taken: list[tuple[int, int]] = []
        for first, last in self.ranges:
            if count <= 0:
                break
            taken.append((first, min(last, first + count - 1)))
            count -= last - first + 1
        return IdRanges(tuple(taken))


HIGHEST_ID = 2**62
NONE = IdRanges()
ALL = IdRanges(((1, HIGHEST_ID),))
