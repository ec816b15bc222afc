import ast
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import simulator
from simulator.weather import Weather
from tests.simulator.bench import DAY, HOUR

moments = st.floats(0, 400 * DAY)
seeds = st.integers(0, 2**31)


@given(seed=seeds, seconds=moments)
def test_everything_stays_within_its_bounds(seed: int, seconds: float) -> None:
    weather = Weather(seed)
    assert 0 <= weather.sunlight(seconds) <= 1
    assert 0 <= weather.household(seconds) <= 1
    assert 0 <= weather.wind(seconds) <= 1
    assert 0 <= weather.inverter(seconds) <= 1
    assert 0 < weather.celsius(seconds) < 40


@given(seed=seeds, seconds=moments)
def test_the_same_seed_has_the_same_weather(seed: int, seconds: float) -> None:
    assert Weather(seed).sunlight(seconds) == Weather(seed).sunlight(seconds)


@given(seed=seeds, day=st.integers(0, 400), hour=st.one_of(st.floats(0, 5.99), st.floats(18.6, 23.99)))
def test_there_is_no_sun_at_night(seed: int, day: int, hour: float) -> None:
    assert Weather(seed).sunlight(day * DAY + hour * HOUR) == 0


@given(seed=seeds, seconds=moments)
def test_the_sky_does_not_change_between_two_ticks(seed: int, seconds: float) -> None:
    weather = Weather(seed)
    assert abs(weather.sunlight(seconds) - weather.sunlight(seconds + 2)) < 0.05


def test_no_two_days_are_alike() -> None:
    weather = Weather(1)
    totals = {sum(weather.sunlight(day * DAY + hour * HOUR) for hour in range(24)) for day in range(20)}
    assert len(totals) == 20
    assert max(totals) > 1.3 * min(totals)


def test_the_simulator_needs_nothing_but_the_standard_library() -> None:
    folder = Path(simulator.__file__).parent
    imported = set()
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    assert imported - {"simulator"} <= set(sys.stdlib_module_names)
