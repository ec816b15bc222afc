"""Lives: `solar log` and `solar upload` in processes of their own, each of which ends by SIGKILL."""

import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from tests.reliability.stories import is_sound
from tests.reliability.witness import Witness

ROOT = Path(__file__).parents[2]

Process = subprocess.Popen[bytes]


def start(
    directory: Path, *arguments: str | Path, tell: int | None = None, die: str | None = None, clock: str = "trust"
) -> Process:
    """The `solar` command in a process of its own, in a directory and an environment that hold no other settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SOLAR_", "INFLUXDB_"))}
    environment |= {"PYTHONPATH": str(ROOT), "INFLUXDB_TOKEN": "a:b", "INFLUXDB_ORG": "any", "SOLAR_CLOCK": clock}
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


def stored(path: Path, after_reading: int) -> set[tuple[str, int, int]]:
    """(table, id, uptime) of every event, and of the readings after that one."""
    connection = sqlite3.connect(path)
    found = {
        (table, record_id, uptime_ms)
        for table, after in (("readings", after_reading), ("events", 0))
        for record_id, uptime_ms in connection.execute(f"SELECT id, uptime_ms FROM {table} WHERE id > ?", (after,))
    }
    connection.close()
    return found


class Logger:
    """`solar log`, killed again and again. `told`: (table, id, uptime) of each record that append returned for.

    Up to the kill number `knows_time_after` it does not know whether the clock is right (unless the kernel vouches for
    it): readings are held, dated later, and then sent.
    """

    def __init__(self, data: Path, port: str, seed: int, *, backlog: int, knows_time_after: int) -> None:
        self.told: set[tuple[str, int, int]] = set()
        self.kills = self.kills_within_append = self.taken_without_time = 0
        self._backlog = backlog
        self._data = data
        self._arguments = ("log", "--port", port, "--data", data, "--interval", "0.02", "--site", data.name)
        self._knows_time_after = knows_time_after
        self._chance = random.Random(seed)

    def live_and_die(self) -> None:
        """Start it, kill it while it starts, at any time, or just as it appends; then look at the journal."""
        clock = "trust" if self.kills >= self._knows_time_after else "auto"
        reader, writer = os.pipe()
        process = start(self._data, *self._arguments, tell=writer, clock=clock)
        os.close(writer)
        heard = b""
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
                table, record_id, uptime_ms = line.split()
                self.told.add((table, int(record_id), int(uptime_ms)))
                self.taken_without_time += clock == "auto" and table == "readings"
        self.check()

    def finish(self) -> None:
        """Let it take a few readings more, beside which it dates those that it had held."""
        process = start(self._data, *self._arguments, "--count", "5")
        _, words = process.communicate()
        assert process.returncode == 0, words.decode()

    def check(self) -> None:
        """Everything told of is in the journal, and at most one more for each kill within append."""
        path = self._data / "journal.db"
        found = stored(path, self._backlog)
        assert self.told <= found, f"missing after kill {self.kills}: {sorted(self.told - found)}"
        assert len(found - self.told) <= self.kills_within_append
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
            told = os.read(reader, 1 << 16)
            if not told:
                return heard  # it has ended by itself, which is for `kill` to complain of
            heard += told
        pause(self._chance.uniform(0, 0.15 if kind == "any time" else 0.004))
        return heard


class Uploader:
    """`solar upload`, killed again and again while a witness stands before the server."""

    def __init__(self, data: Path, witness: Witness, seed: int) -> None:
        self._arguments = (
            *("upload", "--data", data, "--url", witness.url, "--bucket", witness.database.name, "--every", "0.3"),
        )
        self._path = data / "uploader.db"
        self._witness = witness
        self._chance = random.Random(seed)

    def start(self, *options: str, die: str | None = None) -> Process:
        return start(self._path.parent, *self._arguments, *options, die=die)

    def live_and_die(self) -> None:
        """Start it, kill it while it starts, at any time, or just as a request is under way; then look at its file."""
        process = self.start()
        self._witness.life += 1  # now, so that what the last one sent just before its end still counts as its own
        try:
            self._wait_for_the_moment()
        finally:
            kill(process)
        if self._path.exists():
            assert is_sound(self._path)

    def finish(self) -> None:
        """Let it send what is left."""
        process = self.start("--once")
        self._witness.life += 1
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
