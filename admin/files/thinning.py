"""One row for each period of some minutes, in place of every record in it. Pure.

A period without records has no row, so a gap stays a gap. Periods begin at full multiples: of five minutes at 17:30,
17:35 …. A row's time is the beginning of its period. Of texts, which have no average, it is always the last.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from admin.files.formats import Row, Value

DECIMALS = 3
"""Of an average. The regulator's finest step is 0.01."""


def thinned(
    rows: Iterable[Row], nth_is_time: int, every_ms: int, statistic: str, offset_ms: Callable[[int], int]
) -> Iterator[Row]:
    """`rows` in the order in which they were taken, with one row for each period.

    `statistic`: a name in STATISTICS. `offset_ms`: how far the zone in which the periods begin is ahead of UTC at a
    moment.
    """
    number_of = STATISTICS[statistic]

    def beginning(row: Row) -> int:
        offset = offset_ms(row[nth_is_time])
        return int((row[nth_is_time] + offset) // every_ms * every_ms - offset)

    for begin_ms, group in groupby(rows, beginning):
        columns = ([value for value in column if value is not None] for column in zip(*group, strict=True))
        row = [_value_of(values, number_of) for values in columns]
        row[nth_is_time] = begin_ms
        yield row


def _value_of(values: Sequence[Any], number_of: Callable[[Sequence[Any]], Value]) -> Value:
    if not values:
        return None
    return values[-1] if isinstance(values[-1], str) else number_of(values)


STATISTICS: dict[str, Callable[[Sequence[Any]], Value]] = {
    "mean": lambda values: round(sum(values) / len(values), DECIMALS),
    "min": min,
    "max": max,
    "last": lambda values: values[-1],
}
