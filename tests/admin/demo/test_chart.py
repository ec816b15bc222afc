import re

import pytest

from admin.demo.chart import draw, unrolled
from journal.reading import Reading


def at(hour: float, volts: float | None, charge: float | None, load: float | None) -> Reading:
    seconds = hour % 24 * 3600
    return Reading(
        time_ms=1, boot=1, uptime_ms=1, regulator_clock_seconds=seconds, battery_volts=volts, charge_amps=charge,
        load_amps=load,
    )  # fmt: skip


DAY = [at(6 + number / 10, 24 + number / 30, max(0.0, 40 - abs(number - 60)), 5.0) for number in range(120)]


@pytest.mark.parametrize("has_colour", [True, False])
def test_a_day_fits_80_columns_and_two_dozen_lines(has_colour: bool) -> None:
    shown = draw(DAY, has_colour=has_colour)
    plain = re.sub(r"\x1b\[[\d;]*m", "", shown)
    assert max(map(len, plain.splitlines())) <= 80
    assert len(plain.splitlines()) <= 23
    assert ("\x1b" in shown) == has_colour
    for word in ("battery volts", "charge", "load", "8:00", "16:00", "24.0", "40.0"):
        assert word in plain


def test_without_colour_charge_and_load_have_signs_of_their_own() -> None:
    below = draw(DAY, has_colour=False).split("amperes")[1]
    assert "oo load" in below
    assert "oo charge" not in below


def test_time_goes_on_after_the_regulators_midnight() -> None:
    assert unrolled([86_340.0, None, 60.0, 7200.0]) == [
        pytest.approx(23.983, abs=0.001),
        None,
        pytest.approx(24.017, abs=0.001),
        26.0,
    ]
    assert "0:00" in draw([at(hour / 4, 24.0 + hour / 50, 0.0, 5.0) for hour in range(80, 116)], has_colour=False)


def test_readings_with_gaps_are_drawn_as_far_as_they_go() -> None:
    shown = draw([*DAY[:50], at(11, None, None, None), *DAY[55:]], has_colour=False)
    assert "battery volts" in shown


@pytest.mark.parametrize("readings", [[], [at(6, 24.0, 1.0, 1.0)], [at(6, None, 1.0, 1.0)] * 5])
def test_too_little_is_no_chart(readings: list[Reading]) -> None:
    assert draw(readings, has_colour=False) == ""
