"""The journal for writing: one writer per file.

Rules:
- A record is on the disk (fdatasync) when `append` returns: WAL with synchronous=FULL, one transaction a record.
- Ids rise and are never used twice; only the oldest rows are deleted, never the newest.
- No two records of a stream share a millisecond, whatever the clock does.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from journal import boots, damage, dating, files, revisions, schema, sites, spans
from journal.boots import Anchor, Boot
from journal.errors import our_errors, primary_code
from journal.journal import COLUMNS, Journal
from journal.reading import STREAMS, Day, Reading, Record
from journal.revisions import Decoding
from journal.spans import Spans

_STREAM_OF = {record: stream for stream, record in STREAMS.items()}
DATING_ORDER = ("events", "checks", "readings")


class JournalWriter(Journal):
    """journal.db, to write and to read. `create` opens it."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, lock: IO[bytes], aside: Path | None, site: str
    ) -> None:
        super().__init__(connection, path)
        self.aside = aside
        """Where `create` put a damaged journal; None if there was none."""
        self.site = site
        self._lock = lock
        self._spans: dict[str, Spans] = {}
        self._newest_sites: dict[str, str | None] = {}

    @classmethod
    def create(cls, path: Path, site: str = sites.DEFAULT) -> Self:
        """Open for appending records of this site; make or migrate the file first if needed.

        A damaged file is set aside first (see `aside`). Raises JournalUnusable (not SQLite, not writable, in use by
        another logger), JournalTooNew, JournalFull.
        """
        lock = files.lock(path)
        try:
            with our_errors("open", path):
                aside = damage.set_aside(path) if files.is_there(path) and damage.found_in(path) else None
                if not files.is_there(path):
                    files.make(path)
                connection = files.connect(path, "rw")
                try:
                    connection.execute("PRAGMA journal_mode = WAL")  # a copy that was put back is not in WAL mode
                    schema.migrate(connection, schema.JOURNAL, path)
                    journal = cls(connection, path, lock, aside, site)
                    with journal._transaction():
                        sites.give_to_old_records(connection, path, site)
                    with suppress(sqlite3.DatabaseError), journal._transaction():
                        spans.merge(connection)
                except BaseException:
                    connection.close()
                    raise
        except BaseException:
            lock.close()
            raise
        return journal

    def close(self) -> None:
        super().close()
        self._lock.close()

    def append(self, record: Record, *, is_held: bool = False, site: str | None = None) -> int:
        """Store a record, durably, and return its id. An existing day is replaced, under a new id.

        A held record's time is not trusted: it is not sent before `date` has corrected it. `site`: where it was taken,
        if not at the journal's own site.
        Raises JournalFull if the disk is full or the file system is read-only: nothing was stored, try again later.
        """
        (new_id,) = self.append_all([record], is_held=is_held, site=site)
        return new_id

    def append_all(self, records: Iterable[Record], *, is_held: bool = False, site: str | None = None) -> list[int]:
        """Store the records in one transaction, all or none; returns their ids. Otherwise like `append`."""
        new_ids = []
        with self._our_errors("write to"), self._transaction():
            for record in records:
                stream = _STREAM_OF[type(record)]
                if isinstance(record, Day):
                    new_id = self._insert(stream, record, record.time_ms)
                    self._note_site(stream, new_id, self._replace_day(record, new_id) or site)
                else:
                    of_stream = self._spans_of(stream)
                    time_ms, begins_span = of_stream.place(
                        record.boot, record.uptime_ms, record.time_ms, is_held=is_held
                    )
                    new_id = self._insert(stream, record, time_ms)
                    of_stream.add(new_id, record.boot, time_ms, is_held=is_held, begins=begins_span)
                    self._note_site(stream, new_id, site)
                new_ids.append(new_id)
        return new_ids

    def _replace_day(self, day: Day, new_id: int) -> str | None:
        """Delete the older row of the same day; returns its site, for it is the same point at the server."""
        site = None
        old = self._connection.execute("SELECT id FROM days WHERE date = ? AND id < ?", (day.date, new_id))
        for (old_id,) in old.fetchall():
            site = sites.of(self._connection, "days", old_id)
            self._connection.execute("DELETE FROM days WHERE id = ?", (old_id,))
        return site

    def _note_site(self, stream: str, record_id: int, site: str | None) -> None:
        if stream not in self._newest_sites:
            self._newest_sites[stream] = sites.of(self._connection, stream, sites.OPEN_END)
        if self._newest_sites[stream] != (site := site or self.site):
            self._newest_sites[stream] = site
            sites.begin(self._connection, stream, record_id, site)

    def _insert(self, stream: str, record: Record, time_ms: int) -> int:
        columns = COLUMNS[stream]
        values = {column: getattr(record, column) for column in columns} | {"id": None, "time_ms": time_ms}
        cursor = self._connection.execute(
            f"INSERT INTO {stream} ({', '.join(columns)}) VALUES ({', '.join(':' + column for column in columns)})",
            values,
        )
        return int(cursor.lastrowid or 0)

    def boot_number(self, boot_id: str) -> int:
        """The number of this boot of the computer; a new boot gets the next number."""
        with self._our_errors("write to"):
            self._connection.execute("INSERT OR IGNORE INTO boots (boot_id) VALUES (?)", (boot_id,))
            (number,) = self._connection.execute("SELECT id FROM boots WHERE boot_id = ?", (boot_id,)).fetchone()
            return int(number)

    def write_anchor(self, boot: int, anchor: Anchor) -> None:
        """Store the boot's anchor in place of an earlier one; `date` uses it."""
        with self._our_errors("write to"):
            boots.write_anchor(self._connection, boot, anchor)

    def boots_before(self, past: Sequence[Boot]) -> dict[int, int]:
        """Insert the boots of an older journal before all others; returns their numbers there → here."""
        with self._our_errors("write to"), self._transaction():
            return boots.put_before(self._connection, past)

    def date(self, boot: int, *, limit: int = 1000) -> int:
        """Correct the times of a boot's held records by its anchor, and release them. Returns how many.

        At most `limit` records at a time, oldest first, each time in a transaction: call again until it returns 0.
        """
        anchor = next((row.anchor for row in self.boots() if row.number == boot), None)
        if anchor is None:
            return 0
        for stream in DATING_ORDER:
            with self._our_errors("write to"), self._transaction():
                if done := dating.date(self._connection, stream, boot, anchor, limit):
                    self._spans.clear()
                    return done
        return 0

    def prune(self, sent: Sequence[tuple[int, int]], before_ms: int, limit: int) -> int:
        """Delete at most `limit` readings older than `before_ms` that are in the ranges `sent`; returns how many.

        The newest reading always stays, otherwise its id would be used again.
        """
        newest, deleted = self.last_id("readings"), 0
        with self._our_errors("prune"), self._transaction():
            for old_first, old_last in Spans(self._connection, "readings").ids_between(-(2**63), before_ms):
                for sent_first, sent_last in sent:
                    cursor = self._connection.execute(
                        """
                        DELETE FROM readings
                        WHERE id IN (SELECT id FROM readings WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)
                        """,
                        (max(old_first, sent_first), min(old_last, sent_last, newest - 1), limit - deleted),
                    )
                    deleted += cursor.rowcount
        self._spans.clear()
        return deleted

    def note_decoding(self, decoding: Decoding) -> None:
        """Store a new scale, or the progress of decoding."""
        with self._our_errors("write to"), self._transaction():
            revisions.write_decoding(self._connection, decoding)

    def revise(self, readings: Iterable[Reading], decoding: Decoding) -> None:
        """Replace the quantities of these readings, and store how far that is done; all or nothing.

        Id, times, boot and raw bytes stay as they are. The readings become a revision, so that they are sent again.
        """
        with self._our_errors("write to"), self._transaction():
            revisions.rewrite(self._connection, readings)
            revisions.write_decoding(self._connection, decoding)

    def _spans_of(self, stream: str) -> Spans:
        """The spans, read once: only this writer changes them."""
        if stream not in self._spans:
            self._spans[stream] = Spans(self._connection, stream)
        return self._spans[stream]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            self._spans.clear()
            self._newest_sites.clear()
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and primary_code(error) == sqlite3.SQLITE_CORRUPT:
                damage.leave_note(self.path, str(error))
            raise
