"""A day of the regulator's with what its readings tell: sums, the night that ended on it, how it stood at its end.

    noon     dusk     midnight     dawn     noon                 midnight
     |........|_________night________|.......|......................|
                         |............ the day ....................|   at its end: state of charge, last full

What readings told that have been pruned since is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from heapq import merge
from operator import itemgetter
from typing import Any

from journal.journal import Journal
from journal.reading import Day
from logger.clock.regulator_clock import DAY_MS
from logger.energy.autonomy import USUAL_DAYS, WHOLE_PERCENT, autonomy_days, capacity, usual_load
from logger.energy.local_days import is_date, midnight_ms
from logger.energy.nights import nights_of
from logger.energy.quarters import COLUMNS, QUARTER_MS, Extent, Quarters, longest_gap_ms
from logger.history.sums import SUMMED, sum_up


def measured(journal: Journal, day: Day, interval_seconds: float) -> Day:
    """The day with the sums and the night of its readings as they are now, without an id; unchanged if they are the
    same, or if less of the day is covered than before: then its readings have been pruned."""
    if day.began_ms is None or day.ended_ms is None:
        return day
    gap_ms = longest_gap_ms(interval_seconds)
    flows = _values(journal, SUMMED, day.began_ms - gap_ms, day.ended_ms + gap_ms)
    sums = sum_up(flows, day.began_ms, day.ended_ms, gap_ms)
    if sums.coverage_percent < (day.coverage_percent or 0.0):
        return day
    new = replace(
        day,
        measured_charge_amp_hours=sums.charge_amp_hours,
        measured_load_amp_hours=sums.load_amp_hours,
        measured_charge_watt_hours=sums.charge_watt_hours,
        measured_load_watt_hours=sums.load_watt_hours,
        coverage_percent=sums.coverage_percent,
    )
    return _changed(day, _with_night(journal, new, gap_ms))


def _with_night(journal: Journal, day: Day, gap_ms: int) -> Day:
    if not is_date(day.date):  # the second record of a date
        return day
    morning = date.fromisoformat(day.date)
    since_ms, until_ms = midnight_ms(morning - timedelta(1), 12), midnight_ms(morning, 12)
    if day.id is not None and _is_pruned(journal, since_ms, until_ms):
        return day
    quarters = Quarters(gap_ms)
    for row in _values(journal, COLUMNS, since_ms - gap_ms, until_ms + gap_ms):
        quarters.add(row)
    inside = [each for began, each in sorted(quarters.stretches.items()) if since_ms <= began < until_ms]
    night = next(iter(nights_of(inside, until_ms)), None)
    return replace(
        day,
        depth_of_discharge_percent=_rounded(night.depth_of_discharge_percent, 1) if night else None,
        night_used_amp_hours=_rounded(night.used_amp_hours, 2) if night else None,
        night_used_percent=_rounded(night.used_percent, 1) if night else None,
    )


def with_outlook(journal: Journal, day: Day) -> Day:
    """The day with autonomy and the time since the battery was full, as they were at its end, from this day and those
    before it in the journal; without an id if that changes it."""
    if day.began_ms is None or day.ended_ms is None:
        return day
    has_had_readings = bool(day.coverage_percent)  # else there is nothing to keep
    if day.id is not None and has_had_readings and _is_pruned(journal, day.began_ms, day.ended_ms):
        return day
    earlier = _days_before(journal, day)
    first = (date.fromisoformat(day.date[:10]) - timedelta(USUAL_DAYS - 1)).isoformat()
    usual_days = [each for each in (*earlier, day) if is_date(each.date) and each.date >= first]
    percent, full_ms = _at_the_end(journal, day.began_ms, day.ended_ms, day.float_reached_seconds)
    autonomy = autonomy_days(
        percent,
        capacity((each.night_used_amp_hours, each.night_used_percent) for each in usual_days),
        usual_load(load for each in usual_days if (load := _whole_load(each)) is not None),
    )
    since_full = (day.ended_ms - full_ms) / DAY_MS if full_ms else _longer_since_full(earlier, day.ended_ms)
    new = replace(day, autonomy_days=_rounded(autonomy, 2), days_since_full=_rounded(since_full, 2))
    return _changed(day, new)


def _at_the_end(
    journal: Journal, began_ms: int, ended_ms: int, float_reached_seconds: float | None
) -> tuple[float | None, int]:
    """The state of charge in the day's last quarter of an hour with readings; when it was last full, or 0."""
    last_ms = {"float": 0, "equalise": 0}
    percent, quarter = Extent(), 0
    for time_ms, value, state in _values(
        journal, ("time_ms", "state_of_charge_percent", "regulator_state"), began_ms, ended_ms
    ):
        if time_ms // QUARTER_MS != quarter:
            percent, quarter = Extent(), time_ms // QUARTER_MS
        if value is not None:
            percent.add(value)
        if state in last_ms:
            last_ms[state] = time_ms
    if not last_ms["float"] and float_reached_seconds is not None:
        last_ms["float"] = began_ms + round(float_reached_seconds * 1000)
    return percent.mean, max(last_ms.values())


def _days_before(journal: Journal, day: Day) -> list[Day]:
    """In order."""
    ids = journal.id_ranges("days", day.time_ms - USUAL_DAYS * DAY_MS, day.time_ms)
    return [each for record_id, _ in ids if isinstance(each := journal.get("days", record_id), Day)]


def _longer_since_full(earlier: Sequence[Day], ended_ms: int) -> float | None:
    for each in reversed(earlier):
        if each.days_since_full is not None and each.ended_ms is not None:
            return each.days_since_full + (ended_ms - each.ended_ms) / DAY_MS
    return None


def _whole_load(day: Day) -> float | None:
    """The readings' sum, or the regulator's own count if they cover too little."""
    return day.measured_load_amp_hours if (day.coverage_percent or 0) >= WHOLE_PERCENT else day.load_amp_hours


def _is_pruned(journal: Journal, since_ms: int, until_ms: int) -> bool:
    """Whether readings of that time are gone: there are none, or an id is missing among them or beside them."""
    ranges = trusted(journal, since_ms, until_ms)
    newest = journal.last_id("readings")
    beside = [(max(1, first - 1), min(last + 1, newest)) for first, last in ranges]
    there = (sum(1 for _ in journal.values("readings", ["id"], *ids)) for ids in beside)
    return not ranges or any(number <= last - first for number, (first, last) in zip(there, beside, strict=True))


def trusted(journal: Journal, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """The ranges of ids of the readings of that time, without those whose time is not trusted."""
    held = journal.held("readings")
    return [(first, last) for first, last in journal.id_ranges("readings", since_ms, until_ms) if first not in held]


def _values(journal: Journal, columns: Sequence[str], since_ms: int, until_ms: int) -> Iterator[Any]:
    """These columns of trusted readings, `time_ms` first and ascending, read as needed."""
    ranges = trusted(journal, since_ms, until_ms)
    return merge(*(journal.values("readings", columns, *ids) for ids in ranges), key=itemgetter(0))


def _changed(day: Day, new: Day) -> Day:
    return day if new == day else replace(new, id=None)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
