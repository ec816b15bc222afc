"""Sites: which site tag a record goes out under. It never changes once a request with the record may have been sent."""

import sqlite3
from collections.abc import Mapping

from journal.reading import STREAMS
from uploader.progress.id_ranges import IdRanges

HIGHEST_ID = 2**62


class Sites:
    """The table `sites` of an open uploader.db: the site of the ids from first_id on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def of(self, stream: str, record_id: int) -> str | None:
        """The site tag of a record, None when no uploader has run with this journal."""
        row = self._connection.execute(
            "SELECT site FROM sites WHERE stream = ? AND first_id <= ? ORDER BY first_id DESC LIMIT 1",
            (stream, record_id),
        ).fetchone()
        return str(row[0]) if row else None

    def history(self, stream: str) -> list[tuple[int, str]]:
        """(first id, site) for each site there was, ascending."""
        query = "SELECT first_id, site FROM sites WHERE stream = ? ORDER BY first_id"
        return list(self._connection.execute(query, (stream,)))

    def split(self, stream: str, ids: IdRanges) -> list[tuple[str, IdRanges]]:
        """These ids by the site that they go out under, in the order of ids; a site that came back stands twice."""
        history = self.history(stream)
        lasts = [first_id - 1 for first_id, _ in history[1:]] + [HIGHEST_ID]
        parts = [(site, ids & IdRanges.of([(first, last)])) for (first, site), last in zip(history, lasts, strict=True)]
        return [(site, part) for site, part in parts if part]

    def newest_is(self, site: str) -> bool:
        """Whether new records go out under this site already."""
        return all(self.of(stream, HIGHEST_ID) == site for stream in STREAMS)

    def begin(self, site: str) -> None:
        """Every record goes out under this site."""
        self._connection.execute("DELETE FROM sites")
        self._connection.executemany("INSERT INTO sites VALUES (?, 0, ?)", [(stream, site) for stream in STREAMS])

    def change(self, site: str, last_ids: Mapping[str, int]) -> None:
        """Records after these ids go out under this site."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO sites VALUES (?, ?, ?)",
            [(stream, last_ids[stream] + 1, site) for stream in STREAMS],
        )
