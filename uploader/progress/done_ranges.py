"""DoneRanges: the ids that need not be sent any more, as ranges in uploader.db.

Ranges never overlap or touch. A step reads and writes only the rows near its ids: 100,000 holes cost no more than ten.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from journal.id_ranges import IdRanges


class DoneRanges:
    """The table `done` of an open uploader.db. `add` and `remove` are called within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, stream: str) -> IdRanges:
        return IdRanges.of(self._connection.execute("SELECT first_id, last_id FROM done WHERE stream = ?", (stream,)))

    def last(self, stream: str) -> int:
        """The highest id; 0 if there is none."""
        query = "SELECT last_id FROM done WHERE stream = ? ORDER BY first_id DESC LIMIT 1"
        return int((self._connection.execute(query, (stream,)).fetchone() or (0,))[0])

    def gaps(self, stream: str, first: int, last: int, *, newest_first: bool) -> Iterator[tuple[int, int]]:
        """The ranges between two ids, both included, that are not done; looked up one by one, as needed."""
        query = f"""
            SELECT first_id, last_id
            FROM done
            WHERE stream = ? AND first_id BETWEEN ? AND ?
            ORDER BY first_id {"DESC" if newest_first else "ASC"}
            """
        for done_first, done_last in self._connection.execute(query, (stream, self._row_before(stream, first), last)):
            if newest_first:
                gap, last = (max(first, done_last + 1), last), min(last, done_first - 1)
            else:
                gap, first = (first, done_first - 1), max(first, done_last + 1)
            if gap[0] <= gap[1]:
                yield gap
        if first <= last:
            yield first, last

    def add(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        for first, last in ranges:
            self._replace(stream, first, last, is_done=True)

    def remove(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        for first, last in ranges:
            self._replace(stream, first, last, is_done=False)

    def _replace(self, stream: str, first: int, last: int, *, is_done: bool) -> None:
        touching = "stream = ? AND first_id BETWEEN ? AND ? AND last_id >= ?"
        where = (stream, self._row_before(stream, first), last + 1, first - 1)
        rows = self._connection.execute(f"SELECT first_id, last_id FROM done WHERE {touching}", where).fetchall()
        these, old = IdRanges.of([(first, last)]), IdRanges.of(rows)
        self._connection.execute(f"DELETE FROM done WHERE {touching}", where)
        self._connection.executemany(
            "INSERT INTO done VALUES (?, ?, ?)", [(stream, *each) for each in (old | these if is_done else old - these)]
        )

    def _row_before(self, stream: str, record_id: int) -> int:
        """Where the only range that may reach this id begins; 0 if there is none."""
        query = "SELECT coalesce(max(first_id), 0) FROM done WHERE stream = ? AND first_id <= ?"
        return int(self._connection.execute(query, (stream, record_id)).fetchone()[0])
