"""The regulator's clock against time."""

import pytest

from journal.reading import Reading
from logger.clock.regulator_clock import (
    DAY_MS,
    Phase,
    Sample,
    central_phase,
    ran_on,
    sample_of,
    shift_ms,
)

HOUR = 3600.0


def sample(hours: float, clock_hours: float) -> Sample:
    return Sample(round(hours * HOUR * 1000), clock_hours * HOUR)


@pytest.mark.parametrize(
    ("later", "earlier", "expected"),
    [
        pytest.param(sample(17, 17), sample(5, 5), True, id="the same day"),
        pytest.param(sample(29, 5), sample(17, 17), True, id="across midnight"),
        pytest.param(sample(24 * 30 + 5, 5.05), sample(5, 5), True, id="a month later, three minutes fast"),
        pytest.param(sample(17, 0.01), sample(16, 16), False, id="without power"),
        pytest.param(sample(17, 23), sample(16, 16), False, id="set ahead"),
        pytest.param(sample(17, 17.1), sample(16.9, 16.9), False, id="set ahead by its smallest step"),
    ],
)
def test_whether_a_clock_ran_on(later: Sample, earlier: Sample, expected: bool) -> None:
    assert ran_on(later, earlier) is expected


@pytest.mark.parametrize("hours", [-11, -1, 0, 1, 11])
def test_the_shift_is_that_of_the_midnight_whatever_the_day(hours: int) -> None:
    earlier = sample(12, 12)
    later = sample(12 + 24 * 5, 12 - hours)
    assert shift_ms(later, earlier) == hours * HOUR * 1000


def test_a_reading_without_its_clock_says_nothing() -> None:
    reading = Reading(time_ms=1, boot=1, uptime_ms=0)
    assert sample_of(reading) is None


def test_the_central_phase_leaves_out_a_stray_and_knows_that_the_day_is_round():
    phases = [Phase(number, value % DAY_MS) for number, value in enumerate([-3000, -1000, 1000, 2000, 30_000_000])]
    assert central_phase(phases).phase_ms == 1000
    assert central_phase([]) is None
