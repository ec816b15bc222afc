"""Stories of the regulator's own days: what it remembers, and which day each record is."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from journal.reading import Day
from logger.line.frame import READ_EEPROM
from simulator import HistoryDay
from tests.stories.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def dates(days: Sequence[Day]) -> list[str]:
    return [day.date for day in days]


def dates_until(last: str, count: int) -> list[str]:
    return [(date.fromisoformat(last) - timedelta(days=ago)).isoformat() for ago in reversed(range(count))]


def remembered(day: Day | HistoryDay) -> tuple[float | None, ...]:
    return (
        day.battery_max_volts,
        day.battery_min_volts,
        day.float_reached_seconds or None,
        day.state_of_charge_percent,
        day.charge_amp_hours,
        day.load_amp_hours,
    )


def what_the_regulator_says(site: Site) -> list[tuple[float | None, ...]]:
    return [remembered(day) for day in reversed(site.simulator.history())]


def test_at_the_first_start_the_last_thirty_days_are_there(site: Site) -> None:
    days = site.logging(hours=3).days()
    assert dates(days) == dates_until("2026-03-09", 30)
    assert [remembered(day) for day in days] == what_the_regulator_says(site)
    assert {day.date_is_estimated for day in days} == {1}
    assert {(day.measured_charge_amp_hours, day.coverage_percent) for day in days} == {(None, 0.0)}
    assert {day.model for day in days} == {"PL80"}


def test_each_midnight_brings_one_day_with_what_the_readings_add_up_to(site: Site) -> None:
    days = site.logging(days=1.7).days()
    assert dates(days) == dates_until("2026-03-11", 32)
    for day in days[-1:]:
        assert (day.date_is_estimated, day.coverage_percent) == (0, 100.0)
        assert day.measured_charge_amp_hours == pytest.approx(day.charge_amp_hours, rel=0.02)
        assert day.measured_load_amp_hours == pytest.approx(day.load_amp_hours, rel=0.03)
        assert 24 * day.measured_charge_amp_hours < day.measured_charge_watt_hours < 30 * day.measured_charge_amp_hours
        assert 24 * day.measured_load_amp_hours < day.measured_load_watt_hours < 30 * day.measured_load_amp_hours
        assert day.ended_ms - day.began_ms == pytest.approx(86_400_000, abs=5000)
        assert 0 < day.night_used_percent <= day.depth_of_discharge_percent < 100
        assert 0 < day.night_used_amp_hours < day.measured_load_amp_hours
        assert day.autonomy_days > 0
    assert [remembered(day) for day in days][-30:] == what_the_regulator_says(site)
    assert site.odd_kinds() == []


def test_a_day_is_stored_once_however_often_the_logger_starts(site: Site) -> None:
    site.logging(hours=1)
    before = site.days()
    for _ in range(3):
        site.logging(hours=1)
    assert site.days() == before


def test_after_days_in_which_the_pi_was_dead_they_are_there_all_the_same(site: Site) -> None:
    site.logging(hours=3).passing(days=4).logging(hours=3)
    days = site.days()
    assert dates(days) == dates_until("2026-03-13", 34)
    assert [remembered(day) for day in days][-30:] == what_the_regulator_says(site)
    # Its clock ran on all the while, so there is no doubt about the dates.
    assert [day.date_is_estimated for day in days][-4:] == [0] * 4
    assert [day.coverage_percent for day in days][-3:] == [0.0] * 3
    assert site.odd_kinds() == []


@pytest.mark.long
@pytest.mark.parametrize("dead", [29, 30, 31, 34, 63])
def test_after_a_month_or_more_the_last_thirty_are_there(site: Site, dead: int) -> None:
    site.logging(hours=3).passing(days=dead).logging(hours=3)
    last = date(2026, 3, 9) + timedelta(days=dead)
    expected = dates_until("2026-03-09", 30) + dates_until(last.isoformat(), 30)
    assert dates(site.days()) == sorted(set(expected))
    assert [remembered(day) for day in site.days()][-30:] == what_the_regulator_says(site)


def test_a_clock_hours_off_makes_its_own_days(tmp_path: Path) -> None:
    """A real PL80 showed 23.4 h at 17:30: its day ended at 18:06 and lay mostly in the date of its end."""
    site = Site(tmp_path, "2026-03-10T17:30", clock_offset_hours=5.9).logging(hours=3)
    assert dates(site.days()) == dates_until("2026-03-10", 31)
    newest = site.days()[-1]
    assert newest.date_is_estimated == 0
    assert (newest.ended_ms - 1_773_165_960_000) / 1000 == pytest.approx(0, abs=5)  # 18:06
    site.logging(hours=23)
    assert dates(site.days()) == dates_until("2026-03-11", 32)


def test_a_power_cut_of_the_regulator_shortens_a_day_and_moves_its_midnights(site: Site) -> None:
    site.logging(hours=4)  # until 14:00
    site.simulator.power_cycle()
    site.logging(hours=27, restart=False)
    days = site.days()
    # 10 March has no record: at its midnight there was none, and the next one, at 14:00, ended a day of 11 March.
    assert dates(days) == [*dates_until("2026-03-09", 30), "2026-03-11"]
    assert [remembered(day) for day in days][-30:] == what_the_regulator_says(site)
    assert days[-1].date_is_estimated == 0
    assert days[-1].measured_charge_amp_hours == pytest.approx(days[-1].charge_amp_hours, rel=0.02)
    assert site.odd_kinds() == ["regulator_clock_changed"]


def test_a_blackout_of_both_leaves_no_day_out_and_none_twice(site: Site) -> None:
    site.logging(hours=20)  # until 6:00 of the 11th
    site.passing(hours=5)
    site.simulator.power_cycle()
    site.logging(hours=27)
    # The last day began at 11:00 of the 11th.
    assert dates(site.days()) == dates_until("2026-03-11", 32)
    assert [day.date_is_estimated for day in site.days()][-2:] == [0, 0]
    assert site.odd_kinds() == ["regulator_clock_changed"]
    assert "restarted at 0:00" in site.events("regulator_clock_changed")[0].message


def test_a_clock_that_is_put_right_shortens_one_day(tmp_path: Path) -> None:
    site = Site(tmp_path, clock_offset_hours=-6).logging(hours=6)  # its midnight is at 6:00
    site.simulator.set_clock(16 * 3600)
    site.logging(hours=34, restart=False)
    # The one from 6:00 to 24:00 of the 10th, and the 11th.
    assert dates(site.days()) == dates_until("2026-03-11", 32)
    shortened = site.days()[-2]
    assert (shortened.date, shortened.ended_ms - shortened.began_ms) == (
        "2026-03-10",
        pytest.approx(18 * 3.6e6, abs=9000),
    )
    assert [day.date_is_estimated for day in site.days()][-2:] == [0, 0]


def test_blank_slots_are_no_days(tmp_path: Path) -> None:
    for blank in (0x00, 0xFF):
        (tmp_path / str(blank)).mkdir()
        site = Site(tmp_path / str(blank), history_days=3, blank_byte=blank).logging(hours=2)
        assert dates(site.days()) == dates_until("2026-03-09", 3)
        site.logging(hours=15)
        assert dates(site.days()) == dates_until("2026-03-10", 4)


def test_a_pointer_that_moves_while_the_history_is_read_makes_it_be_read_again(site: Site) -> None:
    """It cannot, so far from midnight; but who knows every regulator?"""
    pointers = []

    def count(command: int, address: int) -> None:
        if (command, address) == (READ_EEPROM, 45):
            pointers.append(address)
        if (command, address) == (READ_EEPROM, 200) and len(pointers) < 5:
            site.simulator.set_clock(86_398)
            site.passing(hours=0.002)
            site.simulator.set_clock(11 * 3600)

    site.before = count
    site.logging(hours=3)
    assert [remembered(day) for day in site.days()][-30:] == what_the_regulator_says(site)
    assert [day.raw[0] for day in site.days()][-1] == 46 + 7 * site.simulator.eeprom()[45]


def test_nothing_is_read_of_the_history_near_the_regulators_midnight(tmp_path: Path) -> None:
    site = Site(tmp_path, "2026-03-10T23:45", interval_seconds=60)
    asked = []

    def note(command: int, address: int) -> None:
        if command == READ_EEPROM:
            asked.append(site.simulator.truth().regulator_clock_seconds)

    site.before = note
    site.logging(hours=0.5)
    assert all(600 <= seconds <= 85_800 for seconds in asked)
    assert min(asked) < 40_000 < max(asked)
    assert dates(site.days())[-1:] in ([], ["2026-03-10"])
    site.logging(hours=1)
    assert dates(site.days()) == dates_until("2026-03-10", 31)


def test_a_midnight_while_the_logger_polls_fast_loses_no_day(tmp_path: Path) -> None:
    site = Site(tmp_path, "2026-03-10T23:30", interval_seconds=10).logging(hours=0.9)
    assert dates(site.days()) == dates_until("2026-03-10", 31)
    newest = site.days()[-1]
    assert (newest.date_is_estimated, newest.coverage_percent) == (0, pytest.approx(2.1, abs=0.1))


def test_another_regulators_past_is_not_taken_for_ours(site: Site) -> None:
    site.logging(hours=3)
    before = site.days()
    site.simulator.swap_regulator(model="PL60", seed=7)
    site.logging(hours=3)
    assert site.days() == before
    assert {"model_changed", "history_replaced"} <= set(site.odd_kinds())
    site.logging(hours=10)
    assert dates(site.days()) == dates_until("2026-03-10", 31)
    assert site.days()[-1].model == "PL60"
    site.logging(hours=24)
    assert dates(site.days()) == dates_until("2026-03-11", 32)
    assert site.odd_kinds().count("history_replaced") == 1
