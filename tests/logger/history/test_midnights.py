"""When the regulator's midnights were, told by samples of its clock."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from logger.clock.regulator_clock import DAY_MS, Sample
from logger.history.midnights import RegulatorDay, days_before

HOUR_MS = 3_600_000


def lookup(samples: list[Sample]) -> Callable[[int], Sample | None]:
    def before(time_ms: int) -> Sample | None:
        return max((each for each in samples if each.time_ms < time_ms), key=lambda each: each.time_ms, default=None)

    return before


def sampled(from_hour: float, to_hour: float, clock_at_start: float, step_hours: float = 1.0) -> list[Sample]:
    """What readings from hour to hour say of a clock that showed so many hours at the first of them."""
    count = int((to_hour - from_hour) / step_hours) + 1
    return [
        Sample(round((from_hour + n * step_hours) * HOUR_MS), (clock_at_start + n * step_hours) % 24 * 3600)
        for n in range(count)
    ]


def hours(days: list[RegulatorDay]) -> list[tuple[float, float, bool]]:
    return [(day.began_ms / HOUR_MS, day.ended_ms / HOUR_MS, day.is_shown) for day in days]


def test_without_readings_from_before_midnights_are_counted_back_from_now() -> None:
    days = days_before(Sample(100 * HOUR_MS, 4 * 3600.0), lambda _: None)
    assert len(days) == 31
    assert hours(days)[:2] == [(72, 96, False), (48, 72, False)]


def test_midnights_between_readings_are_shown_however_long_nobody_read() -> None:
    samples = sampled(0, 30, 10) + sampled(24 * 12, 24 * 12 + 5, 10)
    *before, now = samples
    days = days_before(now, lookup(before))
    shown = [day for day in days if day.is_shown]
    assert [day.ended_ms / HOUR_MS for day in shown] == [14 + 24 * n for n in reversed(range(12))]
    assert not any(day.is_doubtful for day in days)
    assert days[12].ended_ms / HOUR_MS == -10


def test_a_clock_that_began_at_zero_ends_a_day_only_perhaps() -> None:
    *before, now = sampled(0, 30, 10) + sampled(30.5, 60, 0.25)  # power failed at 30:15
    days = days_before(now, lookup(before))
    assert hours(days)[:2] == [(30.25, 54.25, True), (14, 30.25, False)]
    assert [day.is_doubtful for day in days[:3]] == [False, True, False]
    assert hours(days)[2] == (-10, 14, True)


def test_a_clock_that_was_set_ahead_shortens_a_day() -> None:
    *before, now = sampled(0, 20, 6) + sampled(21, 60, 9)  # midnight was at 18:00, and is at 12:00 from then on
    days = days_before(now, lookup(before))
    assert hours(days)[:3] == [(36, 60, True), (18, 36, True), (-6, 18, True)]


def test_a_clock_that_was_set_back_behind_its_midnight_has_a_short_day() -> None:
    *before, now = sampled(0, 20, 6) + sampled(21, 60, 21)  # midnight was at 18:00, and is at 0:00 from then on
    assert hours(days_before(now, lookup(before)))[:3] == [(24, 48, True), (18, 24, True), (-6, 18, True)]


def test_where_the_clock_was_reset_while_nobody_read_the_days_between_are_assumed() -> None:
    *before, now = sampled(0, 10, 12) + sampled(100, 102, 5)
    days = days_before(now, lookup(before))
    assert [(day.ended_ms / HOUR_MS, day.is_shown) for day in days[:5]] == [
        (95, False), (71, False), (47, False), (12, False), (-12, False),
    ]  # fmt: skip


def test_a_clock_that_does_not_run_at_the_pace_of_time_is_soon_given_up() -> None:
    asked = []

    def before(time_ms: int) -> Sample | None:
        asked.append(time_ms)
        return lookup(samples)(time_ms)

    samples = [Sample(n * 10_000, n * 600 % 86_400) for n in range(2000)]
    assert len(days_before(Sample(2000 * 10_000, 1200.0), before)) >= 30
    assert len(asked) < 500


@given(st.floats(0, 23.9), st.integers(1, 20), st.integers(60, 400), st.integers(-6, 6))
def test_a_clock_that_runs_on_gives_a_midnight_every_24_hours(
    clock: float, step_minutes: int, count: int, jitter: int
) -> None:
    """Each reading of the clock may be some seconds off, which must neither lose a midnight nor make one up."""
    samples = [
        Sample(
            n * step_minutes * 60_000,
            (clock * 3600 + n * step_minutes * 60 + (jitter if n % 2 else 0)) % 86_400,
        )
        for n in range(count)
    ]
    *before, now = samples
    days = days_before(now, lookup(before))
    assert len(days) >= 30
    for day in days[:30]:
        assert abs(day.ended_ms - day.began_ms - DAY_MS) <= 14_000
        middle = (day.ended_ms / 1000 + clock * 3600 + 43_200) % 86_400 - 43_200
        assert abs(middle) <= 7
    assert [day.is_shown for day in days] == sorted((day.is_shown for day in days), reverse=True)
