"""The `solar` command, run in this process or in one of its own, with an environment that holds nothing of ours."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from admin import cli
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from simulator import HandClock, RunningSimulator, SimulatorOptions
from uploader.server.target import Target

FIRST_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when the journals of these tests begin."""


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty directory, with none of our variables set, and a terminal of 80 columns."""
    ours = ("SOLAR_", "INFLUX", "NOTIFY_", "WATCHDOG_", "STATE_DIRECTORY", "JOURNAL_STREAM")
    for name in list(os.environ):
        if name.startswith(ours) or name.lower() in {"http_proxy", "https_proxy", "no_proxy"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("SOLAR_CLOCK", "trust")  # whether this machine's clock is right, nobody knows
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.chdir(tmp_path)


def point_to(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the upload."""
    settings = {"URL": target.url, "TOKEN": target.token or "t", "ORG": target.org, "BUCKET": target.bucket}
    for name, value in settings.items():
        monkeypatch.setenv(f"INFLUXDB_{name}", value)


def stand_ins(directory: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Scripts of our own below `directory` in place of the system's programs of these names."""
    for name, text in scripts.items():
        script = directory / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory / 'bin'}:{os.environ['PATH']}")


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Solar:
    """Runs the command in this process."""

    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Ran:
        self.capture.readouterr()
        code = cli.run([str(each) for each in arguments])
        output = self.capture.readouterr()
        return Ran(code, output.out, output.err)


@pytest.fixture
def solar(capsys: pytest.CaptureFixture[str]) -> Iterator[Solar]:
    yield Solar(capsys)
    logging.getLogger().setLevel(logging.WARNING)  # the command has set it, for this process as for one of its own


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from admin.cli import main; main()", *map(str, arguments)]


@contextmanager
def start(*arguments: str | Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """The command in a process of its own, which does not outlive the block."""
    environ = os.environ | environment
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def solar_process(*arguments: str | Path) -> Ran:
    """The command in a process of its own, to its end."""
    ran = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def redirected(file: Path | None, *arguments: str | Path) -> Ran:
    """The command as a person starts it at a terminal, its standard output sent to a file or, without one, a pipe.

    `err` is what the terminal showed.
    """
    terminal, theirs = os.openpty()
    environ = os.environ | {"TERM": "xterm"}
    with file.open("wb") if file else nullcontext(subprocess.PIPE) as output:
        process = subprocess.Popen(command(*arguments), stdin=theirs, stdout=output, stderr=theirs, env=environ)
    os.close(theirs)
    with process, ThreadPoolExecutor() as beside, os.fdopen(terminal, "rb", buffering=0) as shown:
        piped = beside.submit(process.stdout.read) if process.stdout else None
        told = b""
        with suppress(OSError):  # how a terminal says that nobody writes to it any more
            while part := shown.read(4096):
                told += part
        process.wait(timeout=60)
        out = piped.result() if piped else file.read_bytes() if file else b""
    return Ran(process.returncode, out.decode(), told.decode())


PEAK_MEMORY = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
"""Python that prints the most memory this process had, in kB; ru_maxrss begins with what the parent has."""


def reading(number: int, **values: object) -> Reading:
    """The reading with this id in a journal of `fill`: one every 10 s."""
    time_ms = FIRST_MS + (number - 1) * 10_000
    stored: dict[str, object] = {
        "model": "PL80",
        "battery_volts": 25.4,
        "charge_amps": 12.0,
        "regulator_state": "boost",
        "alarm": 0,
        "raw": bytes((50, 127, 101, 4)),
    }
    return Reading(time_ms=time_ms, boot=1, uptime_ms=number * 10_000, **(stored | values))  # type: ignore[arg-type]


def event(number: int, kind: str, message: str) -> Event:
    return Event(time_ms=FIRST_MS + (number - 1) * 1000, boot=1, uptime_ms=number * 1000, kind=kind, message=message)


def fill(data: Path, readings: int, *events: Event, site: str = "home") -> Path:
    """A journal in the directory `data` with so many readings; returns the directory."""
    with JournalWriter.create(data / "journal.db", site) as journal:
        journal.boot_number("a boot")
        journal.append_all(reading(number) for number in range(1, readings + 1))
        journal.append_all(events)
    return data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with a journal of three readings and one event."""
    return fill(tmp_path / "data", 3, event(1, "started", "logger 0.1.0 started"))


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below it, without SQLite's passing index and an empty log."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        and not path.name.endswith("-shm")
        and not (path.name.endswith("-wal") and not path.stat().st_size)
    }


@pytest.fixture
def regulator() -> Iterator[RunningSimulator]:
    """A simulated PL80 whose time stands still and whose answers come at once."""
    with RunningSimulator(SimulatorOptions(answer_seconds=(0, 0)), clock=HandClock()) as running:
        yield running
