"""The amperes of a step, from the simulator's memory at whatever step it really has."""

import math
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logger.amperes.calibration import RawReading, Survey
from logger.amperes.estimate import Estimate, Piece, estimate
from logger.amperes.voltage_check import VoltageCheck
from simulator import HandClock, Simulator, SimulatorOptions


def made(
    step: float, hours: float = 30, interval: float = 60, cut_off: bool = True, start_clock: float = 0, **bytes_of: int
) -> Iterable[RawReading]:
    """Readings of a sine-shaped current whose counter counts it truly; half a day of it, then again."""
    counted = 0.0
    for n in range(int(hours * 3600 / interval)):
        seconds = start_clock + n * interval
        amps = 60 * max(0.0, math.sin(seconds / 43_200 * math.pi)) ** 2 + 3
        if n and seconds % 86_400 < interval:
            counted = 0.0
        counted += amps * interval / 3600 if n else 0.0
        of_day = int(seconds) % 86_400
        ram = {0: 222, 48: of_day // 360, 47: of_day % 360 // 60, 46: of_day % 60 // 2}
        ram |= {213: min(255, int(amps / step) if cut_off else round(amps / step)), 188: int(counted) % 256}
        ram |= {189: int(counted) // 256, 102: 0, 126: 0}
        yield RawReading(round(n * interval * 1000), ram | {int(name[3:]): value for name, value in bytes_of.items()})


def charge(readings: Iterable[RawReading]) -> Estimate:
    survey = Survey()
    for each in readings:
        survey.add(each)
    return survey.estimates()[0]


@pytest.mark.parametrize("cut_off", [True, False])
@settings(max_examples=12, derandomize=True)  # one in some hundred may lie beyond 3 sigma, and so it should
@given(st.floats(0.3, 0.8), st.sampled_from([30, 60, 240]), st.floats(0, 80_000))
def test_the_step_is_found_within_its_uncertainty(cut_off: bool, step: float, interval: float, start: float) -> None:
    found = charge(made(step, hours=40, interval=interval, cut_off=cut_off, start_clock=start))
    assert found.is_enough
    assert abs(found.step_amps - step) <= 3 * found.uncertainty_amps
    assert found.uncertainty_amps < 0.01 * step


@pytest.mark.parametrize("options", [{"charge_step_amps": 0.5, "load_step_amps": 0.25}, {"model": "PL60"}, {}])
def test_the_simulators_steps_are_found(options: dict[str, object]) -> None:
    clock = HandClock()
    simulator = Simulator(SimulatorOptions(**options), clock=clock)  # type: ignore[arg-type]
    survey = Survey()
    for n in range(1000):
        clock.advance(100)
        survey.add(RawReading(n * 100_000, dict(enumerate(simulator.ram()))))
    charge_estimate, load_estimate = survey.estimates()
    assert charge_estimate.proposal == Fraction(str(simulator.options.charge_step))
    assert load_estimate.proposal == Fraction(str(simulator.options.load_step))
    assert survey.voltage.is_tracking


def test_less_than_fifty_ampere_hours_are_not_enough() -> None:
    little = charge(made(0.4, hours=0.7, start_clock=20_000))
    assert (little.amp_hours < 50, little.is_enough) == (True, False)
    assert little.step_amps == pytest.approx(0.4, rel=0.1)


def test_without_a_count_there_is_nothing_to_say() -> None:
    found = charge(made(0.4, hours=0.2))
    assert (found.step_amps, found.amp_hours, found.proposal, found.is_enough) == (None, 0, None, False)
    assert not found.agrees_with(0.4)


def spoiled(readings: list[RawReading], index: int, **changes: int) -> list[RawReading]:
    ram = {**readings[index].ram, **{int(name[3:]): value for name, value in changes.items()}}
    return [*readings[:index], RawReading(readings[index].time_ms, ram), *readings[index + 1 :]]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda all_of: all_of[:400] + all_of[460:], id="an hour without readings"),
        pytest.param(lambda all_of: spoiled(all_of, 400, ram102=39, ram213=0), id="SOLV"),
        pytest.param(lambda all_of: spoiled(all_of, 400, ram213=255), id="a byte at its end"),
        pytest.param(
            lambda all_of: [
                RawReading(each.time_ms, {**each.ram, 188: 0, 189: 0}) if 400 <= n < 410 else each
                for n, each in enumerate(all_of)
            ],
            id="counters cleared",
        ),
        pytest.param(
            lambda all_of: [
                RawReading(each.time_ms, {a: v for a, v in each.ram.items() if n % 7 or a != 213})
                for n, each in enumerate(all_of)
            ],
            id="a byte now and then unread",
        ),
    ],
)
def test_what_is_odd_is_left_out(spoil) -> None:
    readings = list(made(0.4, hours=12))
    found = charge(spoil(readings))
    assert abs(found.step_amps - 0.4) <= 2.5 * found.uncertainty_amps
    assert found.uncertainty_amps < 0.02


def test_another_model_begins_anew() -> None:
    first = list(made(0.4, hours=10))
    second = [RawReading(each.time_ms + 36_000_000, each.ram) for each in made(0.2, hours=10, ram0=139)]
    survey = Survey()
    for each in [*first, *second]:
        survey.add(each)
    found = survey.estimates()[0]
    assert (survey.model.name, found.model, round(found.step_amps, 2)) == ("PL40", "PL40", 0.2)


@pytest.mark.parametrize(
    ("step", "uncertainty", "proposal"),
    [
        pytest.param(0.503, 0.004, "0.5", id="a round number it agrees with"),
        pytest.param(0.3137, 0.001, "0.3137", id="no round number"),
        pytest.param(0.42, 0.02, "0.42", id="too uncertain to tell round numbers apart"),
        pytest.param(0.006, 0.004, "0.006", id="never zero"),
    ],
)
def test_what_is_proposed(step: float, uncertainty: float, proposal: str) -> None:
    assert Estimate("charge", "PL80", 100, 9, step, uncertainty).proposal == Fraction(proposal)


def test_pieces_that_differ_among_each_other_make_it_less_certain() -> None:
    alike = [Piece(10, 25.0, 0.5) for _ in range(20)]
    unlike = [Piece(10, 25.0 + (2 if n % 2 else -2), 0.5) for n in range(20)]
    assert estimate("charge", "PL80", unlike).uncertainty_amps > 2 * estimate("charge", "PL80", alike).uncertainty_amps


def test_a_voltage_that_is_another_one_is_found_out() -> None:
    check, other = VoltageCheck(), VoltageCheck()
    for msb in range(60, 140):
        check.add({50: 75 + msb // 2, 220: 128, 221: msb})
        other.add({50: 75 + msb, 220: 128, 221: msb})
    assert (check.is_tracking, check.mean_tenths) == (True, pytest.approx(0.5, abs=0.01))
    assert not other.is_tracking
    assert not VoltageCheck().is_tracking
