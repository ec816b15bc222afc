"""The charts of a period: its readings or their sums as columns, and what report and page draw of them."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Self

from admin.health.survey import usual_seconds
from admin.report.days import bars_of_days
from admin.report.drawing import WIDTH, Curve, Span, curves
from admin.report.pixels import DAY_MS, Columns, column_count
from admin.terminal.period import Ranges
from journal.journal import Journal
from journal.reading import Day
from journal.saving import LEAST_GAP_SECONDS
from logger.energy.nights import Night
from logger.energy.quarters import QUANTITIES, Stretch

LONGEST_SHADED_MS = 31 * DAY_MS
"""Over a longer time nights are not shaded: they are too thin, and in a year a point of the line is a whole day."""
SUMS = 6
"""How many numbers Journal.slices gives of each column."""


@dataclass(slots=True)
class ChartData:
    """The readings of a period as columns, their number, and the gaps."""

    columns: dict[str, Columns]
    readings: int = 0
    gaps: int = 0
    missing_ms: int = 0

    @classmethod
    def empty(cls, span: Span) -> Self:
        places = column_count(span.since_ms, span.until_ms, WIDTH)
        return cls({name: Columns(span.since_ms, span.until_ms, places) for name in QUANTITIES})

    def add(self, sums: Sequence[Any]) -> None:
        """The sums of a slice, one quantity after the other (Journal.slices)."""
        for nth, columns in enumerate(self.columns.values()):
            columns.add(sums[SUMS * nth : SUMS * (nth + 1)])


def collect(journal: Journal, ranges: Ranges, span: Span, show: Callable[[int], None] = lambda done: None) -> ChartData:
    """Read them once, in the order of ids: as slices that each lie in one column and are no longer than a gap."""
    drawn = ChartData.empty(span)
    column_ms = next(iter(drawn.columns.values())).width_ms
    slice_ms = column_ms / math.ceil(column_ms / span.gap_ms)
    before_ms = None
    for first, last in ranges:
        for slices in journal.slices(QUANTITIES, first, last, span.since_ms, slice_ms):
            for readings, first_ms, last_ms, *sums in slices:
                drawn.readings += readings
                drawn.add(sums)
                if before_ms is not None and first_ms - before_ms > span.gap_ms:
                    drawn.gaps += 1
                    drawn.missing_ms += first_ms - before_ms
                before_ms = last_ms
            show(drawn.readings)
    return drawn


def collect_sums(stretches: Iterable[Stretch], span: Span) -> ChartData:
    """The same from sums of quarters or days."""
    drawn = ChartData.empty(span)
    for stretch in stretches:
        ends = stretch.first_ms, stretch.last_ms
        sums = [(each.number, *ends, each.lowest, each.highest, each.total) for each in stretch.extents]
        drawn.add(list(chain.from_iterable(sums)))
    return drawn


def span_of(journal: Journal, ranges: Ranges, since_ms: int, until_ms: int) -> Span:
    """From `since_ms` to `until_ms`, but not beyond the first and the last reading."""
    first_ms, last_ms = _ends(journal, ranges)
    gap_ms = 1000 * max(LEAST_GAP_SECONDS, 5 * _interval_seconds(journal, ranges))
    since_ms = max(since_ms, first_ms)
    return Span(since_ms, max(since_ms + 1, min(until_ms, last_ms + 1)), gap_ms)


def charts_of(drawn: ChartData, span: Span, days: Sequence[Day], nights: Sequence[Night] = ()) -> list[str]:
    """What the drawing means; volts, state of charge, charge and load; then the regulator's daily records as bars."""
    if span.is_moment:
        return ["<p>There is only one reading in this time. The charts need two.</p>", bars_of_days(days)]
    meaning = "Line: average. Shading: minimum to maximum."
    if nights and span.until_ms - span.since_ms <= LONGEST_SHADED_MS:
        span = replace(span, nights=[(night.began_ms, night.ended_ms) for night in nights])
        meaning += " Grey: night."
    volts, percent, charge, load = drawn.columns.values()
    currents = [Curve("charge", "charge", charge), Curve("load", "load", load)]
    return [
        f"<p class='faint'>{meaning}</p>",
        curves("Battery", "volts", [Curve("battery", "volts", volts)], span, zero=False),
        curves("State of charge", "percent", [Curve("state of charge", "percent", percent)], span, zero=True),
        curves("Current", "amperes", currents, span, zero=True),
        bars_of_days(days),
    ]


def _ends(journal: Journal, ranges: Ranges) -> tuple[int, int]:
    """The earliest and latest time in these ranges; within one, ids and times ascend together."""
    times = [record.time_ms for ends in ranges for each in ends if (record := journal.get("readings", each))]
    return min(times), max(times)


def _interval_seconds(journal: Journal, ranges: Ranges) -> float:
    first, last = ranges[-1]
    newest = [record.time_ms for record in journal.records("readings", first, last, limit=100, newest_first=True)]
    return usual_seconds(newest) or 0.0
