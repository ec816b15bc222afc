"""Killed at any moment, the logger and the uploader lose nothing, double nothing and damage nothing.

The real commands, against a simulated regulator on a pseudo-terminal and a real InfluxDB, with SIGKILL, which cannot be
caught. A killed process leaves all that it gave to the kernel; what a power cut leaves is in test_power_cut.py.
"""

import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from journal.journal import Journal
from simulator import RunningSimulator, SimulatorOptions
from tests.reliability import stories
from tests.reliability.stories import is_sound
from tests.reliability.witness import Witness
from tests.servers import Database, VictoriaMetrics

ROOT = Path(__file__).parents[2]
BACKLOG_PER_KILL = 300

Tally = Callable[[str], None]
Process = subprocess.Popen[bytes]


def start(directory: Path, *arguments: str | Path, tell: int | None = None, die: str | None = None) -> Process:
    """The `solar` command in a process of its own, in a directory and an environment that hold no other settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SOLAR_", "INFLUXDB_"))}
    environment |= {"PYTHONPATH": str(ROOT), "INFLUXDB_TOKEN": "a:b", "INFLUXDB_ORG": "any"}
    environment |= {} if tell is None else {"SOLAR_TELL_FD": str(tell)}
    environment |= {} if die is None else {"SOLAR_DIE": die}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.reliability.telling", *map(str, arguments)],
        cwd=directory,
        env=environment,
        pass_fds=[] if tell is None else [tell],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill(process: Process) -> None:
    """End it with SIGKILL; it must have been alive until then."""
    process.kill()
    _, words = process.communicate()
    assert process.returncode == -signal.SIGKILL, words.decode()


def pause(seconds: float) -> None:
    """Let a process live a little: there is nothing to wait for."""
    threading.Event().wait(seconds)


class Logger:
    """`solar log`, killed again and again. `told`: (table, id, time) of each record that append returned for."""

    def __init__(self, data: Path, port: str, seed: int) -> None:
        self.told: set[tuple[str, int, int]] = set()
        self.kills = self.kills_within_append = 0
        self._backlog = stored_count(data)
        self._data = data
        self._port = port
        self._chance = random.Random(seed)

    def live_and_die(self) -> None:
        """Start it, kill it while it starts, at any time, or just as it appends; then look at the journal."""
        reader, writer = os.pipe()
        arguments = ("log", "--port", self._port, "--data", self._data, "--interval", "0.02")
        process = start(self._data, *arguments, tell=writer)
        os.close(writer)
        try:
            heard = self._wait_for_the_moment(reader)
        finally:
            kill(process)
            with os.fdopen(reader, "rb") as pipe:
                heard += pipe.read()
        lines = heard.decode().splitlines()
        self.kills += 1
        self.kills_within_append += lines[-1:] == ["about to append"]
        for line in lines:
            if line != "about to append":
                table, record_id, time_ms = line.split()
                self.told.add((table, int(record_id), int(time_ms)))
        self.check()

    def check(self) -> None:
        """Everything told of is in the journal, at its time, and at most one more for each kill within append."""
        path = self._data / "journal.db"
        stored = {
            (table, int(str(row[0])), int(str(row[1])))
            for table, found in stories.rows(path).items()
            if table in {"readings", "events"}
            for row in found
        }
        assert self.told <= stored, f"missing after kill {self.kills}: {sorted(self.told - stored)}"
        assert (
            sum(row[1] > self._backlog or row[0] == "events" for row in stored - self.told) <= self.kills_within_append
        )
        assert is_sound(path)

    def _wait_for_the_moment(self, reader: int) -> bytes:
        kind = self._chance.choice(["starting", "any time", "appending", "appending"])
        if kind == "starting":
            pause(self._chance.uniform(0, 0.4))
            return b""
        appends, heard = self._chance.randint(1, 8), b""
        while heard.count(b"about") < appends:
            ready, _, _ = select.select([reader], [], [], 20)
            assert ready, f"the logger fell silent after {heard!r}"
            heard += os.read(reader, 1 << 16)
        pause(self._chance.uniform(0, 0.15 if kind == "any time" else 0.004))
        return heard


class Uploader:
    """`solar upload`, killed again and again while a witness stands before the server."""

    def __init__(self, data: Path, witness: Witness, seed: int) -> None:
        self._arguments = (
            *("upload", "--data", data, "--url", witness.url, "--bucket", witness.database.name, "--site", data.name),
            *("--every", "0.3"),
        )
        self._path = data / "uploader.db"
        self._witness = witness
        self._chance = random.Random(seed)

    def start(self, *options: str, die: str | None = None) -> Process:
        return start(self._path.parent, *self._arguments, *options, die=die)

    def live_and_die(self) -> None:
        """Start it, kill it while it starts, at any time, or just as a request is under way; then look at its file."""
        self._witness.life += 1
        process = self.start()
        try:
            self._wait_for_the_moment()
        finally:
            kill(process)
        if self._path.exists():
            assert is_sound(self._path)

    def finish(self) -> None:
        """Let it send what is left."""
        self._witness.life += 1
        process = self.start("--once")
        _, words = process.communicate()
        assert process.returncode == 0, words.decode()

    def _wait_for_the_moment(self) -> None:
        kind = self._chance.choice(["starting", "any time", "sending", "sending"])
        if kind == "starting":
            pause(self._chance.uniform(0, 0.6))
            return
        for _ in range(self._chance.randint(1, 3)):
            self._witness.arrived.clear()
            self._witness.arrived.wait(3)  # there may be nothing to send, or the uploader may let the others go first
        pause(self._chance.uniform(0, 0.3 if kind == "any time" else 0.03))


def stored_times(data: Path) -> list[int]:
    with Journal.open(data / "journal.db") as journal:
        return [record.time_ms for record in journal.records("readings", 1, journal.last_id("readings"))]


def times_in(database: Database) -> list[int]:
    rows = database.server.query("SELECT battery_volts FROM solar", database.name)
    return [int(row["time"]) for row in rows]


def stored_count(data: Path) -> int:
    with Journal.open(data / "journal.db") as journal:
        return journal.count("readings")


def fill(data: Path, count: int) -> None:
    """A backlog from before, so that the uploader is not idle."""
    data.mkdir()
    with Journal.create(data / "journal.db") as journal:
        boot = journal.boot_number("an earlier boot")
        journal.append_all(stories.reading(number, boot) for number in range(count))


def crash(data: Path, witness: Witness, metrics: VictoriaMetrics, tally: Tally, *, kills: int, seed: int) -> None:
    """Kill both `kills` times, each at its own moments, while the other goes on; then compare what is stored where."""
    fill(data, BACKLOG_PER_KILL * kills)
    options = SimulatorOptions(answer_seconds=(0, 0), speed=60, history_days=0)
    with RunningSimulator(options) as simulator, witness:
        logger, uploader = Logger(data, simulator.port, seed), Uploader(data, witness, seed + 1)
        with ThreadPoolExecutor(2) as both:
            lives = [both.submit(repeat, each.live_and_die, kills) for each in (logger, uploader)]
            for each in lives:
                each.result()
        uploader.finish()
    times = stored_times(data)
    with Journal.open(data / "journal.db") as journal:
        assert journal.count("readings") == journal.last_id("readings") == len(times) == len(set(times))
    assert times_in(witness.database) == sorted(times)
    sent = metrics.samples(data.name)
    assert set(sent) == set(times)
    assert witness.sent_again_without_need() == set()
    repeated = witness.repeated()
    assert len(repeated) <= kills
    tally(
        f"SIGKILL (seed {seed}): logger {kills} times, {logger.kills_within_append} of them within append;"
        f" uploader {kills} times; {len(logger.told)} records that append had returned for, none missing;"
        f" {len(times)} readings journaled, as many in InfluxDB;"
        f" {len(repeated)} requests repeated, with {len(sent) - len(times)} readings"
    )


def repeat(action: Callable[[], None], times: int) -> None:
    for _ in range(times):
        action()


@pytest.fixture
def witness(database: Database, victoria_metrics: VictoriaMetrics) -> Witness:
    return Witness(database, victoria_metrics)


def test_killed_twenty_times_both_lose_nothing_and_double_nothing(
    tmp_path: Path, witness: Witness, victoria_metrics: VictoriaMetrics, tally: Tally
) -> None:
    crash(tmp_path / "crash-20", witness, victoria_metrics, tally, kills=20, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", [100, 200])
def test_killed_hundreds_of_times_both_lose_nothing_and_double_nothing(
    tmp_path: Path, witness: Witness, victoria_metrics: VictoriaMetrics, tally: Tally, seed: int
) -> None:
    crash(tmp_path / f"crash-{seed}", witness, victoria_metrics, tally, kills=200, seed=seed)


@pytest.mark.parametrize(
    ("moment", "doubled"), [("before the answer", 100), ("before it is written down", 100), ("after that", 0)]
)
def test_a_kill_between_the_write_and_the_account_of_it_costs_one_repeated_request(
    tmp_path: Path, witness: Witness, victoria_metrics: VictoriaMetrics, moment: str, doubled: int
) -> None:
    data = tmp_path / f"killed {moment}"
    fill(data, 1000)
    die = {"before it is written down": "before", "after that": "after"}.get(moment)
    with witness:
        uploader = Uploader(data, witness, seed=1)
        process = uploader.start(die=die)
        if moment == "before the answer":
            witness.before_answer = process.kill
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        witness.before_answer = lambda: None
        assert len(witness.requests) == 1
        uploader.finish()
    times = stored_times(data)
    assert times_in(witness.database) == times
    sent = victoria_metrics.samples(data.name)
    assert len(sent) - len(times) == doubled
    assert set(sent) == set(times)
    # The very same request again, byte for byte: the tags and times of what was sent never change.
    first, second = witness.requests[0][1], witness.requests[1][1]
    assert (first == second) == bool(doubled)
