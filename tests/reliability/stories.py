"""Stories: what a process does to a data directory while its power may be cut; told here, and recorded in a child.

python -m tests.reliability.stories STORY DIRECTORY     one line on standard output after each step that returned
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from journal.boots import Anchor
from journal.journal import Journal
from journal.reading import Day, Event, Reading

Rows = dict[str, list[tuple[object, ...]]]


def keeping_a_journal(directory: Path, synchronous: str = "FULL") -> Iterator[str]:
    """Make a journal and append, through checkpoints, a clock set back and put right, a prune and a restart.

    Yields the journal's identity after each step that has returned, and so is promised to be there for ever.
    """
    path = directory / "journal.db"
    with _open(path, synchronous) as journal:
        yield journal.identity()
        boot = journal.boot_number("first")
        yield journal.identity()
        for number in range(14):
            journal.append(reading(number, boot))
            yield journal.identity()
            if number % 5 == 3:
                journal.append(Event(time_ms=number, boot=boot, uptime_ms=number, kind="started", message="hello"))
                yield journal.identity()
        for date in ("2026-05-01", "2026-05-02", "2026-05-01"):
            journal.append(Day(time_ms=1_777_777_000_000, date=date, charge_amp_hours=200.0, raw=bytes(7)))
            yield journal.identity()
        journal.append_all(reading(number, boot) for number in range(20, 70))
        yield journal.identity()
        journal.prune([(1, 9)], 10**15, 6)
        yield journal.identity()
    with _open(path, synchronous) as journal:
        boot = journal.boot_number("second")
        yield journal.identity()
        for number in range(6):
            journal.append(reading(number - 100_000, boot), is_held=True)  # this boot does not know the time yet
            yield journal.identity()
        journal.write_anchor(boot, Anchor(0, 1_771_000_000_000, "a test"))
        yield journal.identity()
        while journal.date(boot, limit=4):
            yield journal.identity()
        for number in range(200, 212):
            journal.append(reading(number, boot))
            yield journal.identity()


def keeping_a_journal_that_hardly_syncs(directory: Path) -> Iterator[str]:
    """The same with SQLite's own default for its log, which is synced at checkpoints alone."""
    return keeping_a_journal(directory, "NORMAL")


STORIES: dict[str, Callable[[Path], Iterator[str]]] = {
    story.__name__: story for story in (keeping_a_journal, keeping_a_journal_that_hardly_syncs)
}


def reading(number: int, boot: int) -> Reading:
    """The reading of that number; like a real one in size."""
    return Reading(
        time_ms=1_770_000_000_000 + 10_000 * number,
        boot=boot,
        uptime_ms=10_000 * max(number, 0),
        model="PL80",
        battery_volts=25.4,
        raw=bytes((number + place) % 256 for place in range(140)),
    )


def rows(path: Path) -> Rows:
    """Everything in a database, by table, read past our own code; except the random name of the file."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    found = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables if table != "identity"}
    connection.close()
    return found


def _open(path: Path, synchronous: str) -> Journal:
    journal = Journal.create(path)
    # A checkpoint every 12 pages rather than 1000, so that a short story sees several.
    journal._connection.execute("PRAGMA wal_autocheckpoint = 12")
    journal._connection.execute(f"PRAGMA synchronous = {synchronous}")
    return journal


if __name__ == "__main__":
    for identity in STORIES[sys.argv[1]](Path(sys.argv[2])):
        sys.stdout.write(identity + "\n")
        sys.stdout.flush()
