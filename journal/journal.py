"""The journal for reading: records by id, ids by time; what is held, its site, what was revised.

It is opened read-only, and every read transaction is short. The logger writes it (journal/writer.py).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import astuple, fields
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from journal import boots, copies, files, revisions, schema, sites, spans
from journal.boots import Boot
from journal.errors import JournalMissing, JournalUnusable, our_errors
from journal.id_ranges import NONE, IdRanges
from journal.reading import STREAMS, Check, Day, Event, Reading, Record
from journal.revisions import Decoding, Revision
from journal.sites import SiteStretch
from journal.spans import Span, Spans

# Rows fetched at a time: a read transaction that stays open would prevent SQLite from resetting the WAL.
CHUNK_ROWS = 1000
SUMMED_ROWS = 5000
DAY_COLUMNS_MARKED = 19
"""So many columns a day had when marks began: a later one that is absent must not change the mark of an older day."""

_WITHOUT_LAST = itemgetter(slice(None, -1))
COLUMNS = {stream: tuple(field.name for field in fields(record)) for stream, record in STREAMS.items()}


class Journal:
    """journal.db, to read. `open` opens it."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection

    @staticmethod
    def open(path: Path) -> "Journal":
        """Open read-only. Raises JournalMissing when there is no such file, JournalUnusable, JournalTooNew."""
        if not files.is_there(path):
            raise JournalMissing(f"cannot open {path}: there is no such file; `solar log` creates it in SOLAR_DATA")
        with our_errors("open", path):
            connection = files.connect(path, "ro")
            schema.stand_in(connection)
            return Journal(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def format(self) -> int:
        """The file's format; it changes when a newer logger opens it."""
        with self._our_errors("read"):
            return schema.version_of(self._connection)

    def identity(self) -> str:
        """The identity that this file got when it was made: in another file the same ids are other records."""
        with self._our_errors("read"):
            return str(self._connection.execute("SELECT uuid FROM identity").fetchone()[0])

    def boots(self) -> list[Boot]:
        """All boots in order, each with its anchor if it has one."""
        with self._our_errors("read"):
            return boots.load(self._connection)

    def last_id(self, stream: str) -> int:
        """The newest id of the stream, 0 when it is empty."""
        with self._our_errors("read"):
            (last,) = self._connection.execute(f"SELECT max(id) FROM {stream}").fetchone()
            return last or 0

    def newest_reading(self) -> Reading | None:
        """None while there is none."""
        newest = self.get("readings", self.last_id("readings"))
        return newest if isinstance(newest, Reading) else None

    def last_ids(self) -> dict[str, int]:
        """The newest id of each stream."""
        return {stream: self.last_id(stream) for stream in STREAMS}

    def count(self, stream: str) -> int:
        """How many records the stream has; for readings and events from first and last id, which is fast."""
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
        """What distinguishes the record with this id from another that gets the same id after this one was lost. Empty
        if there is no such record."""
        import hashlib  # 3 MB of OpenSSL, which the logger does without

        match self.get(stream, record_id):
            case None:
                return ""
            case Day() as day:
                told: tuple[object, ...] = astuple(day)
                later = [value for value in told[DAY_COLUMNS_MARKED:] if value is not None]
                told = (*told[:DAY_COLUMNS_MARKED], *later)
            case Reading() | Event() | Check() as record:
                query = "SELECT coalesce(max(boot_id), '') FROM boots WHERE id = ?"
                with self._our_errors("read"):
                    (boot_name,) = self._connection.execute(query, (record.boot,)).fetchone()
                told = (boot_name, record.uptime_ms, getattr(record, "raw", b""))
        return hashlib.blake2b(repr(told).encode(), digest_size=8).hexdigest()

    def records(
        self, stream: str, first_id: int, last_id: int, *, limit: int | None = None, newest_first: bool = False
    ) -> Iterator[Record]:
        """The records with ids from `first_id` to `last_id`, both included; at most `limit`.

        Read in chunks, each in a read transaction of its own, so that a slow consumer holds nothing.
        """
        record = STREAMS[stream]
        columns = COLUMNS[stream]
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
        """Some columns of those records, for very many of them; `names` must be fields of the stream's record."""
        order = "DESC" if newest_first else "ASC"
        with self._our_errors("read"):
            columns = schema.columns(self._connection, stream, names)
        has_id = "id" in names
        place = names.index("id") if has_id else len(names)
        selected = columns if has_id else f"{columns}, id"
        query = f"SELECT {selected} FROM {stream} WHERE id BETWEEN ? AND ? ORDER BY id {order} LIMIT ?"
        left = limit if limit is not None else last_id - first_id + 1
        while left > 0:
            wanted = min(left, CHUNK_ROWS)
            with self._our_errors("read"):
                rows = self._connection.execute(query, (first_id, last_id, wanted)).fetchall()
            yield from rows if has_id else map(_WITHOUT_LAST, rows)
            if len(rows) < wanted:
                return
            left -= wanted
            reached = rows[-1][place]
            if newest_first:
                last_id = reached - 1
            else:
                first_id = reached + 1

    def slices(
        self, names: Sequence[str], first_id: int, last_id: int, since_ms: int, slice_ms: float
    ) -> Iterator[list[tuple[Any, ...]]]:
        """The readings with these ids, summed up by SQLite in slices of time of this length from `since_ms` on; some
        slices at once. The times must ascend, as in `id_ranges`.

        A row for each slice with readings, in order: their number, the times of the first and the last; then of each
        column how many values there are, the times of the first and the last, the lowest, the highest, and their sum.
        A slice may come as two rows, one after the other.
        """
        quick, exact = (_slices_query(names, each) for each in ("time_ms", "iif({name} ISNULL, NULL, time_ms)"))
        for first in range(first_id, last_id + 1, SUMMED_ROWS):
            bound = first, min(first + SUMMED_ROWS - 1, last_id), since_ms, float(slice_ms)
            with self._our_errors("read"):
                rows = self._connection.execute(quick, bound).fetchall()
                if any(0 < number < row[0] for row in rows for number in row[3::6]):
                    rows = self._connection.execute(exact, bound).fetchall()
            yield rows

    def released(self, stream: str) -> IdRanges:
        """The ids that may be sent."""
        return IdRanges.of([(1, self.last_id("days"))]) if stream == "days" else self._ids(stream, is_held=False)

    def spans(self, stream: str) -> list[Span]:
        """Stretches of ids of one boot, all held or all released, with the times at both ends. Days have none."""
        with self._our_errors("read"):
            return Spans(self._connection, stream).spans

    def held(self, stream: str) -> IdRanges:
        """The ids whose times are not trusted yet."""
        return NONE if stream == "days" else self._ids(stream, is_held=True)

    def _ids(self, stream: str, *, is_held: bool) -> IdRanges:
        with self._our_errors("read"):
            return spans.ids(self._connection, stream, is_held=is_held)

    def sites(self, stream: str) -> list[SiteStretch]:
        """The sites of the stream's records, as stretches of ids without gaps.

        Raises JournalUnusable for a journal in an older format; the logger updates it when it starts.
        """
        with self._our_errors("read"):
            if schema.version_of(self._connection) < schema.WITH_SITES:
                raise JournalUnusable(
                    f"cannot read the sites in {self.path}: an older version of this program wrote it; "
                    "start the logger, which updates it (systemctl start solar-logger)"
                )
            return sites.load(self._connection, stream)

    def id_ranges(self, stream: str, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """The ranges of ids whose time is from `since_ms` on and before `until_ms`, by id (days: by time)."""
        with self._our_errors("read"):
            if stream != "days":
                return self._spans_of(stream).ids_between(since_ms, until_ms)
            rows = self._connection.execute(
                "SELECT id, id FROM days WHERE time_ms BETWEEN ? AND ? ORDER BY time_ms", (since_ms, until_ms - 1)
            )
            return rows.fetchall()

    def decoding(self) -> Decoding | None:
        """The scale used to decode the readings, and how far that is done; None if not set yet."""
        with self._our_errors("read"):
            return revisions.load_decoding(self._connection)

    def revisions(self, after: int = 0) -> list[Revision]:
        """The revisions after the one with the number `after`, in order; all of them if that one is gone."""
        with self._our_errors("read"):
            return revisions.load(self._connection, after)

    def backup(self, target: Path) -> None:
        """Write a consistent copy that opens anywhere to `target`, which appears whole or not at all.

        The copy has its own identity: if it replaces this journal, it gives the same ids to other readings.
        Raises JournalUnusable if the journal is damaged; `target` then stays as it was.
        """
        copies.write(self._connection, target, is_checked=True)

    def _spans_of(self, stream: str) -> Spans:
        """The spans as they are now: another program may be appending."""
        return Spans(self._connection, stream)

    def _our_errors(self, verb: str) -> AbstractContextManager[None]:
        return our_errors(verb, self.path)


def _slices_query(names: Sequence[str], time: str) -> str:
    """`time`: of a value. Where no value is missing it is the reading's, which takes two thirds of the processor."""
    sums = ", ".join(
        f"count({name}), min({time}), max({time}), min({name}), max({name}), total({name})".replace("{name}", name)
        for name in names
    )
    return f"""
        SELECT count(*), min(time_ms), max(time_ms), {sums}
        FROM readings
        WHERE id BETWEEN ? AND ?
        GROUP BY CAST((time_ms - ?) / ? AS INTEGER)
        ORDER BY min(time_ms)
        """
