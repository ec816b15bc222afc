"""The month's allowance, on given days of a month of 30."""

from datetime import UTC, datetime

import pytest

from uploader.drain.data_budget import wait_seconds

FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
DAY_16 = datetime(2026, 11, 16, tzinfo=UTC)
MB = 1_000_000
DAY = 86400


def test_up_to_half_of_it_goes_at_full_speed_on_the_first_day() -> None:
    assert wait_seconds(100, 49 * MB, FIRST_DAY) == 0.0


def test_what_the_days_gone_by_would_have_cost_is_free_too() -> None:
    assert wait_seconds(100, 79 * MB, datetime(2026, 11, 25, tzinfo=UTC)) == 0.0


def test_beyond_that_it_waits_until_so_much_of_the_month_has_passed() -> None:
    assert wait_seconds(100, 60 * MB, FIRST_DAY) == pytest.approx(18 * DAY)
    assert wait_seconds(100, 60 * MB, DAY_16) == pytest.approx(3 * DAY)
    assert wait_seconds(100, 60 * MB, datetime(2026, 11, 19, tzinfo=UTC)) == 0.0


@pytest.mark.parametrize("used", [100, 250])
def test_when_it_is_used_up_the_backlog_waits_for_the_next_month(used: int) -> None:
    assert wait_seconds(100, used * MB, DAY_16) == 15 * DAY


def test_december_ends_with_the_year() -> None:
    assert wait_seconds(1, 2 * MB, datetime(2026, 12, 31, tzinfo=UTC)) == pytest.approx(DAY)
