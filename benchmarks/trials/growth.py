"""Growth: what a command takes, in time and memory, on journals of 10⁴ to 10⁷ readings and of 10 to 10,000 boots."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.network_figures import influxdb, upload
from benchmarks.process import PYTHON, SOLAR, Run

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
BOOTS = (10, 1_000, 10_000)
OF_BOOTS = 100_000
"""Readings in a journal of many boots."""

_OPEN = """
import sys
from pathlib import Path
from journal.writer import JournalWriter
with JournalWriter.create(Path(sys.argv[1])) as journal:
"""


def growth(place: Place) -> Iterator[Figure]:
    """Of each command, the last of a row divided by the first, and all of the row beside it (page.write_growth)."""
    sizes = [size for size in SIZES if size <= 10 * place.million]
    rows = {
        f"{sizes[0]:,} to {sizes[-1]:,} readings": [place.journal(f"of{size}", size) for size in sizes],
        f"{BOOTS[0]:,} to {BOOTS[-1]:,} boots": [place.journal(f"of{each}boots", OF_BOOTS, each) for each in BOOTS],
    }
    with influxdb(place.directory / "growth-influxdb") as (url, new):
        databases = {data: new() for journals in rows.values() for data in journals}
        for name, measure in _commands(place, url, databases).items():
            for what, journals in rows.items():
                runs = [measure(data) for data in journals]
                taken = [run.cpu_seconds for run in runs]
                seconds = ", ".join(f"{each:.2g}" if each < 10 else f"{each:.0f}" for each in taken)
                memory = ", ".join(f"{run.peak_megabytes:.0f}" for run in runs)
                ratio = taken[-1] / taken[0]
                yield Figure(f"{name}, {what}", ratio, "×", None, f"{seconds} s; {memory} MB")


def _commands(place: Place, url: str, databases: Mapping[Path, str]) -> Mapping[str, Callable[[Path], Run]]:
    """How each command is measured with a journal, in this order: the drain fills the journal's database."""
    output = place.directory / "growth-output"
    page = str(place.directory / "growth.html")

    def solar(*words: str, times: int = 1) -> Callable[[Path], Run]:
        def measured(data: Path) -> Run:
            env = process.influxdb_settings(url, databases[data])
            return process.median([process.run([SOLAR, *words, "--data", data], env, output) for _ in range(times)])

        return measured

    def opened(work: str) -> Callable[[Path], Run]:
        return lambda data: process.several([PYTHON, "-c", f"{_OPEN} {work}", data / "journal.db"], 3)

    return {
        "drain": lambda data: upload(data, url, databases[data]),
        "start of the uploader": solar("upload", "--once", times=3),  # all is sent
        "audit": solar("audit"),
        "status": solar("status", times=5),
        "export": solar("export"),
        "report": solar("report", "--since", "2026-01-01", "--until", "2031-01-01", "--output", page),
        "start of the logger": opened("pass"),
        "prune of 1,000": opened("journal.prune([(1, journal.last_id('readings'))], 2**62, 1000)"),
    }
