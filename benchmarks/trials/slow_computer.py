"""A computer as slow as a Pi Zero: logger and uploader together under a tenth of a core and 128 MB."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.process import SOLAR
from tests.scripted_influx import ScriptedInflux

CGROUP = Path("/sys/fs/cgroup")
CORE_SHARE = 0.1
MEMORY_BYTES = 128 * 1024 * 1024
INTERVAL_SECONDS = 10.0
AT_START = 6
"""The first readings. Between them the logger asks for the regulator's settings and history, which takes as long on any
computer: it waits for the regulator."""
READINGS = 6
"""Taken alone, and again while a backlog is sent."""


def slow_computer(place: Place) -> Iterator[Figure]:
    """How late readings are there, alone and while a backlog is sent. Nothing where limits cannot be set."""
    data = place.journal("slow", place.million // 5)
    try:
        with limited() as groups, ScriptedInflux() as server, ExitStack() as running:
            port = running.enter_context(process.simulator())
            env = process.influxdb_settings(server.url)
            env |= {"SOLAR_PORT": port, "SOLAR_DATA": str(data), "SOLAR_CLOCK": "trust"}
            running.enter_context(process.running(_within(groups, [SOLAR, "log"]), env))
            alone = _late_seconds(data / "journal.db", AT_START)
            running.enter_context(process.running(_within(groups, [SOLAR, "upload"]), env))
            beside = _late_seconds(data / "journal.db", 0)
            sent = sum(map(len, server.requests))
    except OSError as error:
        yield Figure(f"a tenth of a core, 128 MB: not measured ({error})", 0.0, "", None)
        return
    yield Figure("a tenth of a core, 128 MB: latest reading, behind its time", alone, "s", 1.0)
    yield Figure("the same while a backlog is sent", beside, "s", 1.0, f"{sent:,} readings sent meanwhile")


def _late_seconds(journal: Path, ignored: int) -> float:
    """By how much the time between two of the next readings is longer than it should be, at most."""
    last_id = max(_uptimes(journal))
    wanted = ignored + READINGS

    def taken() -> list[int]:
        return [uptime for record, uptime in _uptimes(journal).items() if record >= last_id]

    process.until(lambda: len(taken()) > wanted, f"{wanted} readings", 3 * wanted * INTERVAL_SECONDS)
    return max(after - before for before, after in pairwise(taken()[-READINGS:])) / 1000 - INTERVAL_SECONDS


def _uptimes(journal: Path) -> dict[int, int]:
    """When the newest readings were taken, in milliseconds since the boot, by id."""
    newest = "SELECT id, uptime_ms FROM readings WHERE id > (SELECT max(id) FROM readings) - 100 ORDER BY id"
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        return dict(connection.execute(newest).fetchall())


def _within(groups: Sequence[Path], command: Sequence[str]) -> list[str]:
    """The command as a process that is in the groups from its first moment."""
    joins = "; ".join(f"echo $$ > {group}/cgroup.procs" for group in groups)
    return ["sh", "-c", f'{joins}; exec "$@"', "sh", *command]


@contextmanager
def limited() -> Iterator[list[Path]]:
    """Control groups, of either version, whose processes together get that little, and get it before any others do.

    Raises OSError where it may not.
    """
    name, period = f"solar-bench-{os.getpid()}", 100_000
    quota = int(CORE_SHARE * period)
    limits = {"cpu.max": f"{quota} {period}", "cpu.weight": "10000", "memory.max": str(MEMORY_BYTES)}
    settings = {CGROUP / name: limits}
    if (CGROUP / "cpu").exists():
        settings = {
            CGROUP / "cpu" / name: {
                "cpu.cfs_period_us": str(period),
                "cpu.cfs_quota_us": str(quota),
                "cpu.shares": "262144",
            },
            CGROUP / "memory" / name: {"memory.limit_in_bytes": str(MEMORY_BYTES)},
        }
    made = []
    try:
        for group, values in settings.items():
            group.mkdir()
            made.append(group)
            for file, value in values.items():
                (group / file).write_text(value)
        yield made
    finally:
        for group in made:
            group.rmdir()
