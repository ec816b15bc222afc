"""The sums of the journal's readings over one of the regulator's days."""

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge

from journal.journal import Journal
from journal.reading import Day
from logger.history.sums import DaySums, Flows, longest_gap_ms, sum_up

COLUMNS = ("time_ms", "charge_amps", "load_amps", "charge_watts", "load_watts")


def measured(journal: Journal, day: Day, interval_seconds: float) -> Day:
    """The day with the sums of its readings as they are now, without an id; unchanged if the sums are the same."""
    if day.began_ms is None or day.ended_ms is None:
        return day
    sums = sums_between(journal, day.began_ms, day.ended_ms, interval_seconds)
    new = replace(
        day,
        measured_charge_amp_hours=sums.charge_amp_hours,
        measured_load_amp_hours=sums.load_amp_hours,
        measured_charge_watt_hours=sums.charge_watt_hours,
        measured_load_watt_hours=sums.load_watt_hours,
        coverage_percent=sums.coverage_percent,
    )
    return day if new == day else replace(new, id=None)


def sums_between(journal: Journal, began_ms: int, ended_ms: int, interval_seconds: float) -> DaySums:
    """The sums of the readings with a trusted time."""
    gap_ms = longest_gap_ms(interval_seconds)
    return sum_up(flows(journal, began_ms - gap_ms, ended_ms + gap_ms), began_ms, ended_ms, gap_ms)


def flows(journal: Journal, since_ms: int, until_ms: int) -> Iterator[Flows]:
    """Times, currents and powers, ascending in time, read as needed."""
    held = journal.held("readings")
    ranges = [
        (first, last)
        for first, last in journal.id_ranges("readings", since_ms, until_ms)
        if not any(held_first <= first <= held_last for held_first, held_last in held)
    ]
    rows = (journal.values("readings", COLUMNS, first, last) for first, last in ranges)
    return merge(*rows, key=lambda row: row[0])
