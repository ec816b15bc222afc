"""What the readings of a day tell, as the logger stores it with the regulator's record."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from admin.energy.energy import recent_energy
from journal.journal import Journal
from journal.reading import Day, Reading
from journal.writer import JournalWriter
from logger.energy.local_days import local_date, midnight_ms
from logger.history.measured import measured, trusted, with_outlook
from tests.admin.energy.conftest import BEGAN_MS, DAY_MS, in_zone, sunny, write

MINUTE = 60_000
HOUR = 60 * MINUTE
EVERY_SECONDS = 300


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from in_zone("UTC", monkeypatch)


def record(number: int, **values: object) -> Day:
    """The regulator's record of a local day after that of BEGAN_MS; its clock shows local time."""
    day = local_date(BEGAN_MS) + timedelta(number)
    began_ms, ended_ms = midnight_ms(day), midnight_ms(day + timedelta(1))
    time_ms = BEGAN_MS + number * DAY_MS + 12 * HOUR
    return Day(time_ms=time_ms, date=day.isoformat(), began_ms=began_ms, ended_ms=ended_ms, **values)  # type: ignore[arg-type]


def store(data: Path, days: Iterable[Day]) -> list[Day]:
    """What the history chore does with the days that it has read; returns those that it stored."""
    stored = []
    with JournalWriter.create(data / "journal.db") as journal:
        for each in days:
            day = with_outlook(journal, measured(journal, each, EVERY_SECONDS))
            if day.id is None:
                stored.append(day)
                journal.append(day)
    return stored


def known(data: Path) -> list[Day]:
    with Journal.open(data / "journal.db") as journal:
        return [each for each in journal.records("days", 1, 10**6) if isinstance(each, Day)]


def changing(time_ms: int) -> Reading:
    """Each day another load, each night another depth; full every fourth day; equalised on the sixth."""
    number, hour = divmod((time_ms - BEGAN_MS) / HOUR, 24)
    load = 8.0 + number % 5
    percent = sunny(time_ms).state_of_charge_percent or 0
    is_full = number % 4 == 0 and 17 <= hour < 18
    state = "equalise" if number == 6 and 13 <= hour < 14 else "float" if is_full else "boost"
    return replace(
        sunny(time_ms),
        load_amps=load,
        load_watts=25 * load,
        state_of_charge_percent=percent - number % 7 * (100 - percent) / 10,
        regulator_state=state,
    )


