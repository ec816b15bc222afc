"""DeadLetters: the records that InfluxDB itself refused, each with its line and the server's own words.

A letter stays until it is dropped by a person, or sent: `retry` makes it wait for the uploader, which sends it again
and then deletes it, or writes down the new refusal. Its line is kept here, so it can be sent when the journal no longer
has it.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from uploader.progress.id_ranges import IdRanges
from uploader.progress.item import Item


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`number` names it for people. `is_waiting`: to be tried again by the uploader."""

    number: int
    stream: str
    id: int
    time_ms: int
    line: str
    words: str
    status: int
    refused_ms: int
    tries: int
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server's answer to items that it refused alone."""

    items: tuple[Item, ...]
    words: str
    status: int
    refused_ms: int


_COLUMNS = "number, stream, id, time_ms, line, words, status, refused_ms, tries, is_waiting"


class DeadLetters:
    """The letters in an open uploader.db. What writes is one statement, or called within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM dead_letters").fetchone()[0])

    def all(self, *, after: int = 0, limit: int = -1) -> list[DeadLetter]:
        """The letters with a number above `after`, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE number > ? ORDER BY number LIMIT ?", (after, limit)
        )
        return [_letter(row) for row in rows.fetchall()]

    def ids(self, journal: str, stream: str, first_id: int, last_id: int) -> IdRanges:
        """The records of this journal, from one id to another, that a letter is about."""
        rows = self._connection.execute(
            "SELECT id, id FROM dead_letters WHERE journal = ? AND stream = ? AND id BETWEEN ? AND ? ORDER BY id",
            (journal, stream, first_id, last_id),
        )
        return IdRanges.of(rows)

    def waiting(self, limit: int) -> list[DeadLetter]:
        """Letters to be tried again, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE is_waiting = 1 ORDER BY number LIMIT ?", (limit,)
        )
        return [_letter(row) for row in rows.fetchall()]

    def waiting_count(self) -> int:
        query = "SELECT count(*) FROM dead_letters WHERE is_waiting = 1"
        return int(self._connection.execute(query).fetchone()[0])

    def retry(self, numbers: Sequence[int] | None = None) -> int:
        """Have these letters (None: all) tried again; returns how many."""
        return self._change("UPDATE dead_letters SET is_waiting = 1", numbers)

    def drop(self, numbers: Sequence[int] | None = None) -> int:
        """Forget these letters (None: all) for good; returns how many. They stay in the journal, marked as done."""
        return self._change("DELETE FROM dead_letters", numbers)

    def add(self, journal: str, refusal: Refusal) -> None:
        """Write down a refusal: of new letters, or of ones that were tried again."""
        self._connection.executemany(
            """
            INSERT INTO dead_letters (journal, stream, id, time_ms, line, words, status, refused_ms, tries)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)
            ON CONFLICT (journal, stream, id) DO UPDATE SET
                line = excluded.line, words = excluded.words, status = excluded.status,
                refused_ms = excluded.refused_ms, tries = tries + 1, is_waiting = 0
            """,
            [
                (
                    journal,
                    item.stream,
                    item.id,
                    item.time_ms,
                    item.line,
                    refusal.words,
                    refusal.status,
                    refusal.refused_ms,
                )
                for item in refusal.items
                if item.letter is None
            ],
        )
        self._connection.executemany(
            """
            UPDATE dead_letters
            SET words = ?, status = ?, refused_ms = ?, tries = tries + 1, is_waiting = 0
            WHERE number = ?
            """,
            [
                (refusal.words, refusal.status, refusal.refused_ms, item.letter)
                for item in refusal.items
                if item.letter is not None
            ],
        )

    def delivered(self, journal: str, stream: str, ids: Iterable[tuple[int, int]], letters: Iterable[int]) -> None:
        """Delete letters that were sent after all: by number, or because their record was sent again."""
        self._connection.executemany("DELETE FROM dead_letters WHERE number = ?", [(each,) for each in letters])
        self._connection.executemany(
            "DELETE FROM dead_letters WHERE journal = ? AND stream = ? AND id BETWEEN ? AND ?",
            [(journal, stream, first, last) for first, last in ids],
        )

    def _change(self, statement: str, numbers: Sequence[int] | None) -> int:
        if numbers is None:
            return self._connection.execute(statement).rowcount
        return sum(self._connection.execute(f"{statement} WHERE number = ?", (each,)).rowcount for each in numbers)


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    return replace(DeadLetter(*row), is_waiting=bool(row[-1]))
