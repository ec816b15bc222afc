"""What it costs at the site: the card, the serial line, the commands that a person waits for, long journals."""

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import counts, process
from benchmarks.figure import Figure, Place
from benchmarks.process import PEERS, SOLAR
from journal.writer import JournalWriter
from tests.scripted_influx import ScriptedInflux

OF_CSV = 2 / 6
"""The goal's 2 s on the computer where `sqlite3 -csv` took 6 (an export 28, 4.7 times as much)."""


def writing(place: Place) -> Iterator[Figure]:
    """What a reading costs the SD card and the serial line; counts."""
    directory = place.directory / "writing"
    directory.mkdir()
    syncs, size = counts.per_reading(directory, 100, 500)
    yield Figure("fdatasync a reading, 500 against 100", syncs, "", 1.0, "floor 1.00", "1.00")
    yield Figure("bytes written a reading, the same", size, "B", 4800, "floor 4,600", "4,800")
    syncs, size = counts.per_reading(directory, 100, 10_100)
    yield Figure("fdatasync a reading, with checkpoints over 10,000", syncs, "", 1.02, "floor 1.00")
    yield Figure("bytes written a reading, the same", size, "B", 6000)
    _, later = counts.exchanges()[:2]
    yield Figure("exchanges a reading, nothing changes", later, "", None)
    data = place.journal("million", place.million)
    yield Figure(
        "journal at rest, a reading", (data / "journal.db").stat().st_size / place.million, "B", 210, "", "210"
    )


def starting(place: Place) -> Iterator[Figure]:
    """Commands that a person waits for; the two services at rest."""
    data = place.journal("small", 10_000)
    typer, shown, status = process.in_turn(
        [[process.PYTHON, "-c", "import typer"], [SOLAR, "--help"], [SOLAR, "status", "--data", data]], 9
    )
    for command, run, first in (("--help", shown, "3.0 (0.24 s)"), ("status", status, "2.6 (0.21 s)")):
        ratio = run.cpu_seconds / typer.cpu_seconds
        yield Figure(f"`solar {command}`, × `import typer`", ratio, "×", 1.9, f"{run.wall_seconds:.2f} s", first)
    command = [process.PYTHON, "-c", "import sqlite3, serial"]
    bare = process.several(command, 5).peak_megabytes
    yield Figure("logger resident", _logger(place), "MB", 22, f"Python with sqlite3 and serial {bare:.0f}", "30")
    yield Figure("uploader resident, idle", _uploader(place), "MB", 30, "", "48")


def _logger(place: Place) -> float:
    with process.simulator() as port:
        env = {"SOLAR_PORT": port, "SOLAR_DATA": str(place.directory / "logger"), "SOLAR_INTERVAL": "1"}
        with process.running([SOLAR, "log"], env) as logger:
            assert logger.stderr
            logger.stderr.readline()  # the first reading
            time.sleep(5)
            return process.resident_megabytes(logger.pid)


def _uploader(place: Place) -> float:
    data = place.journal("idle", 100)
    with (
        ScriptedInflux() as server,
        process.running(
            [SOLAR, "upload"], {"SOLAR_DATA": str(data), **process.influxdb_settings(server.url)}
        ) as uploader,
    ):
        process.until(lambda: bool(server.requests), "the uploader's first request")
        time.sleep(2)
        return process.resident_megabytes(uploader.pid)


def exporting(place: Place) -> Iterator[Figure]:
    """Export and report of a million."""
    data, output = place.journal("million", place.million), place.directory / "out"
    query = "SELECT * FROM readings"
    commands: list[list[str | Path]] = [
        [SOLAR, "export", "--data", data],
        ["sqlite3", "-csv", data / "journal.db", query],
        [PEERS / "sqlite-utils", "rows", data / "journal.db", "readings", "--csv"],
    ]
    now, peer, utils = process.in_turn(commands, 3, output)
    beside = f"`sqlite-utils rows --csv` {utils.cpu_seconds / peer.cpu_seconds:.1f} ×, {utils.peak_megabytes:.0f} MB"
    name = "export of 10⁶ to CSV, × `sqlite3 -csv`"
    yield Figure(name, now.cpu_seconds / peer.cpu_seconds, "×", 2, beside, "4.7")
    small = process.several([SOLAR, "export", "--data", place.journal("small", 10_000)], 3, output)
    growth = now.peak_megabytes - small.peak_megabytes
    yield Figure("its memory, 10⁶ less 10⁴", growth, "MB", 6)
    page = place.directory / "report.html"
    command = [SOLAR, "report", "--since", "2026-01-01", "--data", data, "--output", page]
    report = process.several(command, 3)
    share = report.cpu_seconds / peer.cpu_seconds
    yield Figure("report of 10⁶, × `sqlite3 -csv`", share, "×", OF_CSV, f"{report.wall_seconds:.1f} s", "0.65 (4 s)")


def growing(place: Place) -> Iterator[Figure]:
    """The same commands on longer journals, and on journals of many boots."""
    small, large = place.journal("small", 10_000), place.journal("large", 10 * place.million)
    short, long = process.in_turn([[SOLAR, "status", "--data", data] for data in (small, large)], 9)
    yield Figure("`status`, 10⁷ ÷ 10⁴ readings", long.cpu_seconds / short.cpu_seconds, "×", 1.1, "", "1.0 at 10⁶")
    boots = [place.journal(f"boots{each}", 10_000, each) for each in (10, 1000)]
    few, many = process.in_turn([[SOLAR, "status", "--data", data] for data in boots], 5)
    yield Figure("`status`, 1,000 ÷ 10 boots", many.cpu_seconds / few.cpu_seconds, "×", None)
    yield Figure("start of the logger, 10⁷ ÷ 10⁴ readings", _opening(large) / _opening(small), "×", None)


def _opening(data: Path) -> float:
    """How many seconds it takes to open the journal for appending."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        JournalWriter.create(data / "journal.db").close()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[2]
