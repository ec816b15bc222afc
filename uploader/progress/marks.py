"""Marks: what the newest settled records were. They show whether the journal has lost records, even if others have got
their ids since.

Only the newest records can get lost. So if a record still has its mark, all below it are still there too.
"""

import sqlite3

from journal.journal import Journal

KEPT = 16
"""How many are kept for each stream: if a card loses fewer batches than this, only those are sent again."""

Mark = tuple[int, str]
"""An id, and the journal's mark of its record."""


class Marks:
    """The table `marks` of an open uploader.db. `note` and `forget` are called within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, stream: str) -> list[Mark]:
        """The newest first."""
        query = "SELECT id, mark FROM marks WHERE stream = ? ORDER BY id DESC"
        return self._connection.execute(query, (stream,)).fetchall()

    def still_so(self, journal: Journal, stream: str) -> int:
        """The id up to which the journal has the same records as before."""
        last = journal.last_id(stream)
        reach = last
        for record_id, mark in self.all(stream):
            now = journal.mark(stream, record_id)
            if now == mark:
                return last if reach == last else record_id
            if now or record_id > last:  # else it was pruned, which proves nothing
                reach = 0
        return reach

    def note(self, stream: str, mark: Mark | None) -> None:
        if mark and mark[1]:
            self._connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (stream, *mark))
            newest = "SELECT id FROM marks WHERE stream = ? ORDER BY id DESC LIMIT ?"
            self._connection.execute(
                f"DELETE FROM marks WHERE stream = ? AND id NOT IN ({newest})", (stream, stream, KEPT)
            )

    def forget(self, stream: str, above: int) -> None:
        """Forget those of ids above this one."""
        self._connection.execute("DELETE FROM marks WHERE stream = ? AND id > ?", (stream, above))
