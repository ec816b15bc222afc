"""Recovers what can be read from a damaged journal that was set aside.

If a range of ids cannot be read, it is halved until only the rows on the bad page are left out. A record that is
already in the journal is recognised by its boot, its uptime and its bytes, which dating does not change; a day by its
date. So recovering twice doubles nothing. Held records are held again, and every record keeps its site. The old boots
go before the present ones, so that held records can still be dated by the order of boots
(logger/clock/anchor_estimate.py).
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Self

from journal import boots, files, revisions, schema, sites
from journal.boots import Boot
from journal.errors import JournalUnusable, our_errors, primary_code
from journal.reading import STREAMS, Day, Record
from journal.revisions import Decoding
from journal.sites import SiteStretch
from journal.writer import JournalWriter

SMALLEST_STRETCH = 16
ROWS_AT_ONCE = 512
HIGHEST_ID = 2**26
"""Higher than any id: more readings than a site takes in twenty years."""
SMALLEST_ROW_BYTES = 16
RECOVERED = "; and recovered"
IDENTITY = {
    "readings": ("boot", "uptime_ms", "raw"),
    "events": ("boot", "uptime_ms", "kind", "message", "raw"),
    "checks": ("boot", "uptime_ms", "version"),
}
"""What distinguishes a record from all others, whatever its time is now."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many records were recovered, were already there, and (at most) were on unreadable pages."""

    brought_back: int
    known_already: int
    unreadable: int


def recover(damaged: Path, journal: JournalWriter) -> Recovered:
    """Append what can be read from `damaged` to the journal, oldest first, with new ids and the old times.

    Raises JournalUnusable if not even the file's schema can be read.
    """
    brought_back = known_already = unreadable = 0
    with our_errors("recover", damaged), closing(files.connect(damaged, "ro")) as source, _Known(journal) as known:
        schema.stand_in(source)
        past = _boots(source)
        known.learn({boot.name for boot in past})
        numbers = journal.boots_before(past)
        _note_other_scale(source, journal)
        for stream in STREAMS:
            held, places = _held(source, stream), _sites(source, stream, damaged, journal.site)
            for chunk in _readable(source, stream):
                if isinstance(chunk, int):
                    unreadable += chunk
                    continue
                records = []
                for record in chunk:
                    if not isinstance(record, Day) and record.boot not in numbers:
                        unnamed = Boot(record.boot, f"{damaged.name} boot {record.boot}", None)
                        known.learn({unnamed.name})
                        numbers |= journal.boots_before([unnamed])
                    records.append(record if isinstance(record, Day) else replace(record, boot=numbers[record.boot]))
                new = [record for record in records if record not in known]
                known_already += len(chunk) - len(new)
                kinds = [(_is_held(held, record), _site_of(places, record)) for record in new]
                for (is_held, site), alike in groupby(zip(kinds, new, strict=True), key=itemgetter(0)):
                    brought_back += len(journal.append_all((each for _, each in alike), is_held=is_held, site=site))
    return Recovered(brought_back, known_already, unreadable)


