"""`solar history`: the month as the regulator remembers it."""

from pathlib import Path

import pytest

from journal.reading import Day
from journal.writer import JournalWriter
from logger.clock.trust import ThisComputer
from logger.line.port import open_port
from simulator import HandClock, RunningSimulator, SimulatorOptions
from tests.admin.conftest import Solar, contents

STORED = Day(
    time_ms=1_767_268_800_000,
    date="2026-01-01",
    date_is_estimated=0,
    began_ms=1_767_225_600_000,
    ended_ms=1_767_312_000_000,
    battery_max_volts=28.4,
    state_of_charge_percent=93.0,
    float_reached_seconds=49_320.0,
    charge_amp_hours=201.0,
    load_amp_hours=153.0,
    measured_charge_amp_hours=199.52,
    coverage_percent=99.6,
)


def rows(out: str) -> list[list[str]]:
    return [line.split() for line in out.splitlines() if line.lstrip().startswith(("2", "~2"))]


def test_it_prints_the_thirty_days_that_the_regulator_has(solar: Solar, regulator: RunningSimulator) -> None:
    ran = solar("history", "--port", regulator.port)
    assert (ran.code, ran.err) == (0, "")
    shown = [(float(row[1]), float(row[2]), int(row[4]), int(row[5]), int(row[6])) for row in rows(ran.out)]
    assert shown == [
        (
            pytest.approx(day.battery_max_volts),
            pytest.approx(day.battery_min_volts),
            day.state_of_charge_percent,
            day.charge_amp_hours,
            day.load_amp_hours,
        )
        for day in reversed(regulator.simulator.history())
    ]
    assert len(shown) == 30
    assert "~ estimated date" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize(("mode", "is_doubted"), [("auto", True), ("trust", False)])
def test_dates_from_a_clock_that_may_be_wrong_come_with_a_warning(
    solar: Solar, regulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch, mode: str, is_doubted: bool
) -> None:
    monkeypatch.setattr(ThisComputer, "ask", lambda computer, moment: None)
    ran = solar("history", "--port", regulator.port, "--clock", mode)
    assert ran.code == 0
    assert ("which may be wrong" in ran.err) is is_doubted


def test_nothing_is_stored(solar: Solar, regulator: RunningSimulator, data: Path) -> None:
    before = contents(data)
    solar("history", "--port", regulator.port, "--data", data)
    assert contents(data) == before


def test_while_the_logger_has_the_port_it_prints_what_the_journal_has(
    solar: Solar, regulator: RunningSimulator, data: Path
) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(STORED)
    port = open_port(regulator.port, 9600)
    try:
        ran = solar("history", "--port", regulator.port, "--data", data)
    finally:
        port.close()
    assert ran.code == 0
    assert rows(ran.out) == [["2026-01-01", "28.4", "-", "13:42", "93", "201", "153", "199.5", "-", "100", "%"]]
    assert "is using it" in ran.err
    assert "These are the days in the journal" in ran.err


def test_without_regulator_and_days_it_says_why_there_is_nothing(solar: Solar, tmp_path: Path) -> None:
    ran = solar("history", "--port", tmp_path / "none")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "there is no such port" in ran.err


def test_days_that_the_journal_has_are_shown_with_what_was_read_on_them(
    solar: Solar, regulator: RunningSimulator, tmp_path: Path
) -> None:
    first = solar("history", "--port", regulator.port)
    eeprom = regulator.simulator.eeprom()
    start = 46 + 7 * eeprom[45]
    raw = bytes(byte for address in range(start, start + 7) for byte in (address, eeprom[address]))
    known = Day(time_ms=5, date="2026-11-02", began_ms=1, ended_ms=2, measured_charge_amp_hours=77.7, raw=raw)
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        journal.append(known)
    second = solar("history", "--port", regulator.port, "--data", tmp_path / "data")
    assert "77.7" in second.out
    assert "77.7" not in first.out
    assert "2026-11-02" in second.out


@pytest.mark.parametrize(
    ("start_hour", "code", "words"), [(23.9, 1, "ten minutes away"), (12.0, 0, "no daily records yet")]
)
def test_near_midnight_and_on_the_first_day(solar: Solar, start_hour: float, code: int, words: str) -> None:
    options = SimulatorOptions(answer_seconds=(0, 0), start_hour=start_hour, history_days=0)
    with RunningSimulator(options, clock=HandClock()) as running:
        ran = solar("history", "--port", running.port)
    assert (ran.code, words in ran.out + ran.err) == (code, True)
