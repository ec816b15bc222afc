"""DeadLetters: the records that InfluxDB itself refused, each with its line and the server's message.

A letter stays until a person drops it, or until it is sent: `retry` makes it wait for the uploader. Then its point goes
out as the journal has it now: the record may have been revised, the day recorded again, the reading recovered into
another journal. Only if the journal does not have that point, the line kept here goes out. So a letter never puts old
values over newer ones. Then the letter is deleted, or the new refusal is recorded.
"""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

from journal.id_ranges import ALL, HIGHEST_ID, IdRanges
from journal.journal import Journal
from uploader.server.line_protocol import COLUMNS, Line, lines


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`number`: its name for people. `is_waiting`: the uploader is to retry it."""

    number: int
    journal: str
    stream: str
    id: int
    time_ms: int
    line: str
    words: str
    status: int
    refused_ms: int
    tries: int
    is_waiting: bool

    def line_now(self, journal: Journal, released: IdRanges) -> str:
        """The line of its point as the journal has it, in one of these ids of the stream; else the line kept here."""
        moment = journal.id_ranges(self.stream, self.time_ms, self.time_ms + 1)
        for first, last in released & IdRanges.of([(self.id, self.id), *moment]):
            rows = journal.values(self.stream, COLUMNS[self.stream], first, last)
            for line in lines(rows, self.stream, journal.sites(self.stream)):
                if line.time_ms == self.time_ms and _point(line.text) == _point(self.line):
                    return line.text
        return self.line


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server's refusal of these lines."""

    lines: tuple[Line, ...]
    words: str
    status: int
    refused_ms: int


_COLUMNS = "number, journal, stream, id, time_ms, line, words, status, refused_ms, tries, is_waiting"


class DeadLetters:
    """The letters in an open uploader.db. A method that writes runs one statement, or is called within a
    transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0])

    def all(self, *, after: int = 0, limit: int = -1) -> list[DeadLetter]:
        """The letters with a number above `after`, oldest first."""
        return self._letters("number > ?", after, limit=limit)

    def ids(self, journal: str, stream: str) -> IdRanges:
        """The records of this journal that have a letter."""
        query = "SELECT id, id FROM dead_letters WHERE journal = ? AND stream = ?"
        return IdRanges.of(self._connection.execute(query, (journal, stream)))

    def waiting(self, numbers: IdRanges = ALL, limit: int = HIGHEST_ID) -> list[DeadLetter]:
        """At most `limit` of the letters with these numbers that are to be retried, oldest first."""
        found: list[DeadLetter] = []
        for first, last in numbers:
            found += self._letters("is_waiting AND number BETWEEN ? AND ?", first, last, limit=limit - len(found))
        return found

    def retry(self, numbers: Sequence[int] | None = None) -> int:
        """Mark these letters (None: all) to be retried; returns how many."""
        return self._change("UPDATE dead_letters SET is_waiting = 1", numbers)

    def drop(self, numbers: Sequence[int] | None = None) -> int:
        """Delete these letters (None: all); returns how many. Their records stay in the journal, as done."""
        return self._change("DELETE FROM dead_letters", numbers)

    def settle(self, record: tuple[str, str] | None, sent: IdRanges, done: IdRanges, refusal: Refusal | None) -> None:
        """Record what became of records: the letters of those sent are deleted, those done wait no more, those refused
        get one, or it is updated. `record`: their journal and stream; None if the ids are numbers of letters."""
        key, which = ("journal = ? AND stream = ? AND id", record) if record else ("number", ())
        execute = self._connection.executemany
        execute(f"DELETE FROM dead_letters WHERE {key} BETWEEN ? AND ?", [(*which, *each) for each in sent])
        if not record:
            execute("UPDATE dead_letters SET is_waiting = 0 WHERE number BETWEEN ? AND ?", done)
        if not refusal:
            return
        if record:
            columns = "journal, stream, id, time_ms, line, words, status, refused_ms, tries"
            execute(
                f"INSERT OR IGNORE INTO dead_letters ({columns}) VALUES (?, ?, ?, 0, '', '', 0, 0, 0)",
                [(*record, line.id) for line in refusal.lines],
            )
        execute(
            f"""
            UPDATE dead_letters
            SET time_ms = ?, line = ?, words = ?, status = ?, refused_ms = ?, tries = tries + 1, is_waiting = 0
            WHERE {key} = ?
            """,
            [
                (line.time_ms, line.text, refusal.words, refusal.status, refusal.refused_ms, *which, line.id)
                for line in refusal.lines
            ],
        )

    def _change(self, statement: str, numbers: Sequence[int] | None) -> int:
        if numbers is None:
            return self._connection.execute(statement).rowcount
        return sum(self._connection.execute(f"{statement} WHERE number = ?", (each,)).rowcount for each in numbers)

    def _letters(self, where: str, *values: int, limit: int = -1) -> list[DeadLetter]:
        query = f"SELECT {_COLUMNS} FROM dead_letters WHERE {where} ORDER BY number LIMIT ?"
        rows = self._connection.execute(query, (*values, limit)).fetchall()
        return [replace(DeadLetter(*row), is_waiting=bool(row[-1])) for row in rows]


def _point(line: str) -> str:
    """Measurement and tags: up to the first space that is not escaped."""
    return re.split(r"(?<!\\) ", line, maxsplit=1)[0]
