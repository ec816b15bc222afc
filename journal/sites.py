"""Sites: where records were taken, as stretches of ids. A record's site is part of it and never changes.

    id    1 … 5000 | 5001 …        a row where the site changes, in each stream
    site  home     | cabin

Formats before 2 had no sites; uploader.db knew them. It is read once, when such a journal is migrated.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from journal.reading import STREAMS

DEFAULT = "home"
STREAMS_WITHOUT_SITES = ("readings", "days", "events")
OPEN_END = 2**62
"""The last id of a stretch that has not ended."""


class SiteStretch(NamedTuple):
    """Ids, both included, whose records were taken at one site."""

    first_id: int
    last_id: int
    site: str


def load(connection: sqlite3.Connection, stream: str) -> list[SiteStretch]:
    """The stream's stretches, in the order of ids."""
    rows = connection.execute(
        """
        SELECT first_id, lead(first_id, 1, ?) OVER (ORDER BY first_id) - 1, site
        FROM sites
        WHERE stream = ?
        """,
        (OPEN_END + 1, stream),
    )
    return [SiteStretch(*row) for row in rows]


def of(connection: sqlite3.Connection, stream: str, record_id: int) -> str | None:
    """The site of one record; None if the stream has none yet."""
    row = connection.execute(
        "SELECT site FROM sites WHERE stream = ? AND first_id <= ? ORDER BY first_id DESC LIMIT 1", (stream, record_id)
    ).fetchone()
    return str(row[0]) if row else None


def begin(connection: sqlite3.Connection, stream: str, first_id: int, site: str) -> None:
    """From this id on, records belong to this site."""
    connection.execute("INSERT OR REPLACE INTO sites VALUES (?, ?, ?)", (stream, first_id, site))


def give_to_old_records(connection: sqlite3.Connection, path: Path, site: str) -> None:
    """Within a transaction: give sites to the records that are older than the table of sites."""
    without = [stream for stream in STREAMS if of(connection, stream, OPEN_END) is None]
    without = [stream for stream in without if connection.execute(f"SELECT 1 FROM {stream} LIMIT 1").fetchone()]
    for stream, stretches in remembered(connection, path, site).items() if without else ():
        if stream in without:
            for stretch in stretches:
                begin(connection, stream, stretch.first_id, stretch.site)


def remembered(connection: sqlite3.Connection, path: Path, site: str) -> dict[str, list[SiteStretch]]:
    """The sites of a journal that has none yet: as its uploader stored them, if it sent anything from this journal;
    otherwise this site."""
    unknown = {stream: [SiteStretch(0, OPEN_END, site)] for stream in STREAMS}
    try:
        (identity,) = connection.execute("SELECT uuid FROM identity").fetchone()
        with closing(sqlite3.connect(f"file:{quote(str(path.with_name('uploader.db')))}?mode=ro", uri=True)) as sent:
            if sent.execute("SELECT journal, has_attempted FROM state").fetchone() == (identity, 1):
                found = {stream: load(sent, stream) for stream in STREAMS_WITHOUT_SITES}
                if all(found.values()):
                    return unknown | found
    except sqlite3.Error:
        pass  # there is no uploader.db, or none that can be read
    return unknown
