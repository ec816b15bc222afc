"""Backoff: bounds, jitter and Retry-After."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploader.drain.backoff import Backoff


@pytest.mark.parametrize(("failures", "bound"), [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (500, 60)])
def test_the_bound_doubles_up_to_a_minute(failures: int, bound: float) -> None:
    assert Backoff().seconds(failures, 100.0, None, 1.0) == bound
    assert Backoff().seconds(failures, 100.0, None, 0.0) == 0.0


def test_after_hours_of_failures_the_bound_grows_to_a_quarter_of_an_hour() -> None:
    bounds = [Backoff().seconds(1000, hours * 3600.0, None, 1.0) for hours in (1, 1.5, 2, 3, 100)]
    assert bounds == sorted(bounds)
    assert bounds[0] == 60.0
    assert bounds[-1] == 900.0


@given(st.integers(1, 10_000), st.floats(0, 1e6), st.floats(0, 900), st.floats(0, 1, exclude_max=True))
def test_what_the_server_asks_for_is_waited_in_full(failures: int, since: float, asked: float, chance: float) -> None:
    seconds = Backoff().seconds(failures, since, asked, chance)
    assert asked <= seconds <= 900.0


def test_many_who_were_asked_to_wait_as_long_do_not_come_back_together() -> None:
    assert Backoff().seconds(3, 10.0, 30.0, 0.0) != Backoff().seconds(3, 10.0, 30.0, 0.9)


def test_a_wrong_setting_is_tried_again_in_4_to_6_minutes() -> None:
    assert (Backoff().misconfigured(0.0), Backoff().misconfigured(1.0)) == pytest.approx((240.0, 360.0))
