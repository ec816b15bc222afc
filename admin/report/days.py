"""The regulator's daily records in the report: as bars, and as a table."""

import time
from collections.abc import Sequence

from admin.energy.days import total
from admin.energy.words import number
from admin.report.drawing import Bar, bars
from admin.report.energy import table
from journal.reading import Day

MOST_BARS = 62

DAY_COLUMNS = (
    ("Lowest, V", "battery_min_volts", 1),
    ("Highest, V", "battery_max_volts", 1),
    ("Charged, Ah", "charge_amp_hours", 0),
    ("Used, Ah", "load_amp_hours", 0),
    ("State of charge, %", "state_of_charge_percent", 0),
)


def bars_of_days(days: Sequence[Day]) -> str:
    """The chart of what was charged and used."""
    each, letters = ("day", 10) if len(days) <= MOST_BARS else ("month", 7)
    grouped: dict[str, list[Day]] = {}
    for day in days:
        grouped.setdefault(day.date[:letters], []).append(day)
    drawn = [
        Bar(_short(date), total(day.charge_amp_hours for day in group), total(day.load_amp_hours for day in group))
        for date, group in grouped.items()
    ]
    return bars(f"Charge per {each}", "Ah", ("charged", "used"), drawn)


def _short(date: str) -> str:
    """2026-11-16 as 16 Nov; a month as it is."""
    try:
        return time.strftime("%-d %b", time.strptime(date, "%Y-%m-%d"))
    except ValueError:
        return date


def table_of_days(days: Sequence[Day]) -> str:
    """Each day's record, newest first."""
    if not days:
        return ""
    rows = [
        (
            f"{day.date} *" if day.date_is_estimated else day.date,
            *(number(getattr(day, field), digits) for _, field, digits in DAY_COLUMNS),
        )
        for day in sorted(days, key=lambda day: day.date, reverse=True)
    ]
    note = "<p class='faint'>* estimated date</p>" if any(day.date_is_estimated for day in days) else ""
    return (
        "<section><h2>Days</h2><p class='faint'>Counted by the regulator, from midnight to midnight by its clock.</p>"
        f"{table('days', ('Day', *(name for name, _, _ in DAY_COLUMNS)), rows)}{note}</section>"
    )
