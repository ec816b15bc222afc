"""The regulator's daily records in the report: as bars, and as a table."""

from collections.abc import Sequence
from datetime import date, timedelta

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
    """The chart of what was charged and used; a day or month without a record keeps its place."""
    dates = _between(days[0].date, days[-1].date) if days else []
    each, letters = ("day", 10) if max(len(dates), len(days)) <= MOST_BARS else ("month", 7)
    grouped: dict[str, list[Day]] = {name[:letters]: [] for name in dates}
    for day in days:
        grouped.setdefault(day.date[:letters], []).append(day)
    drawn = [
        Bar(_short(name), total(day.charge_amp_hours for day in group), total(day.load_amp_hours for day in group))
        for name, group in grouped.items()
    ]
    return bars(f"Charge per {each}", "Ah", ("charged", "used"), drawn)


def _between(first: str, last: str) -> list[str]:
    """Every date from `first` to `last`; none if one of them is no date."""
    try:
        began, ended = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return []
    return [(began + timedelta(days)).isoformat() for days in range((ended - began).days + 1)]


def _short(name: str) -> str:
    """2026-11-16 as 16 Nov; a month as it is."""
    try:
        return f"{date.fromisoformat(name):%-d %b}"
    except ValueError:
        return name


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
