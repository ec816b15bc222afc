"""A copy of the journal that was opened, counted and checked."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from journal.errors import JournalUnusable, our_errors
from journal.journal import Journal
from journal.reading import STREAMS


@dataclass(frozen=True, slots=True)
class Copy:
    """What was found in a copy. `newest_ms`: the time of its newest reading that is trusted."""

    path: Path
    counts: dict[str, int]
    last_ids: dict[str, int]
    newest_ms: int | None

    @property
    def readings(self) -> int:
        return self.counts["readings"]


def checked_copy(path: Path) -> Copy:
    """Open it, check every page, and count. Raises JournalUnusable if it is damaged, JournalMissing, JournalTooNew."""
    with Journal.open(path) as journal:
        newest, last_ids = newest_ms(journal), journal.last_ids()
        with our_errors("read", path), closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            counts = {
                stream: int(connection.execute(f"SELECT count(*) FROM {stream}").fetchone()[0]) for stream in STREAMS
            }
    if verdict != "ok":
        raise JournalUnusable(f"cannot use {path}: the copy is damaged; use another one")
    return Copy(path, counts, last_ids, newest)


def newest_ms(journal: Journal) -> int | None:
    """The time of the newest reading that is trusted."""
    times = [span.last_ms for span in journal.spans("readings") if not span.is_held]
    return max(times, default=None)


def compared(copy: Copy, last_ids: dict[str, int]) -> None:
    """Raise JournalUnusable if the copy lacks records that the journal had before it was made."""
    for stream, last in last_ids.items():
        if copy.last_ids[stream] < last:
            raise JournalUnusable(
                f"cannot use {copy.path}: its newest of the {stream} is number {copy.last_ids[stream]:,}, "
                f"the journal's {last:,}; check the disk that it is on"
            )
