"""Anomalies, found from one reading to the next."""

import pytest

from journal.reading import Reading
from logger.anomalies import Anomalies

NOON = 12 * 3600.0


def reading(seconds: float, clock: float | None = None, boot: int = 1, **quantities: object) -> Reading:
    """A reading so many seconds after noon, when the regulator's clock showed 12:00."""
    shown = NOON + seconds if clock is None else clock
    time_ms = round(seconds * 1000)
    defaults = {"model": "PL80", "solar_disconnected": 0}
    return Reading(
        time_ms=time_ms,
        boot=boot,
        uptime_ms=time_ms if boot == 1 else time_ms % 1000,
        regulator_clock_seconds=shown % 86_400,
        raw=bytes([46, 0]),
        **(defaults | quantities),  # type: ignore[arg-type]
    )


def told(*readings: Reading, is_trusted: bool = True, last: Reading | None = None) -> list[str]:
    anomalies = Anomalies(last)
    return [f"{c.kind}: {c.message}" for each in readings for c in anomalies.notice(each, is_trusted=is_trusted)]


def test_readings_one_after_the_other_are_not_odd() -> None:
    assert told(*(reading(n * 10, internal_charge_amp_hours=n) for n in range(50))) == []


def test_a_midnight_is_not_odd_although_counters_fall() -> None:
    before = [reading(43_190 - n, internal_load_amp_hours=90) for n in (20, 10)]
    assert told(*before, reading(43_210, internal_load_amp_hours=0)) == []


def test_a_counter_that_falls_just_before_midnight_is_given_the_benefit_of_the_doubt() -> None:
    assert told(reading(43_100, internal_load_amp_hours=90), reading(43_110, internal_load_amp_hours=0)) == []


def test_a_counter_that_falls_in_broad_daylight() -> None:
    kinds = told(
        reading(0, internal_charge_amp_hours=45, internal_load_amp_hours=3),
        reading(10, internal_charge_amp_hours=0, internal_load_amp_hours=3),
        reading(20, internal_charge_amp_hours=0, internal_load_amp_hours=3),
    )
    assert kinds == ["counters_reset: counters were reset, but not at midnight: charge through the regulator 45 → 0 Ah"]


def test_counters_of_the_day_before_yesterday_are_not_held_against_those_of_today() -> None:
    assert told(reading(0, internal_charge_amp_hours=45), reading(30 * 3600, boot=2, internal_charge_amp_hours=4)) == []


def test_a_clock_that_one_reading_alone_shows_otherwise_is_not_odd() -> None:
    assert told(reading(0), reading(10), reading(20, clock=3.0), reading(30), reading(40)) == []


def test_a_power_failure_of_the_regulator_is_one_event() -> None:
    (words,) = told(
        reading(0, internal_charge_amp_hours=45),
        reading(10, clock=4, internal_charge_amp_hours=0),
        reading(20, clock=14, internal_charge_amp_hours=0),
        reading(30, clock=24, internal_charge_amp_hours=0),
    )
    assert words == (
        "regulator_clock_changed: the regulator's clock restarted at 0:00, as after a power failure: it should show "
        "12:00, but shows 0:00; its counters were reset: charge through the regulator 45 → 0 Ah"
    )


@pytest.mark.parametrize(("clock", "words"), [(17.9 * 3600, "set 5 h 54 min ahead"), (3 * 3600, "set 9 h back")])
def test_a_clock_that_is_set(clock: float, words: str) -> None:
    (said,) = told(
        reading(0), reading(10, clock=clock + 10), reading(20, clock=clock + 20), reading(30, clock=clock + 30)
    )
    assert words in said


def test_a_clock_that_runs_sixty_times_too_fast_is_left_alone() -> None:
    counters = {"internal_charge_amp_hours": 5.0}
    assert told(*(reading(n * 10, clock=n * 600, **counters) for n in range(1000))) == []


@pytest.mark.parametrize(("is_trusted", "count"), [(True, 1), (False, 0)])
def test_between_two_boots_only_a_trusted_time_tells(is_trusted: bool, count: int) -> None:
    later = [reading(7200 + n * 10, clock=60 + n * 10, boot=2) for n in range(3)]
    assert len(told(*later, is_trusted=is_trusted, last=reading(0))) == count


def test_somebody_looks_at_solv_and_goes_away() -> None:
    states = [0, 1, None, 1, 0, None, 0]
    said = told(*(reading(n * 10, solar_disconnected=state) for n, state in enumerate(states)))
    assert [each.split(":")[0] for each in said] == ["solar_disconnected", "solar_reconnected"]


def test_solv_that_was_there_before_the_start_is_not_told_again() -> None:
    assert told(reading(10, solar_disconnected=1), last=reading(0, solar_disconnected=1)) == []


def test_another_models_clock_and_counters_are_not_held_against_the_old_ones() -> None:
    assert (
        told(
            reading(0, internal_charge_amp_hours=45),
            reading(10, clock=5 * 3600, model="PL60", internal_charge_amp_hours=1),
            reading(20, clock=5 * 3600 + 10, model="PL60", internal_charge_amp_hours=1),
        )
        == []
    )


def test_a_reading_without_the_clock_is_passed_over() -> None:
    without = Reading(time_ms=20_000, boot=1, uptime_ms=20_000, model="PL80", internal_charge_amp_hours=0.0)
    assert told(reading(10, internal_charge_amp_hours=9.0), without, reading(30, internal_charge_amp_hours=9.0)) == []
