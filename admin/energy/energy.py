"""Collects a site's energy figures from the journal and its sums."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from admin.energy.days import days_of
from admin.energy.figures import Figures, figures_of
from admin.energy.sums import Sums
from journal.journal import Journal
from journal.reading import Day
from logger.energy.autonomy import CAPACITY_DAYS
from logger.energy.local_days import local_date, midnight_ms
from logger.energy.nights import nights_of
from logger.energy.quarters import Stretch

FILE = "page.db"
"""The page's file of sums, beside the journal."""
RECENT_DAYS = 31
YEAR_DAYS = 366


def days_in(sums: Sums, now_ms: int, days: int) -> dict[str, Stretch]:
    """The sums of the last `days` and of today, by local date."""
    today = local_date(now_ms)
    return sums.days(midnight_ms(today - timedelta(days)), midnight_ms(today + timedelta(1)))


def energy_of(
    journal: Journal, sums: Sums, now_ms: int, stretches: Mapping[str, Stretch], *, since_ms: int = 0
) -> Figures:
    """The figures at `now_ms` of these days. `since_ms`: the sums are complete only from then on."""
    today = local_date(now_ms)
    oldest = min((*stretches, (today - timedelta(RECENT_DAYS)).isoformat()))
    records = journal.records("days", 1, journal.last_id("days"))
    recent = [each for each in records if isinstance(each, Day) and oldest <= each.date <= today.isoformat()]
    since = midnight_ms(today - timedelta(CAPACITY_DAYS), 12)
    quarters = list(sums.quarters(since, midnight_ms(today + timedelta(1))))
    percent = quarters[-1].extent("state_of_charge_percent").mean if quarters else None
    return figures_of(days_of(stretches, recent, now_ms), nights_of(quarters, now_ms), percent, now_ms, since_ms)


def recent_energy(data: Path, journal: Journal, now_ms: int, *, is_now: bool = True) -> Figures:
    """The figures of the last month, for one command: from the page's sums if there are any, else from the readings.

    With `is_now` False, `now_ms` is in the past, and nothing later is in the figures.
    """
    today = local_date(now_ms)
    since_ms = midnight_ms(today - timedelta(RECENT_DAYS))
    with Sums.in_memory(data / FILE if is_now else None) as sums:
        sums.update(journal, since_ms, midnight_ms(today + timedelta(1)) if is_now else now_ms)
        return energy_of(journal, sums, now_ms, days_in(sums, now_ms, RECENT_DAYS), since_ms=since_ms)
