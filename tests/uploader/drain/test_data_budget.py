"""The month's allowance, on given days of a month of 30."""

from datetime import UTC, datetime

import pytest

from uploader.drain.data_budget import DataBudget

FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)
DAY_16 = datetime(2026, 11, 16, tzinfo=UTC)
MB = 1_000_000


def test_up_to_half_of_it_goes_at_full_speed_on_the_first_day() -> None:
    assert DataBudget(100).pause_seconds(49 * MB, MB, FIRST_DAY) == 0.0


def test_what_the_days_gone_by_would_have_cost_is_free_too() -> None:
    assert DataBudget(100).pause_seconds(79 * MB, MB, datetime(2026, 11, 25, tzinfo=UTC)) == 0.0


def test_beyond_that_the_rest_is_spread_over_the_rest_of_the_month() -> None:
    assert DataBudget(100).pause_seconds(60 * MB, MB, DAY_16) == pytest.approx(15 * 86400 / 40)


def test_what_the_newest_readings_will_need_is_kept_for_them() -> None:
    pause = DataBudget(100, newest_bytes_per_second=20 * MB / (15 * 86400)).pause_seconds(60 * MB, MB, DAY_16)
    assert pause == pytest.approx(15 * 86400 / 20)


@pytest.mark.parametrize("used", [99.5, 100, 250])
def test_when_it_is_used_up_the_backlog_waits_for_the_next_month(used: float) -> None:
    assert DataBudget(100).pause_seconds(int(used * MB), MB, DAY_16) == 15 * 86400


def test_december_ends_with_the_year() -> None:
    assert DataBudget(1).pause_seconds(2 * MB, MB, datetime(2026, 12, 31, tzinfo=UTC)) == 86400
