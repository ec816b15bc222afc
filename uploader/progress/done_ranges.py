"""DoneRanges: the ids that need not be sent any more, as ranges in uploader.db.

Ranges never overlap or touch. A step reads and writes only the rows near its ids: 100,000 holes cost no more than ten.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from uploader.progress.id_ranges import IdRanges

HIGHEST_ID = 2**62
ROWS_AT_ONCE = 500


class DoneRanges:
    """The table `done` of an open uploader.db. `add` and `remove` are called within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, stream: str) -> IdRanges:
        return IdRanges.of(self._connection.execute("SELECT first_id, last_id FROM done WHERE stream = ?", (stream,)))

    def gaps(self, stream: str, first: int, last: int, *, newest_first: bool) -> Iterator[tuple[int, int]]:
        """The ranges between two ids, both included, that are not done; looked up as needed."""
        query = f"""
            SELECT first_id, last_id
            FROM done
            WHERE stream = ? AND first_id BETWEEN ? AND ?
            ORDER BY first_id {"DESC" if newest_first else "ASC"}
            LIMIT {ROWS_AT_ONCE}
            """
        lowest, highest = self._row_before(stream, first), last
        while first <= last:
            rows = self._connection.execute(query, (stream, lowest, highest)).fetchall()
            for done_first, done_last in rows:
                if newest_first:
                    gap, last, highest = (max(first, done_last + 1), last), min(last, done_first - 1), done_first - 1
                else:
                    gap, first, lowest = (first, done_first - 1), max(first, done_last + 1), done_first + 1
                if gap[0] <= gap[1]:
                    yield gap
            if len(rows) < ROWS_AT_ONCE:
                break
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
