"""`solar calibrate`: what it says where there is little to go by. What it measures is told in tests/stories."""

from pathlib import Path

import pytest

from journal.writer import JournalWriter
from logger.regulator.registers import decode
from tests.admin.conftest import FIRST_MS, Solar
from tests.logger.bench import RAM


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Readings in which nothing is counted."""
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        for n in range(20):
            journal.append(decode(RAM, time_ms=FIRST_MS + n * 10_000, boot=1, uptime_ms=n * 10_000))
    return tmp_path / "data"


def test_where_nothing_was_counted_it_says_so_and_what_is_in_use(solar: Solar, data: Path) -> None:
    ran = solar("calibrate", "--data", data)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("no measurement yet") == 2
    assert "in use: 0.4 A per step" in ran.out
    assert "in use: 0.2 A per step" in ran.out
    assert ran.out.count("needed: 50 Ah\n") == 2
    assert ran.out.endswith("  20 readings so far; 80 more needed to compare them\n")
    assert "differ" not in ran.out.lower()


def test_nothing_is_adopted_without_enough_to_go_by(solar: Solar, data: Path) -> None:
    ran = solar("calibrate", "--adopt", "--data", data)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "there are not enough readings yet" in ran.err
    assert not (data / "calibration.json").exists()


def test_a_stretch_without_readings_is_an_error_of_one_line(solar: Solar, data: Path) -> None:
    ran = solar("calibrate", "--since", "2030-01-01", "--data", data)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "give an earlier --since" in ran.err


def test_a_calibration_file_that_cannot_be_used_is_named(solar: Solar, data: Path) -> None:
    (data / "calibration.json").write_text("{")
    ran = solar("calibrate", "--data", data)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert str(data / "calibration.json") in ran.err


def test_voltages_that_differ_are_told_once_there_is_enough_to_go_by(solar: Solar, tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        for n in range(100):
            ram = RAM | {221: 90}
            journal.append(decode(ram, time_ms=FIRST_MS + n * 10_000, boot=1, uptime_ms=n * 10_000))
    shown = solar("calibrate", "--data", tmp_path / "data").out
    assert "\n  they differ: the formula is wrong here: " in shown
    assert "in 100 readings\n" in shown


def test_how_much_is_missing_is_told_in_amp_hours_and_time(solar: Solar, tmp_path: Path) -> None:
    """20.8 A, read every minute for two hours: after the first count, 40 Ah have been counted."""
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        for n in range(120):
            ram = RAM | {48: 70 + n // 6, 47: n % 6, 188: int(n * 20.8 / 60), 189: 0}
            journal.append(decode(ram, time_ms=FIRST_MS + n * 60_000, boot=1, uptime_ms=n * 60_000))
    shown = solar("calibrate", "--data", tmp_path / "data").out
    assert "not enough readings yet: about 10 Ah more needed, 29 minutes at this current\n" in shown


def test_readings_that_need_no_high_byte_of_the_counter_are_used_too(solar: Solar, tmp_path: Path) -> None:
    """The logger seldom reads it: `raw` has it in the first reading only."""
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        for n in range(720):
            ram = RAM | {48: 70 + n // 36, 47: n % 36 // 6, 46: n % 6 * 5, 188: int(n * 20.8 / 360)}
            if n:
                del ram[189]
            highs = {189: 0}
            journal.append(decode(ram, time_ms=FIRST_MS + n * 10_000, boot=1, uptime_ms=n * 10_000, known_highs=highs))
    shown = solar("calibrate", "--data", tmp_path / "data").out
    assert "not enough readings yet: about 10 Ah more needed, 29 minutes at this current\n" in shown