@pytest.mark.parametrize("zone", ["UTC", "Australia/Adelaide"])
def test_night_autonomy_and_last_full_are_those_of_the_page(
    tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `solar status --json` would have said at the end of each day, when the last five minutes were not in its sums
    yet. A value has two digits."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    write(tmp_path, 40 * 24, every_seconds=EVERY_SECONDS, make=changing)
    full = {"float_reached_seconds": 61_200.0}
    assert store(tmp_path, [record(n, load_amp_hours=200.0, **full if n == -1 else {}) for n in range(-2, 40)])
    days = known(tmp_path)
    assert len(days) == 42
    compared = 0
    for day in days[2::5]:
        with Journal.open(tmp_path / "journal.db") as journal:
            figures = recent_energy(tmp_path, journal, day.ended_ms or 0, is_now=False)
        evening = (date.fromisoformat(day.date) - timedelta(1)).isoformat()
        (night,) = [each for each in figures.nights if each.date == evening] or [None]
        told = (day.depth_of_discharge_percent, day.night_used_amp_hours, day.night_used_percent)
        if night is None:
            assert told == (None, None, None)
        else:
            shown = (night.depth_of_discharge_percent, night.used_amp_hours, night.used_percent)
            assert told == pytest.approx(shown, abs=0.051)
        assert day.autonomy_days == (figures.autonomy_days and pytest.approx(figures.autonomy_days, abs=0.009))
        assert day.days_since_full == pytest.approx(figures.days_since_full, abs=0.00501)
        compared += night is not None and figures.autonomy_days is not None
    assert compared >= 7
    assert len({day.autonomy_days for day in days}) > 10
    assert len({day.days_since_full for day in days}) > 3


def test_what_is_known_later_changes_the_days_that_it_concerns_and_no_other(tmp_path: Path) -> None:
    """An evening whose readings get their time later: as if they had been there at once; and then all is quiet."""
    late, at_once = tmp_path / "late", tmp_path / "at once"
    for data, hours in ((late, (5 * 24 + 17, 17 * 24)), (at_once, (17 * 24,))):
        data.mkdir()
        since = 0
        for until in hours:
            write(data, until - since, since_hours=since, every_seconds=EVERY_SECONDS, make=changing)
            since = until + 6
        store(data, map(record, range(17)))
    with JournalWriter.create(late / "journal.db") as journal:
        boot = journal.boot_number("another")
        first = BEGAN_MS + (5 * 24 + 17) * HOUR
        journal.append_all(replace(changing(first + n * 300_000), boot=boot, uptime_ms=n) for n in range(72))
    changed = store(late, known(late))
    wanted = [replace(day, id=None) for day in known(at_once)]
    assert sorted((replace(day, id=None) for day in known(late)), key=lambda day: day.date) == wanted
    dates = [day.date for day in changed]
    assert dates[:2] == ["2026-06-06", "2026-06-07"]
    assert len(dates) < 13
    assert store(late, known(late)) == []


def test_days_without_readings_count_on_from_what_is_known_later_of_the_days_before(tmp_path: Path) -> None:
    """The third day's evening, when the battery was full, gets its time late; two days after it have no readings."""

    def never_full(time_ms: int) -> Reading:
        return replace(sunny(time_ms), regulator_state="boost")

    evening = 2 * 24 + 16
    write(tmp_path, evening, every_seconds=EVERY_SECONDS)
    write(tmp_path, 24, since_hours=5 * 24, every_seconds=EVERY_SECONDS, make=never_full)
    store(tmp_path, map(record, range(6)))
    write(tmp_path, 8, since_hours=evening, every_seconds=EVERY_SECONDS)
    store(tmp_path, known(tmp_path))
    since_full = {day.date: day.days_since_full for day in known(tmp_path)}
    assert [since_full[date] for date in sorted(since_full)] == [0.25, 0.25, 0.25, 1.25, 2.25, 3.25]


def test_what_pruned_readings_told_stays(tmp_path: Path) -> None:
    """Also while an old one, which the server has refused, stays."""
    write(tmp_path, 8 * 24, every_seconds=EVERY_SECONDS, make=changing)
    store(tmp_path, map(record, range(8)))
    for hours in (5 * 24 + 19, 6 * 24 + 1, 8 * 24):
        with JournalWriter.create(tmp_path / "journal.db") as journal:
            journal.prune([(2, 10**6)], BEGAN_MS + hours * HOUR, 10**6)
        assert store(tmp_path, known(tmp_path)) == []


def test_a_second_record_of_a_date_has_no_night(tmp_path: Path) -> None:
    write(tmp_path, 48, every_seconds=EVERY_SECONDS)
    first = replace(record(1), ended_ms=BEGAN_MS + 40 * HOUR)
    second = replace(record(1), date="2026-06-02/2", time_ms=first.time_ms + 1, began_ms=first.ended_ms)
    (whole, rest) = store(tmp_path, [first, second])
    assert (whole.depth_of_discharge_percent, rest.depth_of_discharge_percent) == (pytest.approx(30, abs=0.5), None)
    assert (whole.days_since_full, rest.days_since_full) == (None, 0.25)


@pytest.mark.parametrize("seconds", [300.001, 600, 615])
def test_a_day_is_whole_at_the_pace_of_a_low_battery(tmp_path: Path, seconds: float) -> None:
    """journal/saving.py makes readings that rare; each comes a little late."""
    day = Day(time_ms=12 * HOUR, date="1970-01-01", began_ms=0, ended_ms=24 * HOUR)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append_all(
            Reading(time_ms=round(n * seconds * 1000), boot=1, uptime_ms=n, charge_amps=2.0, load_amps=1.0)
            for n in range(round(25 * 3600 / seconds))
        )
        whole = measured(journal, day, 10)
    assert (whole.measured_charge_amp_hours, whole.measured_load_amp_hours, whole.coverage_percent) == (48, 24, 100)


def test_readings_whose_time_is_not_trusted_are_left_out(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        for boot in (1, 2, 3):
            for minute in range(3):
                taken = Reading(time_ms=boot * HOUR + minute * MINUTE, boot=boot, uptime_ms=minute)
                journal.append(taken, is_held=boot == 2)
        assert trusted(journal, 0, 4 * HOUR) == [(1, 3), (7, 9)]
        assert trusted(journal, HOUR + MINUTE, 2 * HOUR) == [(2, 3)]


def test_the_sums_of_a_day_stay_when_its_readings_are_pruned(tmp_path: Path) -> None:
    day = Day(time_ms=2 * HOUR, date="1970-01-01", began_ms=0, ended_ms=2 * HOUR)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        for minute in range(121):
            journal.append(Reading(time_ms=minute * MINUTE, boot=1, uptime_ms=minute, charge_amps=6.0, load_amps=1.0))
        whole = replace(measured(journal, day, 60), id=1)
        assert (whole.measured_charge_amp_hours, whole.coverage_percent) == (12.0, 100.0)
        for before_ms in (HOUR, 3 * HOUR):
            journal.prune([(1, 121)], before_ms, 1000)
            assert measured(journal, whole, 60) == whole
