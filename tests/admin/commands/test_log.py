"""The logger as a person runs it, at a simulated regulator over a real pseudo-terminal."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.reading import Event
from journal.writer import JournalWriter
from simulator import RunningSimulator
from tests.admin.conftest import PEAK_MEMORY, Ran, Solar, contents, fill, solar_process, start
from tests.scripted_influx import ScriptedInflux


def test_what_is_logged_and_exported_is_what_the_simulator_shows(solar: Solar, regulator: RunningSimulator) -> None:
    ran = solar("log", "--port", regulator.port, "--count", "3", "--interval", "0.05")
    assert (ran.code, ran.out) == (0, "3 readings stored in data/journal.db\n")
    rows = list(csv.DictReader(solar("export").out.splitlines()))
    truth = regulator.simulator.truth()
    expected = {name: getattr(truth, name) for name in truth.__dataclass_fields__}
    assert len(rows) == 3
    for row in rows:
        shown = {
            name: row[name] if isinstance(value, str) else float(row[name]) if row[name] else None
            for name, value in expected.items()
        }
        assert shown == pytest.approx(expected, abs=0.01)


def test_each_start_says_what_it_reads_and_how_often_in_one_line(solar: Solar, regulator: RunningSimulator) -> None:
    ran = solar("log", "--port", regulator.port, "--count", "2", "--interval", "0.05")
    (line,) = ran.err.splitlines()
    assert line[20:].startswith(f" INFO    reading a PL80 at {regulator.port} every 0.05 s: ")
    assert line[10] == "T"
    assert line[19] == "Z"


def test_systemds_journal_adds_the_time_itself(
    solar: Solar, regulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    assert solar("log", "--port", regulator.port, "--count", "1").err.startswith("INFO reading a PL80")


def test_verbose_shows_the_frames(solar: Solar, regulator: RunningSimulator) -> None:
    assert "DEBUG   14 32 00 eb -> c8 " in solar("log", "--port", regulator.port, "--count", "1", "-v").err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_0_and_every_reading_stored(
    regulator: RunningSimulator, tmp_path: Path, number: int
) -> None:
    with start("log", "--port", regulator.port, "--interval", "0.05") as process:
        assert process.stderr
        assert "reading a PL80" in process.stderr.readline()
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
        (last,) = process.stderr.read().splitlines()
    with Journal.open(tmp_path / "data" / "journal.db") as journal:
        stored = journal.count("readings")
    assert stored >= 1
    assert last.endswith(f"stopped: {stored} reading{'s' if stored > 1 else ''} stored in data/journal.db")


def test_a_port_that_is_missing_at_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    assert solar_process("log", "--port", "/dev/ttyNOPE").code == 1
    assert contents(tmp_path) == {}


def test_a_service_waits_for_a_port_that_is_missing_at_the_start(tmp_path: Path) -> None:
    with start("log", "--port", "/dev/ttyNOPE", NOTIFY_SOCKET="@nobody") as process:
        assert process.stderr
        assert "cannot open /dev/ttyNOPE: there is no such port" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
    with Journal.open(tmp_path / "data" / "journal.db") as journal:
        events = [record.kind for record in journal.records("events", 1, 9) if isinstance(record, Event)]
    assert events == ["started", "port_missing"]


def test_a_second_logger_is_refused(regulator: RunningSimulator, data: Path) -> None:
    with JournalWriter.create(data / "journal.db"):
        ran = solar_process("log", "--port", regulator.port, "--data", data)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(f"cannot write to {data}/journal.db: another logger is writing to it;")


def test_a_damaged_journal_is_set_aside_and_told_of(solar: Solar, regulator: RunningSimulator, tmp_path: Path) -> None:
    data = fill(tmp_path / "data", 2000)
    path = data / "journal.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] + bytes(path.stat().st_size // 2))
    ran = solar("log", "--port", regulator.port, "--count", "1")
    (aside,) = data.glob("journal-damaged-*.db")
    words = f"the journal was damaged; a new one was started, and the old one is kept as data/{aside.name}"
    assert ran.code == 0
    assert words in ran.err
    events = [json.loads(line) for line in solar("export", "--table", "events", "--format", "jsonl").out.splitlines()]
    assert [(each["kind"], each["message"]) for each in events][:1] == [("journal_set_aside", words)]


def test_current_steps_are_settings(solar: Solar, regulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_CHARGE_STEP_AMPS", "0.5")
    solar("log", "--port", regulator.port, "--count", "1")
    (row,) = csv.DictReader(solar("export").out.splitlines())
    truth = regulator.simulator.truth()
    assert float(row["internal_charge_amps"]) == pytest.approx(truth.internal_charge_amps * 0.5 / 0.4)
    assert float(row["internal_load_amps"]) == pytest.approx(truth.internal_load_amps)


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["log", "--count", "1"], {"urllib3", "rich", "plotext", "sqlite_utils", "simulator"}),
        (["upload", "--once"], {"serial", "rich", "plotext", "sqlite_utils", "simulator", "logger"}),
        (["export"], {"serial", "urllib3", "rich", "plotext", "sqlite_utils", "simulator", "logger"}),
        (["status"], {"serial", "urllib3", "rich", "plotext", "sqlite_utils", "simulator"}),
    ],
)
def test_a_command_loads_only_what_it_needs(
    regulator: RunningSimulator, tmp_path: Path, arguments: list[str], unwanted: set[str]
) -> None:
    """10 MB of urllib3 in the logger would be a third of its memory."""
    fill(tmp_path / "data", 1)
    script = (
        f"import sys; from admin.cli import run; run({arguments!r});"
        "print(*{module.split('.')[0] for module in sys.modules})"
    )
    with ScriptedInflux() as influx:
        environ = os.environ | {"SOLAR_PORT": regulator.port, "INFLUXDB_URL": influx.url}
        environ |= {"INFLUXDB_TOKEN": "t", "INFLUXDB_ORG": "o", "INFLUXDB_BUCKET": "b"}
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert set(ran.stdout.splitlines()[-1].split()) & unwanted == set()


def test_the_logger_stays_small(regulator: RunningSimulator) -> None:
    """A Pi Zero has 512 MB for everything."""
    script = (
        "from admin.cli import run;"
        f"run(['log', '--port', {regulator.port!r}, '--count', '2', '--interval', '0.05']);"
        f"{PEAK_MEMORY}"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(ran.stdout.splitlines()[-1]) < 32_000


def test_a_bad_setting_is_said_before_the_port_is_touched(tmp_path: Path) -> None:
    ran = solar_process("log", "--port", "/dev/ttyNOPE", "--charge-step-amps", "11")
    words = "it must be a number of amperes above 0 and up to 10, such as 0.4"
    assert ran == Ran(2, "", f"cannot use SOLAR_CHARGE_STEP_AMPS=11.0: {words}\n")
    assert contents(tmp_path) == {}
