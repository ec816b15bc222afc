"""What the readings of a day add up to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.energy.quarters import longest_gap_ms
from logger.history.sums import DaySums, sum_up

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
