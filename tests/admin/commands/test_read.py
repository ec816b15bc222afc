import re

import pytest

from admin.commands.read import lines
from journal.reading import Reading
from simulator import HandClock, RunningSimulator, SimulatorOptions
from tests.admin.conftest import Solar, redirected, start

SCREEN = """\
PL80 at TIME

battery_volts                25.0 V  battery voltage
battery_celsius               21 °C  battery temperature; none without a sensor
state_of_charge_percent        76 %  state of charge, the regulator's estimate
"""


def test_every_value_has_a_unit_and_a_meaning_and_fits_80_columns(solar: Solar, regulator: RunningSimulator) -> None:
    ran = solar("read", "--port", regulator.port)
    assert (ran.code, ran.err) == (0, "")
    shown = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", ran.out)
    assert shown.startswith(SCREEN)
    assert re.search(r"^regulator_clock_seconds +10:00:00  the regulator's time of day$", shown, re.MULTILINE)
    assert re.search(r"^alarm +no  the battery alarm is on$", shown, re.MULTILINE)
    assert "external_charge_amps " not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_regulators_time_of_day_has_two_digits_before_ten() -> None:
    shown = lines(Reading(time_ms=0, boot=1, uptime_ms=0, regulator_clock_seconds=32_706.0))
    assert any(re.match("regulator_clock_seconds +09:05:06 ", line) for line in shown)


def test_what_is_on_a_shunt_is_shown_where_there_is_one(solar: Solar) -> None:
    options = SimulatorOptions(answer_seconds=(0, 0), external_charge=True)
    with RunningSimulator(options, clock=HandClock()) as running:
        assert re.search(r"^external_charge_amps +[\d.]+ A ", solar("read", "--port", running.port).out, re.MULTILINE)


def test_while_the_logger_runs_it_says_who_holds_the_port(solar: Solar, regulator: RunningSimulator) -> None:
    with start("log", "--port", regulator.port, "--interval", "0.1") as process:
        assert process.stderr
        process.stderr.readline()
        ran = solar("read", "--port", regulator.port)
        process.terminate()
        process.wait(timeout=5)
    assert ran.code == 1
    held = rf"cannot open {regulator.port}: \S+ \(process {process.pid}\) is using it; only one program at a time can\n"
    assert re.fullmatch(held, ran.err)


@pytest.mark.long
def test_nothing_that_answers_is_told_in_one_line(solar: Solar, regulator: RunningSimulator) -> None:
    regulator.simulator.unplug()
    ran = solar("read", "--port", regulator.port)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "regulator" in ran.err


def test_on_a_terminal_a_bar_counts_the_steps_and_goes_away(regulator: RunningSimulator) -> None:
    ran = redirected(None, "read", "--port", regulator.port)
    assert ran.code == 0
    assert ran.out.startswith("PL80 at ")
    assert "20 of 20 steps" in ran.err
    assert ran.err.endswith("\x1b[2K")