class _Known:
    """The journal's records from boots that the damaged journal has too; kept in an unnamed temporary file."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal
        self._dates = {getattr(day, "date", "") for day in journal.records("days", 1, journal.last_id("days"))}
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.execute("CREATE TABLE seen (fingerprint INTEGER PRIMARY KEY)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._seen.close()

    def learn(self, boots: set[str]) -> None:
        """Add what the journal has from the boots with these names."""
        numbers = {boot.number for boot in self._journal.boots() if boot.name in boots}
        for stream, columns in IDENTITY.items() if numbers else ():
            rows = self._journal.values(stream, columns, 1, self._journal.last_id(stream))
            prints = ((_fingerprint(row),) for row in rows if row[0] in numbers)
            self._seen.execute("BEGIN")
            self._seen.executemany("INSERT OR IGNORE INTO seen VALUES (?)", prints)
            self._seen.execute("COMMIT")

    def __contains__(self, record: Record) -> bool:
        if isinstance(record, Day):
            return record.date in self._dates
        stream = next(stream for stream, kind in STREAMS.items() if isinstance(record, kind))
        row = tuple(getattr(record, column) for column in IDENTITY[stream])
        query = "SELECT 1 FROM seen WHERE fingerprint = ?"
        return self._seen.execute(query, (_fingerprint(row),)).fetchone() is not None


def _fingerprint(row: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest(), signed=True)


def _note_other_scale(source: sqlite3.Connection, journal: JournalWriter) -> None:
    """Unless all of the damaged journal is decoded as this one is, give this one a scale that is never in force: then
    the logger goes through all of its readings again. Before the first is here: a recovery may be broken off."""
    here = journal.decoding()
    try:
        there = revisions.load_decoding(source)
    except sqlite3.DatabaseError:
        there = Decoding("unknown")
    if there != (replace(here, readings_undone=0, days_undone=0) if here else None):
        scale = (here.scale if here else "").removesuffix(RECOVERED)
        journal.note_decoding(Decoding(scale + RECOVERED))


def _sites(source: sqlite3.Connection, stream: str, path: Path, default: str) -> list[SiteStretch]:
    """The sites of the records; the default if they cannot be read."""
    try:
        return sites.load(source, stream)
    except sqlite3.DatabaseError:
        return sites.remembered(source, path, default)[stream]


def _site_of(stretches: list[SiteStretch], record: Record) -> str | None:
    return next((site for first, last, site in stretches if first <= (record.id or 0) <= last), None)


def _boots(source: sqlite3.Connection) -> list[Boot]:
    try:
        return boots.load(source)
    except sqlite3.DatabaseError:
        return []


def _held(source: sqlite3.Connection, stream: str) -> list[tuple[int, int]]:
    """The ranges of ids that were held; all ids if that cannot be read, so that no wrong time is sent."""
    try:
        rows = source.execute("SELECT first_id, is_held FROM spans WHERE stream = ? ORDER BY first_id", (stream,))
        starts = [*rows, (HIGHEST_ID, 0)]
    except sqlite3.DatabaseError:
        return [(1, HIGHEST_ID)]
    return [(first, after - 1) for (first, is_held), (after, _) in pairwise(starts) if is_held]


def _is_held(held: list[tuple[int, int]], record: Record) -> bool:
    return not isinstance(record, Day) and any(first <= (record.id or 0) <= last for first, last in held)


def _readable(source: sqlite3.Connection, stream: str) -> Iterator[list[Record] | int]:
    """The stream's records in chunks, and for each unreadable range its number of ids."""
    try:
        (highest,) = source.execute(f"SELECT max(id) FROM {stream}").fetchone()
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_ERROR:
            raise JournalUnusable(f"cannot recover the {stream}: {error}; nothing in that table can be read") from error
        highest = _highest_possible(source, stream)
    record_type = STREAMS[stream]
    columns = [field.name for field in fields(record_type)]
    query = f"SELECT {schema.columns(source, stream, columns)} FROM {stream} WHERE id BETWEEN ? AND ? ORDER BY id"
    stretches = [(1, highest or 0)]
    while stretches:
        first, last = stretches.pop()
        if first > last:
            continue
        size = last - first + 1
        middle = first + size // 2
        try:
            if size > ROWS_AT_ONCE:
                # Reading one row is a fast way to see whether a long range has anything.
                if source.execute(f"{query} LIMIT 1", (first, last)).fetchone():
                    stretches += [(middle, last), (first, middle - 1)]
                continue
            rows = source.execute(query, (first, last)).fetchall()
        except sqlite3.DatabaseError:
            if size > SMALLEST_STRETCH:
                stretches += [(middle, last), (first, middle - 1)]
            else:
                yield size
            continue
        if rows:
            yield [record_type(**dict(zip(columns, row, strict=True))) for row in rows]


def _highest_possible(source: sqlite3.Connection, stream: str) -> int:
    """An upper limit for the stream's ids, if the newest cannot be read.

    From the start of the last span the ids have no gaps, and the file has room for only so many.
    """
    try:
        (last_span,) = source.execute("SELECT max(first_id) FROM spans WHERE stream = ?", (stream,)).fetchone()
    except sqlite3.DatabaseError:
        return HIGHEST_ID
    (pages,), (page_bytes,) = (source.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    return int((last_span or 0) + pages * page_bytes // SMALLEST_ROW_BYTES)
