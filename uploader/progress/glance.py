"""A glance at uploader.db, for a process with little memory: what waits to be sent, and how much was refused.

The same figures as from `Progress`, without loading it: the logger asks every ten minutes (logger/self_check.py).
"""

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from journal.errors import our_errors
from journal.files import is_there
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.progress.progress_file import open_read_only


class Glance(NamedTuple):
    """How many records wait to be sent, and how many are dead letters."""

    pending_records: int
    dead_letters: int


def glance(journal: Journal, path: Path) -> Glance | None:
    """None if nothing was uploaded from this journal yet. Raises JournalUnusable, JournalFull, JournalTooNew."""
    if not is_there(path):
        return None
    pending = 0
    with our_errors("read", path), closing(open_read_only(path)) as connection:
        if connection.execute("SELECT journal FROM state").fetchone() != (journal.identity(),):
            return None
        for stream in STREAMS:
            for first, last in journal.released(stream):
                (done,) = connection.execute(
                    """
                    SELECT coalesce(sum(min(last_id, :last) - max(first_id, :first) + 1), 0)
                    FROM done
                    WHERE stream = :stream AND first_id <= :last AND last_id >= :first
                    """,
                    {"stream": stream, "first": first, "last": last},
                ).fetchone()
                pending += last - first + 1 - done
        (letters,) = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
    return Glance(pending, letters)
