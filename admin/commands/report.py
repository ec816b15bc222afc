"""`solar report`: writes one HTML file with charts of a period; it needs no other file."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Annotated

import typer

from admin.files.output_file import checked, whole_text
from admin.health.survey import usual_seconds
from admin.report.days import bars_of_days, table_of_days
from admin.report.drawing import WIDTH, Curve, Span, curves
from admin.report.page import local, page, printable, table_of_events
from admin.report.pixels import DAY_MS, Columns, column_count
from admin.terminal import options
from admin.terminal.console import progress
from admin.terminal.period import Ranges, check_period, moment
from admin.terminal.words import count, duration, size
from journal.errors import SolarError
from journal.journal import Journal
from journal.reading import Day, Event

DEFAULT_DAYS = 30
EVENTS_SHOWN = 300
GAP_SECONDS = 300.0
ROWS_AT_ONCE = 5000
QUANTITIES = ("battery_volts", "state_of_charge_percent", "charge_amps", "load_amps")

# fmt: off
Since = Annotated[int | None, typer.Option(
    parser=moment, metavar="TIME",
    help="Start: 2026-01-05, 2026-01-05T17:30+10:00, or 7d, 24h before now; default: 30d.")]
Until = Annotated[int | None, typer.Option(
    parser=moment, metavar="TIME", help="End, not included; same format as --since.")]
Output = Annotated[Path, typer.Option(
    parser=Path, metavar="FILE", help="File to write, complete or not at all.")]
# fmt: on


def report(
    *,
    output: Output = Path("report.html"),
    since: Since = None,
    until: Until = None,
    data: options.Data = options.DATA,
    site: options.Site = options.SITE,
) -> None:
    """Write an HTML page with charts of the last 30 days."""
    check_period(since, until)
    checked(output, data)
    now_ms = time.time_ns() // 1_000_000
    until = now_ms + 1 if until is None else until
    since = until - DEFAULT_DAYS * DAY_MS if since is None else since
    with Journal.open(data / "journal.db") as journal:
        ranges = journal.id_ranges("readings", since, until)
        if not ranges:
            raise SolarError(
                f"cannot report on {local(since)} to {local(until)}: there are no readings; {_what_there_is(journal)}"
            )
        total = sum(last - first + 1 for first, last in ranges)
        with progress("reading the journal", "readings", total) as show:
            span = span_of(journal, ranges, since, until)
            drawn = collect(journal, ranges, span, lambda done: show(done, total))
            text = render(drawn, span, days_of(journal, since, until), events_of(journal, since, until), site)
    with whole_text(output, data) as file:
        file.write(text)
    print(f"{output}: {count(total, 'reading')}, {size(output.stat().st_size)}", file=sys.stderr)


def _what_there_is(journal: Journal) -> str:
    last_id = journal.last_id("readings")
    first = next(journal.records("readings", 1, last_id, limit=1), None)
    last = journal.get("readings", last_id)
    if first is None or last is None:
        return "the journal has none yet"
    return f"the journal has readings from {local(first.time_ms)} to {local(last.time_ms)}: use --since"


@dataclass(slots=True)
class ChartData:
    """The readings of a period as columns, their number, and the gaps."""

    columns: dict[str, Columns]
    readings: int = 0
    gaps: int = 0
    missing_ms: int = 0


def collect(journal: Journal, ranges: Ranges, span: Span, show: Callable[[int], None]) -> ChartData:
    """Read them once, in the order of ids."""
    places = column_count(span.since_ms, span.until_ms, WIDTH)
    drawn = ChartData({name: Columns(span.since_ms, span.until_ms, places) for name in QUANTITIES})
    before_ms = None
    for first, last in ranges:
        rows = journal.values("readings", ("time_ms", *QUANTITIES), first, last)
        while some := list(islice(rows, ROWS_AT_ONCE)):
            times, *values = zip(*some, strict=True)
            for columns, of_quantity in zip(drawn.columns.values(), values, strict=True):
                columns.add_all(times, of_quantity)
            between = pairwise(times if before_ms is None else (before_ms, *times))
            gaps = [after - before for before, after in between if after - before > span.gap_ms]
            drawn.gaps += len(gaps)
            drawn.missing_ms += sum(gaps)
            before_ms = times[-1]
            drawn.readings += len(times)
            show(drawn.readings)
    return drawn


def span_of(journal: Journal, ranges: Ranges, since_ms: int, until_ms: int) -> Span:
    """From `since_ms` to `until_ms`, but not beyond the first and the last reading."""
    first_ms, last_ms = _ends(journal, ranges)
    gap_ms = 1000 * max(GAP_SECONDS, 5 * _interval_seconds(journal, ranges))
    return Span(max(since_ms, first_ms), min(until_ms, last_ms + 1), gap_ms)


def days_of(journal: Journal, since_ms: int, until_ms: int) -> list[Day]:
    """The daily records of these calendar days, also those before the first reading; one a day, in order."""
    records = _of(journal, "days", since_ms - 2 * DAY_MS, until_ms + 2 * DAY_MS)
    dates = local(since_ms)[:10], local(until_ms)[:10]
    days = {record.date: record for record in records if isinstance(record, Day)}
    return [day for date, day in sorted(days.items()) if dates[0] <= date <= dates[1]]


def events_of(journal: Journal, since_ms: int, until_ms: int) -> list[Event]:
    """What happened in that time, newest first."""
    events = [event for event in _of(journal, "events", since_ms, until_ms) if isinstance(event, Event)]
    return sorted(events, key=lambda event: event.time_ms, reverse=True)


def render(drawn: ChartData, span: Span, days: Sequence[Day], events: Sequence[Event], site: str) -> str:
    """The page."""
    volts, percent, charge, load = drawn.columns.values()
    shown = events[:EVENTS_SHOWN]
    missing = f"{drawn.gaps:,}, {duration(drawn.missing_ms / 1000)} in total" if drawn.gaps else "none"
    facts = [
        *_range("Battery", volts, 1, "V"),
        *_range("State of charge", percent, 0, "%"),
        *_sum("Charged", [day.charge_amp_hours for day in days]),
        *_sum("Used", [day.load_amp_hours for day in days]),
        ("Readings", f"{drawn.readings:,}"),
        ("Gaps", missing),
    ]
    currents = [Curve("charge", "charge", charge), Curve("load", "load", load)]
    charts = [
        curves("Battery", "volts", [Curve("battery", "volts", volts)], span, zero=False),
        curves("State of charge", "percent", [Curve("state of charge", "percent", percent)], span, zero=True),
        curves("Current", "amperes", currents, span, zero=True),
        bars_of_days(days),
    ]
    zone = time.strftime("%Z", time.localtime(span.until_ms / 1000))
    return page(
        f"Solar site {printable(site)}",
        f"{local(span.since_ms)} to {local(span.until_ms)}, {zone}",
        facts,
        charts,
        [table_of_days(days), table_of_events(shown, len(events) - len(shown))],
    )


def _ends(journal: Journal, ranges: Ranges) -> tuple[int, int]:
    """The earliest and latest time in these ranges; within one, ids and times ascend together."""
    times = [record.time_ms for ends in ranges for each in ends if (record := journal.get("readings", each))]
    return min(times), max(times)


def _interval_seconds(journal: Journal, ranges: Ranges) -> float:
    first, last = ranges[-1]
    newest = [record.time_ms for record in journal.records("readings", first, last, limit=100, newest_first=True)]
    return usual_seconds(newest) or 0.0


def _of(journal: Journal, stream: str, since_ms: int, until_ms: int) -> list[Day | Event]:
    return [
        record
        for first, last in journal.id_ranges(stream, since_ms, until_ms)
        for record in journal.records(stream, first, last)
        if isinstance(record, Day | Event)
    ]


def _range(name: str, columns: Columns, digits: int, unit: str) -> list[tuple[str, str]]:
    if not columns:
        return []
    return [(name, f"{columns.lowest:.{digits}f} to {columns.highest:.{digits}f} {unit}")]


def _sum(name: str, values: Sequence[float | None]) -> list[tuple[str, str]]:
    known = [value for value in values if value is not None]
    return [(name, f"{sum(known):,.0f} Ah in {count(len(known), 'day')}")] if known else []
