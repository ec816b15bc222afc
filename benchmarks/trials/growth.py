"""Growth: what a command takes, in time and memory, on journals of 10⁴ to 10⁷ readings and of 10 to 10,000 boots."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.journals import multiply
from benchmarks.process import PYTHON, SOLAR, Run
from tests.scripted_influx import Answer, ScriptedInflux

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
    readings = [_of_size(place, size) for size in SIZES if size <= 10 * place.million]
    boots = [place.journal(f"boots{each}", OF_BOOTS, each) for each in BOOTS]
    with ScriptedInflux(answers=lambda lines: Answer()) as server:  # what it is sent it need not keep
        server.requests = _Forgotten()
        for name, measure in _commands(place, server.url).items():
            for what, journals in (
                (f"{SIZES[0]:,} to {SIZES[-1]:,} readings", readings),
                ("10 to 10,000 boots", boots),
            ):
                runs = [measure(data) for data in journals]
                seconds = ", ".join(f"{run.cpu_seconds:.2g}" for run in runs)
                memory = ", ".join(f"{run.peak_megabytes:.0f}" for run in runs)
                ratio = runs[-1].cpu_seconds / runs[0].cpu_seconds
                yield Figure(f"{name}, {what}", ratio, "×", None, f"{seconds} s; {memory} MB")


class _Forgotten(list[list[str]]):
    """What the server was sent; ten million lines would be gigabytes."""

    def append(self, lines: list[str]) -> None:
        pass


def _of_size(place: Place, size: int) -> Path:
    """A long journal is a shorter one several times over, which is much quicker to make."""
    if size <= SIZES[1]:
        return place.journal(f"of{size}", size)
    data = place.directory / f"of{size}"
    data.mkdir()
    shutil.copy(place.directory / f"of{size // 10}" / "journal.db", data / "journal.db")
    multiply(data / "journal.db", 10)
    return data


def _commands(place: Place, url: str) -> Mapping[str, Callable[[Path], Run]]:
    output = place.directory / "growth-output"
    target = {"URL": url, "TOKEN": "token", "ORG": "org", "BUCKET": "bucket"}
    env = {f"INFLUXDB_{name}": text for name, text in target.items()}

    def solar(*words: str) -> Callable[[Path], Run]:
        return lambda data: process.run([SOLAR, *words, "--data", data], env, output)

    def drained(data: Path) -> Run:
        for left in data.glob("uploader.db*"):
            left.unlink()
        return solar("upload", "--once")(data)

    return {
        "drain": drained,
        "start of the uploader": solar("upload", "--once"),  # all is sent
        "status": solar("status"),
        "export": solar("export"),
        "report": solar("report", "--since", "2026-01-01", "--output", str(place.directory / "growth.html")),
        "start of the logger": lambda data: process.run([PYTHON, "-c", _OPEN, data / "journal.db"]),
        "prune of 1,000": lambda data: process.run([PYTHON, "-c", _PRUNE, data / "journal.db"]),
    }
