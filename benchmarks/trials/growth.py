"""Growth: what a command takes, in time and memory, on journals of 10⁴ to 10⁷ readings and of 10 to 10,000 boots."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.journals import multiply
from benchmarks.network_figures import influxdb, upload
from benchmarks.process import PYTHON, SOLAR, Run

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
BOOTS = (10, 1_000, 10_000)
OF_BOOTS = 100_000
"""Readings in a journal of many boots."""

_PRUNE = """
import sys
from pathlib import Path
from journal.writer import JournalWriter
with JournalWriter.create(Path(sys.argv[1])) as journal:
    last = journal.last_id("readings")
    journal.prune([(1, last)], 2**62, 1000)
"""
_OPEN = """
import sys
from pathlib import Path
from journal.writer import JournalWriter
JournalWriter.create(Path(sys.argv[1])).close()
"""


def growth(place: Place) -> Iterator[Figure]:
    """Of each command, the last of a row divided by the first, and all of the row beside it."""
    sizes = [size for size in SIZES if size <= 10 * place.million]
    rows = {
        f"{sizes[0]:,} to {sizes[-1]:,} readings": [_of_size(place, size) for size in sizes],
        f"{BOOTS[0]:,} to {BOOTS[-1]:,} boots": [place.journal(f"of{each}boots", OF_BOOTS, each) for each in BOOTS],
    }
    with influxdb(place.directory / "growth-influxdb") as (url, new):
        databases = {data: new() for journals in rows.values() for data in journals}
        for name, measure in _commands(place, url, databases).items():
            for what, journals in rows.items():
                runs = [measure(data) for data in journals]
                seconds = ", ".join(f"{run.cpu_seconds:.2g}" for run in runs)
                memory = ", ".join(f"{run.peak_megabytes:.0f}" for run in runs)
                ratio = runs[-1].cpu_seconds / runs[0].cpu_seconds
                yield Figure(f"{name}, {what}", ratio, "×", None, f"{seconds} s; {memory} MB")


def _of_size(place: Place, size: int) -> Path:
    """A long journal is a shorter one several times over, which is much quicker to make."""
    if size <= SIZES[1]:
        return place.journal(f"of{size}", size)
    data = place.directory / f"of{size}"
    data.mkdir()
    shutil.copy(place.directory / f"of{size // 10}" / "journal.db", data / "journal.db")
    multiply(data / "journal.db", 10)
    return data


def _commands(place: Place, url: str, databases: Mapping[Path, str]) -> Mapping[str, Callable[[Path], Run]]:
    """How each command is measured with a journal, in this order: the drain fills the journal's database."""
    output = place.directory / "growth-output"
    page = str(place.directory / "growth.html")

    def solar(*words: str, times: int = 1) -> Callable[[Path], Run]:
        def measured(data: Path) -> Run:
            env = process.influxdb_settings(url, databases[data])
            return process.median([process.run([SOLAR, *words, "--data", data], env, output) for _ in range(times)])

        return measured

    def script(text: str) -> Callable[[Path], Run]:
        return lambda data: process.several([PYTHON, "-c", text, data / "journal.db"], 3)

    return {
        "drain": lambda data: upload(data, url, databases[data]),
        "start of the uploader": solar("upload", "--once", times=3),  # all is sent
        "audit": solar("audit"),
        "status": solar("status", times=5),
        "export": solar("export"),
        "report": solar("report", "--since", "2026-01-01", "--until", "2031-01-01", "--output", page),
        "start of the logger": script(_OPEN),
        "prune of 1,000": script(_PRUNE),
    }
