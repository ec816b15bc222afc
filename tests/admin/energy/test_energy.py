"""The figures of journals whose energy can be worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from admin.energy.days import Period
from admin.energy.energy import days_in, energy_of, recent_energy
from admin.energy.figures import Figures
from admin.energy.sums import Sums
from admin.energy.words import as_dict, facts
from journal.journal import Journal
from journal.reading import Day, Reading
from journal.writer import JournalWriter
from logger.energy.quarters import Stretch
from tests.admin.energy.conftest import BEGAN_MS, DAY_MS, HOUR_MS, sunny, write

pytestmark = pytest.mark.usefixtures("in_utc")


def energy(data: Path, now_ms: int) -> Figures:
    with Journal.open(data / "journal.db") as journal, Sums.in_memory() as sums:
        sums.update(journal)
        return energy_of(journal, sums, now_ms, days_in(sums, now_ms, 366))


def period(day: Period) -> tuple[object, ...]:
    values = (day.charge_amp_hours, day.load_amp_hours, day.charge_watt_hours, day.load_watt_hours)
    return (day.label, *(None if value is None else round(value, 1) for value in values), round(day.coverage_percent))


def test_a_sunny_week_adds_up(tmp_path: Path) -> None:
    write(tmp_path, 9 * 24 + 12, every_seconds=240)
    figures = energy(tmp_path, BEGAN_MS + 9 * DAY_MS + 12 * HOUR_MS)
    # 12 h of 20 A; the slopes between two readings at dawn and dusk cancel each other.
    assert [period(day) for day in figures.days[1:3]] == [
        ("2026-06-02", 240.0, 240.0, 6000.0, 6000.0, 100),
        ("2026-06-03", 240.0, 240.0, 6000.0, 6000.0, 100),
    ]
    assert {name: (each.days, round(each.charge_amp_hours or 0)) for name, each in figures.periods.items()} == {
        "today": (1, 119),  # until the last reading, at 11:56
        "yesterday": (1, 240),
        "this_week": (3, 599),
        "last_week": (7, 1680),
        "this_month": (10, 2279),
    }
    assert figures.usual_load_amp_hours == pytest.approx(240)
    assert [(night.date, night.depth_of_discharge_percent) for night in figures.nights[-2:]] == [
        ("2026-06-08", pytest.approx(30, abs=0.2)),
        ("2026-06-09", pytest.approx(30, abs=0.2)),
    ]
    # 120 Ah a night for 30 %: 400 Ah. 85 % now, 65 % of 400 Ah above the reserve, 240 Ah a day.
    assert figures.capacity_amp_hours == pytest.approx(400, rel=0.01)
    assert figures.autonomy_days == pytest.approx((85 - 20) / 100 * 400 / 240, rel=0.01)
    assert figures.days_since_float == pytest.approx(18.017 / 24, abs=0.01)
    assert figures.days_since_equalise is None
    assert dict(facts(figures))["Battery lasts"] == "1.1 days without sun, down to 20 %"


def test_a_gap_is_neither_bridged_nor_guessed(tmp_path: Path) -> None:
    write(tmp_path, 7)
    write(tmp_path, 14, since_hours=10)
    figures = energy(tmp_path, BEGAN_MS + DAY_MS)
    # 1 h + 8 h of charge less a minute before the gap, 21 h of load less one at each end.
    assert period(figures.days[0]) == ("2026-06-01", 179.7, 209.7, 4491.7, 5241.7, 87)
    assert figures.best is None
    assert figures.days[0].is_counted is False


def test_where_readings_are_missing_the_regulators_own_count_stands(tmp_path: Path) -> None:
    write(tmp_path, 12)
    record = Day(
        time_ms=BEGAN_MS + DAY_MS // 2, date="2026-06-01", charge_amp_hours=236.0, load_amp_hours=241.0,
        began_ms=BEGAN_MS, float_reached_seconds=16 * 3600.0, battery_min_volts=24.1,
    )  # fmt: skip
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append(record)
        journal.append(replace(record, date="2026-05-31", time_ms=record.time_ms - DAY_MS, began_ms=None))
        journal.append(replace(record, date="2026-05-31/2", time_ms=record.time_ms - DAY_MS + 1))
    figures = energy(tmp_path, BEGAN_MS + DAY_MS + HOUR_MS)
    assert [period(day) for day in figures.days] == [
        ("2026-05-31", 236.0, 241.0, None, None, 0),
        ("2026-06-01", 236.0, 241.0, pytest.approx(2995.8), pytest.approx(2995.8, abs=5), 50),
    ]
    assert [day.is_counted for day in figures.days] == [True, True]
    assert figures.days_since_float == pytest.approx(9 / 24)
    assert figures.days[1].battery_min_volts == 24.1


def test_values_that_are_absent_are_not_zero(tmp_path: Path) -> None:
    def blind(time_ms: int) -> Reading:
        return replace(sunny(time_ms), load_amps=None, load_watts=None, state_of_charge_percent=None)

    write(tmp_path, 24, make=blind)
    figures = energy(tmp_path, BEGAN_MS + DAY_MS)
    assert period(figures.days[0])[2:5] == (None, pytest.approx(6000, abs=10), None)
    assert figures.days[0].balance_amp_hours is None
    assert figures.nights == () or figures.nights[0].depth_of_discharge_percent is None
    assert as_dict(figures)["autonomy_days"] is None


def test_readings_farther_apart_than_eleven_minutes_count_if_that_is_usual(tmp_path: Path) -> None:
    write(tmp_path, 48, every_seconds=1200)
    figures = energy(tmp_path, BEGAN_MS + 2 * DAY_MS)
    assert round(figures.days[0].charge_amp_hours or 0) == 240


@pytest.mark.parametrize("seconds", [300.001, 600])
def test_a_day_is_whole_at_the_pace_of_a_low_battery(tmp_path: Path, seconds: float) -> None:
    write(tmp_path, 24, every_seconds=30)
    write(tmp_path, 25, since_hours=24, every_seconds=seconds)
    slow = energy(tmp_path, BEGAN_MS + 49 * HOUR_MS).days[1]
    assert (slow.coverage_percent, round(slow.load_amp_hours or 0)) == (pytest.approx(100, abs=0.1), 240)


def test_a_command_of_its_own_has_the_same_figures_as_the_page(tmp_path: Path) -> None:
    """`solar status --json` and the page must not differ, whether the page's file is there, stale or missing."""
    write(tmp_path, 60, every_seconds=120)
    now_ms = BEGAN_MS + 60 * HOUR_MS
    with Journal.open(tmp_path / "journal.db") as journal:
        alone = recent_energy(tmp_path, journal, now_ms)
        with Sums.open(tmp_path / "page.db") as sums:
            sums.update(journal, since_ms=BEGAN_MS + 30 * HOUR_MS)
        before = (tmp_path / "page.db").read_bytes()
        assert as_dict(recent_energy(tmp_path, journal, now_ms)) == as_dict(alone)
    assert (tmp_path / "page.db").read_bytes() == before


def test_no_journal_no_readings(tmp_path: Path) -> None:
    JournalWriter.create(tmp_path / "journal.db").close()
    figures = energy(tmp_path, BEGAN_MS)
    assert (figures.days, figures.nights, figures.periods, facts(figures)) == ((), (), {}, [])


def test_readings_after_today_are_not_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are many where the computer's clock has gone back by months."""
    write(tmp_path, 10 * 24)
    added: list[Stretch] = []

    class Seen(Sums):
        def close(self) -> None:
            added.extend(self.quarters(0, 2**62))
            super().close()

    monkeypatch.setattr("admin.energy.energy.Sums", Seen)
    with Journal.open(tmp_path / "journal.db") as journal:
        recent_energy(tmp_path, journal, BEGAN_MS + 2 * DAY_MS)
    assert 2 * DAY_MS < added[-1].began_ms - BEGAN_MS < 3 * DAY_MS
