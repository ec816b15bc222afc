"""What the readings of a day add up to."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.reading import Day, Reading
from journal.writer import JournalWriter
from logger.energy.quarters import longest_gap_ms
from logger.history.sums import DaySums, measured, sum_up, trusted

MINUTE = 60_000
HOUR = 60 * MINUTE


def test_constant_currents_over_a_whole_day() -> None:
    readings = [(n * MINUTE, 10.0, 2.5) for n in range(-2, 24 * 60 + 3)]
    assert sum_up(readings, 0, 24 * HOUR) == DaySums(240.0, 60.0, 100.0)


def test_a_trapezoid_is_cut_off_where_the_day_ends() -> None:
    readings = [(-2 * MINUTE, 0.0, 0.0), (2 * MINUTE, 60.0, 60.0)]
    # From 30 A to 60 A in two minutes.
    assert sum_up(readings, 0, HOUR) == DaySums(1.5, 1.5, 3.3)


def test_a_gap_is_not_bridged() -> None:
    readings = [(0, 6.0, 6.0), (5 * MINUTE, 6.0, 6.0), (11 * MINUTE, 6.0, 6.0), (16 * MINUTE, 6.0, 6.0)]
    assert sum_up(readings, 0, HOUR, 5 * MINUTE) == DaySums(1.0, 1.0, 16.7)
    rare = [(0, 6.0, 6.0), (11 * MINUTE, 6.0, 6.0), (22 * MINUTE + 1, 6.0, 6.0)]
    assert sum_up(rare, 0, HOUR) == DaySums(1.1, 1.1, 18.3)
    assert sum_up(readings, 0, HOUR, 6 * MINUTE) == DaySums(1.6, 1.6, 26.7)


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


def test_a_current_that_could_not_be_read_is_bridged_like_a_gap() -> None:
    readings = [(n * MINUTE, None if n % 2 else 6.0, None) for n in range(61)]
    assert sum_up(readings, 0, HOUR) == DaySums(6.0, None, 100.0)


@pytest.mark.parametrize("readings", [[], [(5 * MINUTE, 10.0, 10.0)], [(-9 * HOUR, 1.0, 1.0), (9 * HOUR, 1.0, 1.0)]])
def test_where_nothing_is_covered_there_is_no_sum(readings: list[tuple[int, float, float]]) -> None:
    assert sum_up(readings, 0, HOUR) == DaySums(None, None, 0.0)


@given(st.lists(st.integers(0, 3 * HOUR), unique=True, max_size=60), st.floats(0, 80))
def test_a_constant_current_is_its_amperes_times_the_covered_hours(times: list[int], amps: float) -> None:
    sums = sum_up([(each, amps, 0.0, None, None) for each in sorted(times)], HOUR, 2 * HOUR)
    if sums.charge_amp_hours is not None:
        assert sums.charge_amp_hours == pytest.approx(amps * sums.coverage_percent / 100, abs=amps * 0.0006 + 0.006)


@pytest.mark.parametrize(("interval", "expected"), [(1, 660_000), (10, 660_000), (300, 900_000)])
def test_how_far_apart_neighbours_may_be(interval: float, expected: int) -> None:
    assert longest_gap_ms(interval) == expected


def test_watts_become_watt_hours_in_the_same_way() -> None:
    readings = [(n * MINUTE, 10.0, 2.0, 250.0, None if n > 30 else 50.0) for n in range(61)]
    assert sum_up(readings, 0, HOUR) == DaySums(10.0, 2.0, 100.0, 250.0, 25.0)


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
