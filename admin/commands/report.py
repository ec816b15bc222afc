"""`solar report`: writes one HTML file with charts of a period; it needs no other file."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from admin.energy.energy import recent_energy
from admin.energy.figures import Figures
from admin.energy.verdict import verdict
from admin.files.output_file import checked, whole_text
from admin.health.health import Health
from admin.health.survey import survey
from admin.report.charts import ChartData, charts_of, collect, span_of
from admin.report.days import table_of_days
from admin.report.drawing import Span
from admin.report.energy import energy_section
from admin.report.page import page, table_of_events
from admin.report.pixels import DAY_MS, Columns
from admin.report.records import days_of, events_of
from admin.terminal import options
from admin.terminal.console import progress
from admin.terminal.moments import local_minute
from admin.terminal.period import Ranges, check_period, moment
from admin.terminal.usage_errors import sanitized
from admin.terminal.values import values
from admin.terminal.words import count, duration, size
from journal.errors import SolarError
from journal.journal import Journal
from journal.reading import Day, Event, Reading

DEFAULT_DAYS = 30
EVENTS_SHOWN = 300

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
            period = f"{local_minute(since)} to {local_minute(until)}"
            raise SolarError(f"cannot report on {period}: there are no readings; {_what_there_is(journal)}")
        total = sum(last - first + 1 for first, last in ranges)
        with progress("reading the journal", "readings", total) as show:
            span = span_of(journal, ranges, since, until)
            drawn = collect(journal, ranges, span, lambda done: show(done, total))
            is_now = until > now_ms
            figures = recent_energy(data, journal, min(until, now_ms), is_now=is_now)
            health = survey(data, is_upload_wanted=False) if is_now else health_then(journal, ranges, data)
            text = render(
                drawn,
                span,
                days_of(journal, since, until),
                events_of(journal, since, until),
                site=site,
                health=health,
                figures=figures,
            )
    with whole_text(output, data) as file:
        file.write(text)
    print(f"{output}: {count(total, 'reading')}, {size(output.stat().st_size)}", file=sys.stderr)


def _what_there_is(journal: Journal) -> str:
    last_id = journal.last_id("readings")
    first = next(journal.records("readings", 1, last_id, limit=1), None)
    last = journal.get("readings", last_id)
    if first is None or last is None:
        return "the journal has none yet"
    return f"the journal has readings from {local_minute(first.time_ms)} to {local_minute(last.time_ms)}: use --since"


def health_then(journal: Journal, ranges: Ranges, data: Path) -> Health:
    """What the newest reading of the period tells, as if it had just been taken."""
    newest = [record for _, last in ranges if isinstance(record := journal.get("readings", last), Reading)]
    reading = max(newest, key=lambda each: each.time_ms, default=None)
    return Health(now_ms=reading.time_ms if reading else 0, data=str(data), reading=reading)


def render(
    drawn: ChartData,
    span: Span,
    days: Sequence[Day],
    events: Sequence[Event],
    *,
    site: str,
    health: Health,
    figures: Figures,
) -> str:
    """The page. Verdict and newest values are those of the period's end."""
    volts, percent = drawn.columns["battery_volts"], drawn.columns["state_of_charge_percent"]
    shown = events[:EVENTS_SHOWN]
    missing = f"{drawn.gaps:,}, {duration(drawn.missing_ms / 1000)} in total" if drawn.gaps else "none"
    newest = health.reading
    facts = [
        *_range("Battery", volts, 1, "V"),
        *_range("State of charge", percent, 0, "%"),
        *_sum("Charged", [day.charge_amp_hours for day in days]),
        *_sum("Used", [day.load_amp_hours for day in days]),
        ("Readings", f"{drawn.readings:,}"),
        ("Gaps", missing),
    ]
    zone = time.strftime("%Z", time.localtime(span.until_ms / 1000))
    return page(
        f"Solar site {sanitized(site)}",
        f"{_from_to(local_minute(span.since_ms), local_minute(span.until_ms))}, {zone}",
        verdict=verdict(health, figures),
        newest=f"{local_minute(newest.time_ms)}: {values(newest)}" if newest else "",
        facts=facts,
        charts=charts_of(drawn, span, days, figures.nights),
        tables=[energy_section(figures), table_of_days(days), table_of_events(shown, len(events) - len(shown))],
    )


def _range(name: str, columns: Columns, digits: int, unit: str) -> list[tuple[str, str]]:
    if not columns:
        return []
    ends = [f"{columns.lowest:.{digits}f}", f"{columns.highest:.{digits}f}"]
    return [(name, f"{_from_to(*ends)} {unit}")]


def _from_to(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _sum(name: str, values: Sequence[float | None]) -> list[tuple[str, str]]:
    known = [value for value in values if value is not None]
    return [(name, f"{sum(known):,.0f} Ah in {count(len(known), 'day')}")] if known else []
