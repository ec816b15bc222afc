"""`solar calibrate`: what it says where there is little to go by. What it measures is told in tests/stories."""

from pathlib import Path

import pytest

from journal.journal import Journal
from logger.registers import decode
from tests.admin.conftest import FIRST_MS, Solar
from tests.logger.bench import RAM


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Readings in which nothing is counted."""
    with Journal.create(tmp_path / "data" / "journal.db") as journal:
        for n in range(20):
            journal.append(decode(RAM, time_ms=FIRST_MS + n * 10_000, boot=1, uptime_ms=n * 10_000))
    return tmp_path / "data"


def test_where_nothing_was_counted_it_says_so_and_what_is_in_use(solar: Solar, data: Path) -> None:
    ran = solar("calibrate", "--data", data)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("nothing to measure it by yet") == 2
    assert "in use: 0.4 A a step" in ran.out
    assert "in use: 0.2 A a step" in ran.out
    assert "in 20 readings" in ran.out


def test_nothing_is_adopted_without_enough_to_go_by(solar: Solar, data: Path) -> None:
    ran = solar("calibrate", "--adopt", "--data", data)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "there is not enough to measure it by yet" in ran.err
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
