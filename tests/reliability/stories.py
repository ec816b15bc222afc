"""Stories: what a process does to a data directory while its power may be cut; told here, and recorded in a child.

python -m tests.reliability.stories STORY DIRECTORY     one line on standard output after each step that returned
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from journal import files, schema
from journal.boots import Anchor
from journal.id_ranges import IdRanges
from journal.reading import STREAMS, Day, Event, Reading
from journal.writer import JournalWriter
from tests.journals.known import KnownJournal
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.line_protocol import Line

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


def going_on_after_a_cut(directory: Path) -> Iterator[str]:
    """Start on what a cut has left, and append."""
    with _open(directory / "journal.db", "FULL") as journal:
        yield journal.identity()
        boot = journal.boot_number("third")
        yield journal.identity()
        for number in range(300, 318):
            journal.append(reading(number, boot))
            yield journal.identity()


def keeping_a_journal_that_hardly_syncs(directory: Path) -> Iterator[str]:
    """The same with a setting often recommended for such a log, which is then synced at checkpoints alone."""
    return keeping_a_journal(directory, "NORMAL")


def starting_on_a_damaged_journal(directory: Path) -> Iterator[str]:
    """The journal is set aside and a new one begins."""
    with JournalWriter.create(directory / "journal.db") as journal:
        yield journal.identity()
        journal.append(reading(1000, journal.boot_number("after the damage")))
        yield journal.identity()


NEXT_FORMAT = (
    "ALTER TABLE events ADD COLUMN colour TEXT; UPDATE events SET colour = 'red'; CREATE TABLE more (n INTEGER)"
)


def migrating_to_the_next_format(directory: Path) -> Iterator[str]:
    """Open the journal that is there as a newer program does."""
    path = directory / "journal.db"
    connection = files.connect(path, "rw")
    schema.migrate(connection, (*schema.JOURNAL, NEXT_FORMAT), path)
    yield "migrated"
    connection.close()


def taking_a_backup(directory: Path) -> Iterator[str]:
    """Append a little and copy the journal."""
    with JournalWriter.create(directory / "journal.db") as journal:
        boot = journal.boot_number("first")
        for number in range(30):
            journal.append(reading(number, boot))
        journal.backup(directory / "copy.db")
        yield "copied"


def keeping_account_of_what_was_sent(directory: Path) -> Iterator[str]:
    """Make uploader.db and settle batches, with a dead letter, a replay, a restart and a journal that lost records."""
    state, size = State(last_upload_ms=1), BatchSize()
    with Progress.open(directory / "uploader.db") as progress:
        yield "opened"
        progress.see(KnownJournal("a journal", dict.fromkeys(STREAMS, 1000)))
        yield "adopted"
        progress.note_named_server("http://influx org bucket")
        yield "about to send"
        for first in range(1, 900, 100):
            progress.settle(Settled("readings", IdRanges.of([(first, first + 80)]), IdRanges()), state, size)
            yield "settled"
        line = Line(95, 1_770_000_000_000, "solar battery_volts=25.4 1770000000000")
        refusal = Refusal((line,), "field type conflict", 422, 1)
        progress.settle(Settled("readings", IdRanges(), IdRanges.of([(95, 95)]), refusal), state, size)
        yield "refused"
        progress.requeue("readings", [(20, 30)])
        yield "queued again"
    with Progress.open(directory / "uploader.db") as progress:
        progress.see(KnownJournal("a journal", dict.fromkeys(STREAMS, 790)))
        yield "what the journal lost is not done"
        progress.settle(Settled("readings", IdRanges.of([(1001, 1100)]), IdRanges()), state, size)
        yield "settled"


STORIES: dict[str, Callable[[Path], Iterator[str]]] = {
    story.__name__: story
    for story in (
        keeping_a_journal,
        going_on_after_a_cut,
        keeping_a_journal_that_hardly_syncs,
        starting_on_a_damaged_journal,
        migrating_to_the_next_format,
        taking_a_backup,
        keeping_account_of_what_was_sent,
    )
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


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with the file."""
    connection = sqlite3.connect(path)
    verdict = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    return verdict == [("ok",)]


def _open(path: Path, synchronous: str) -> JournalWriter:
    journal = JournalWriter.create(path)
    # A checkpoint every 12 pages rather than 1000, so that a short story sees several.
    journal._connection.execute("PRAGMA wal_autocheckpoint = 12")
    journal._connection.execute(f"PRAGMA synchronous = {synchronous}")
    return journal


if __name__ == "__main__":
    for words in STORIES[sys.argv[1]](Path(sys.argv[2])):
        sys.stdout.write(words + "\n")
        sys.stdout.flush()
