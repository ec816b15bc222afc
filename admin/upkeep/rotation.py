"""Which backups are kept: the newest of each of the last 4 weeks, and the first of each of the last 12 months. Pure."""

import re
from collections.abc import Iterable
from datetime import date

WEEKS, MONTHS = 4, 12
_NAME = re.compile(r"solar-(\d{4})-(\d\d)-(\d\d)\.db")


def name_for(day: date) -> str:
    """solar-2026-01-05.db"""
    return f"solar-{day.isoformat()}.db"


def day_of(name: str) -> date | None:
    """The day in the name of a backup; None if it is something else, which nobody touches."""
    found = _NAME.fullmatch(name)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def superfluous(names: Iterable[str]) -> list[str]:
    """The names of the backups that need not be kept, oldest first."""
    days = sorted({day for name in names if (day := day_of(name))})
    weekly = {day.isocalendar()[:2]: day for day in days}
    monthly = {(day.year, day.month): day for day in reversed(days)}
    kept = {weekly[week] for week in sorted(weekly)[-WEEKS:]} | {monthly[month] for month in sorted(monthly)[-MONTHS:]}
    return [name_for(day) for day in days if day not in kept]
