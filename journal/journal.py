"""Journal: append a record, read a range of ids, find ids by time.

Rules:
- A record is on the disk (fdatasync) when `append` returns: WAL with synchronous=FULL, one transaction a record.
- Ids ascend and are never given twice; only the oldest rows are ever deleted, never the newest.
- No two records of a stream share a millisecond, whatever the clock does.
- One writer a file; all others open read-only and keep their read transactions short.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import astuple, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from journal import boots, copies, damage, dating, files, pruning, revisions, schema, sites, spans
from journal.boots import Anchor, Boot
from journal.errors import JournalMissing, JournalUnusable, our_errors, primary_code
from journal.reading import STREAMS, Day, Event, Reading, Record
from journal.revisions import Decoding, Revision
from journal.sites import SiteStretch
from journal.spans import Span, Spans

# Rows fetched at a time: a read transaction that stays open would keep the WAL from being reset.
CHUNK_ROWS = 1000

_COLUMNS = {stream: tuple(field.name for field in fields(record)) for stream, record in STREAMS.items()}
_STREAM_OF = {record: stream for stream, record in STREAMS.items()}


class Journal:
    """journal.db, opened by `create` for the logger or by `open` for everybody else."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        lock: IO[str] | None = None,
        aside: Path | None = None,
        site: str = sites.DEFAULT,
    ) -> None:
        self.path = path
        self.aside = aside
        """Where `create` put a damaged journal that was here before; None when all was well."""
        self._connection = connection
        self._lock = lock
        self.site = site
        self._spans: dict[str, Spans] = {}
        self._newest_sites: dict[str, str | None] = {}

    @classmethod
    def create(cls, path: Path, site: str = sites.DEFAULT) -> Self:
        """Open for appending records that are taken at this site; make or migrate the file first where needed.

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
                    connection.execute("PRAGMA journal_mode = WAL")  # a copy that was put back is not
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

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open read-only. Raises JournalMissing when there is no such file, JournalUnusable, JournalTooNew."""
        if not files.is_there(path):
            raise JournalMissing(f"cannot open {path}: there is no such file; `solar log` makes it, below SOLAR_DATA")
        with our_errors("open", path):
            return cls(files.connect(path, "ro"), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        if self._lock:
            self._lock.close()

    def identity(self) -> str:
        """The name that this file was given when it was made: another file's ids are other records."""
        with self._our_errors("read"):
            return str(self._connection.execute("SELECT uuid FROM identity").fetchone()[0])

    def boot_number(self, boot_id: str) -> int:
        """The number of this boot of the computer, ascending in their order; a new one is written down."""
        with self._our_errors("write to"):
            self._connection.execute("INSERT OR IGNORE INTO boots (boot_id) VALUES (?)", (boot_id,))
            (number,) = self._connection.execute("SELECT id FROM boots WHERE boot_id = ?", (boot_id,)).fetchone()
            return int(number)

    def boots(self) -> list[Boot]:
        """Every boot, in their order, with its anchor if it has one."""
        with self._our_errors("read"):
            return boots.load(self._connection)

    def write_anchor(self, boot: int, anchor: Anchor) -> None:
        """Write down when the right time was known in a boot, in place of what was there; `date` goes by it."""
        with self._our_errors("write to"):
            boots.write_anchor(self._connection, boot, anchor)

    def boots_before(self, past: Sequence[Boot]) -> dict[int, int]:
        """Take up the boots of an older journal, before all that are here; their numbers there → here."""
        with self._our_errors("write to"), self._transaction():
            return boots.put_before(self._connection, past)

    def append(self, record: Record, *, is_held: bool = False, site: str | None = None) -> int:
        """Store a record, durably, and return its id. A day that is there already is replaced, under a new id.

        A held record's time is not trusted: it is not to be sent before `date` has put it right. `site`: where it was
        taken, if not at the journal's own.
        Raises JournalFull when there is no room or the file system is read-only: nothing was stored, try again later.
        """
        with self._our_errors("write to"), self._transaction():
            return self._insert(record, is_held=is_held, site=site)

    def append_all(self, records: Iterable[Record], *, is_held: bool = False, site: str | None = None) -> int:
        """Store the records in one transaction, all or none; how many they were. For the rest like `append`."""
        with self._our_errors("write to"), self._transaction():
            return sum(1 for record in records if self._insert(record, is_held=is_held, site=site))

    def _insert(self, record: Record, *, is_held: bool, site: str | None) -> int:
        stream = _STREAM_OF[type(record)]
        if isinstance(record, Day):
            new_id = self._insert_row(stream, record, record.time_ms)
            old = self._connection.execute("SELECT id FROM days WHERE date = ? AND id < ?", (record.date, new_id))
            for (old_id,) in old.fetchall():
                site = sites.of(self._connection, stream, old_id)  # the same day, so the same point at the server
                self._connection.execute("DELETE FROM days WHERE id = ?", (old_id,))
            self._note_site(stream, new_id, site)
            return new_id
        if stream not in self._spans:
            self._spans[stream] = Spans(self._connection, stream)
        of_stream = self._spans[stream]
        time_ms, begins_span = of_stream.place(record.boot, record.time_ms, is_held=is_held)
        new_id = self._insert_row(stream, record, time_ms)
        if begins_span:
            self._connection.execute(
                "INSERT INTO spans (stream, first_id, boot, is_held) VALUES (?, ?, ?, ?)",
                (stream, new_id, record.boot, is_held),
            )
        of_stream.add(new_id, record.boot, time_ms, is_held=is_held, begins=begins_span)
        self._note_site(stream, new_id, site)
        return new_id

    def _note_site(self, stream: str, record_id: int, site: str | None) -> None:
        if stream not in self._newest_sites:
            self._newest_sites[stream] = sites.of(self._connection, stream, sites.OPEN_END)
        if self._newest_sites[stream] != (site := site or self.site):
            self._newest_sites[stream] = site
            sites.begin(self._connection, stream, record_id, site)

    def _insert_row(self, stream: str, record: Record, time_ms: int) -> int:
        columns = _COLUMNS[stream]
        values = {column: getattr(record, column) for column in columns} | {"id": None, "time_ms": time_ms}
        cursor = self._connection.execute(
            f"INSERT INTO {stream} ({', '.join(columns)}) VALUES ({', '.join(':' + column for column in columns)})",
            values,
        )
        return int(cursor.lastrowid or 0)

    def prune(self, sent: Sequence[tuple[int, int]], before_ms: int, limit: int) -> int:
        """Delete at most `limit` readings older than `before_ms` that are in the ranges `sent`; how many were deleted.

        The newest reading always stays, or its id would be given again.
        """
        newest = self.last_id("readings")
        with self._our_errors("prune"), self._transaction():
            deleted = pruning.prune(self._connection, sent, before_ms, newest, limit)
        self._spans.clear()
        return deleted

    def last_id(self, stream: str) -> int:
        """The newest id of the stream, 0 when it is empty."""
        with self._our_errors("read"):
            (last,) = self._connection.execute(f"SELECT max(id) FROM {stream}").fetchone()
            return last or 0

    def last_ids(self) -> dict[str, int]:
        """The newest id of each stream."""
        return {stream: self.last_id(stream) for stream in STREAMS}

    def count(self, stream: str) -> int:
        """How many records the stream has; of readings and events by their first and last id, at no cost."""
        with self._our_errors("read"):
            if stream == "days":
                return int(self._connection.execute("SELECT count(*) FROM days").fetchone()[0])
            first, last = self._connection.execute(
                f"SELECT (SELECT min(id) FROM {stream}), (SELECT max(id) FROM {stream})"
            ).fetchone()
            return last - first + 1 if last else 0

    def get(self, stream: str, record_id: int) -> Record | None:
        """The record with this id, None when there is none."""
        return next(self.records(stream, record_id, record_id), None)

    def mark(self, stream: str, record_id: int) -> str:
        """What tells the record with this id from another that is given the same id after this one was lost: what it
        was when it was taken. Empty when there is none."""
        import hashlib  # 3 MB of OpenSSL, which the logger does without

        match self.get(stream, record_id):
            case None:
                return ""
            case Day() as day:
                told: tuple[object, ...] = astuple(day)
            case Reading() | Event() as record:
                told = (self._boot_name(record.boot), record.uptime_ms, record.raw)
        return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()

    def _boot_name(self, number: int) -> str:
        with self._our_errors("read"):
            row = self._connection.execute("SELECT boot_id FROM boots WHERE id = ?", (number,)).fetchone()
            return str(row[0]) if row else ""

    def records(
        self, stream: str, first_id: int, last_id: int, *, limit: int | None = None, newest_first: bool = False
    ) -> Iterator[Record]:
        """The records with ids from `first_id` to `last_id`, both included; at most `limit`.

        Read in chunks, each in a read transaction of its own, so that a slow consumer holds nothing.
        """
        record = STREAMS[stream]
        columns = _COLUMNS[stream]
        for row in self.values(stream, columns, first_id, last_id, limit=limit, newest_first=newest_first):
            yield record(**dict(zip(columns, row, strict=True)))

    def values(
        self,
        stream: str,
        names: Sequence[str],
        first_id: int,
        last_id: int,
        *,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[tuple[Any, ...]]:
        """Some columns of those records, for who reads very many; `names` must be fields of the stream's record."""
        order = "DESC" if newest_first else "ASC"
        query = f"SELECT id, {', '.join(names)} FROM {stream} WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT ?"
        left = limit if limit is not None else last_id - first_id + 1
        while left > 0:
            wanted = min(left, CHUNK_ROWS)
            with self._our_errors("read"):
                rows = self._connection.execute(query, (first_id, last_id, wanted)).fetchall()
            for row in rows:
                yield row[1:]
            if len(rows) < wanted:
                return
            left -= wanted
            if newest_first:
                last_id = rows[-1][0] - 1
            else:
                first_id = rows[-1][0] + 1

    def date(self, boot: int, *, limit: int = 1000) -> int:
        """Put the times of a boot's held records right by its anchor, and release them. How many it did.

        At most `limit` records at a time, oldest first, each time in a transaction: call again until it returns 0.
        """
        anchor = next((row.anchor for row in self.boots() if row.number == boot), None)
        if anchor is None:
            return 0
        for stream in ("events", "readings"):
            with self._our_errors("write to"), self._transaction():
                if done := dating.date(self._connection, stream, boot, anchor, limit):
                    self._spans.clear()
                    return done
        return 0

    def released(self, stream: str) -> list[tuple[int, int]]:
        """The ranges of ids that may be sent, in the order of ids."""
        if stream == "days":
            last = self.last_id("days")
            return [(1, last)] if last else []
        return self._ranges(stream, is_held=False)

    def spans(self, stream: str) -> list[Span]:
        """Stretches of ids that share a boot and are held or released, with the times at their ends; not of days."""
        with self._our_errors("read"):
            return Spans(self._connection, stream).spans

    def held(self, stream: str) -> list[tuple[int, int]]:
        """The ranges of ids whose times are not trusted yet, in the order of ids."""
        return [] if stream == "days" else self._ranges(stream, is_held=True)

    def _ranges(self, stream: str, *, is_held: bool) -> list[tuple[int, int]]:
        with self._our_errors("read"):
            return spans.ranges(self._connection, stream, is_held=is_held)

    def sites(self, stream: str) -> list[SiteStretch]:
        """At which sites the stream's records were taken, by stretches of ids that leave none out.

        Raises JournalUnusable for a journal of an older format, which the logger brings up to date when it starts.
        """
        with self._our_errors("read"):
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            if version < schema.WITH_SITES:
                raise JournalUnusable(
                    f"cannot read the sites in {self.path}: an older version of this program wrote it; "
                    "start the logger, which brings it up to date (systemctl start solar-logger)"
                )
            return sites.load(self._connection, stream)

    def id_ranges(self, stream: str, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """The ranges of ids whose time is from `since_ms` on and before `until_ms`, by id (days: by time)."""
        with self._our_errors("read"):
            if stream != "days":
                return self._spans_now(stream).ids_between(since_ms, until_ms)
            rows = self._connection.execute(
                "SELECT id, id FROM days WHERE time_ms BETWEEN ? AND ? ORDER BY time_ms", (since_ms, until_ms - 1)
            )
            return rows.fetchall()

    def decoding(self) -> Decoding | None:
        """The scale that the readings are decoded with, and how far they are; None when nobody has said yet."""
        with self._our_errors("read"):
            return revisions.load_decoding(self._connection)

    def note_decoding(self, decoding: Decoding) -> None:
        """Write down another scale, or that another part is done."""
        with self._our_errors("write to"), self._transaction():
            revisions.write_decoding(self._connection, decoding)

    def revise(self, readings: Iterable[Reading], decoding: Decoding) -> None:
        """Put these readings' quantities in place of those they had, and write down how far that is; all or nothing.

        Id, times, boot and raw bytes stay as they are. What is revised is a revision: it is to be sent again.
        """
        with self._our_errors("write to"), self._transaction():
            revisions.rewrite(self._connection, readings)
            revisions.write_decoding(self._connection, decoding)

    def revisions(self, after: int = 0) -> list[Revision]:
        """What was revised since the revision with the number `after`, in its order."""
        with self._our_errors("read"):
            return revisions.load(self._connection, after)

    def backup(self, target: Path) -> None:
        """Write a consistent copy that opens anywhere to `target`, which appears whole or not at all.

        The copy has an identity of its own: put back in this journal's place, it gives ids to other readings.
        Raises JournalUnusable when the journal is damaged; `target` is then as it was.
        """
        copies.write(self._connection, target, is_checked=True)

    def _spans_now(self, stream: str) -> Spans:
        """The one writer knows of every change; everybody else looks anew."""
        if self._lock is None:
            return Spans(self._connection, stream)
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

    def _our_errors(self, verb: str) -> AbstractContextManager[None]:
        return our_errors(verb, self.path)
