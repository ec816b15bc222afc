"""The sums of a journal, kept in a SQLite file of their own (page.db), or in memory for one command.

    quarters   one row for each quarter of an hour with readings: quarters.py
    kept       one row: the journal's identity and last revision, and which ids are in the sums, as ranges

The journal is the only source: if this file is lost or belongs to another journal, or if readings were recalculated, it
is made again. Held readings are added when they are released. Readings that the logger has deleted since stay in the
sums.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from journal.id_ranges import IdRanges
from journal.journal import Journal
from logger.energy.quarters import COLUMNS, FLOWS, QUANTITIES, Extent, Flow, Quarters, Stretch, gap_of

FORMAT = 2
CHUNK_READINGS = 5000

_LEAST, _MOST, _SUM = "min", "max", "sum"
_KINDS = {
    "first_ms": _LEAST,
    "last_ms": _MOST,
    "float_ms": _MOST,
    "equalise_ms": _MOST,
    **{
        f"{quantity}_{part}": kind
        for quantity in QUANTITIES
        for part, kind in (("lowest", _LEAST), ("highest", _MOST), ("total", _SUM), ("number", _SUM))
    },
    **{f"{flow}{part}": _SUM for flow in FLOWS for part in ("", "_covered_ms")},
}
"""Every column but the first, and how two values of it become one."""


class Sums:
    """Open it, `update` it, then ask.

    `is_complete`: everything that the journal has released is in it. `was_cleared`: it had to start again with nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.is_complete = False
        self.was_cleared = False
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != FORMAT:
            self._clear()

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`; it is created if it is missing, and again if it is damaged.

        Raises sqlite3.OperationalError if it cannot be used now: it is locked, the disk is full.
        """
        try:
            return cls(_connect(path))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            pass
        for leftover in path.parent.glob(path.name + "*"):
            leftover.unlink()
        return cls(_connect(path))

    @classmethod
    def in_memory(cls, path: Path | None = None) -> Self:
        """A copy of the file at `path`, if there is one that can be read; the file stays as it is."""
        memory = sqlite3.connect(":memory:", isolation_level=None)
        if path and path.exists():
            try:
                file = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
                file.backup(memory)
                file.close()
            except sqlite3.Error:
                memory = sqlite3.connect(":memory:", isolation_level=None)
        return cls(memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def update(
        self,
        journal: Journal,
        since_ms: int = 0,
        until_ms: int = 2**62,
        show: Callable[[int], None] = lambda left: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Add the released readings that are not in the sums yet, the newest first; with `since_ms` or `until_ms`, only
        those between them.

        While readings are being recalculated, nothing is added: the sums start again when that is done. `show` is
        called with how many readings are left, and `is_stopped` is asked, before each chunk.
        """
        decoding = journal.decoding()
        self.is_complete = False
        if decoding and decoding.readings_undone:
            return
        done = self._begin(journal)
        todo = journal.released("readings") - done
        if since_ms or until_ms != 2**62:
            todo &= IdRanges.of(journal.id_ranges("readings", since_ms, until_ms))
        left = todo.count
        for first, last in reversed([chunk for part in todo for chunk in _chunks(*part)]):
            show(left)
            if is_stopped():
                return
            before, done = done, done | IdRanges.of([(first, last)])
            if not self._add(journal, first, last, before, done):
                return  # another program is adding to this file
            left -= last - first + 1
        self.is_complete = True

    def _begin(self, journal: Journal) -> IdRanges:
        """The ids that are in the sums. Sums of another journal, or out of date, are deleted first."""
        revisions = journal.revisions()
        revision = revisions[-1].number if revisions else 0
        identity, row = journal.identity(), self._connection.execute("SELECT * FROM kept").fetchone()
        if row:
            done = IdRanges.of((first, last) for first, last in json.loads(row[2]))
            if row[:2] == (identity, revision) and row[3] == journal.mark("readings", done.last):
                return done
        self._clear()
        self._connection.execute("INSERT INTO kept VALUES (?, ?, '[]', '')", (identity, revision))
        return IdRanges()

    def _add(self, journal: Journal, first: int, last: int, before: IdRanges, done: IdRanges) -> bool:
        """Add the readings with these ids, and the pairs with their neighbours that are in the sums. Returns False, and
        adds nothing, if the ids in the sums are no longer `before`."""
        reach = first - (first - 1 in before), last + (last + 1 in before)
        rows = list(journal.values("readings", ("id", *COLUMNS), *reach))
        quarters = Quarters(gap_of(row[1] for row in rows))
        for record_id, *row in rows:
            (quarters.add if first <= record_id <= last else quarters.bridge)(row)
        mark = journal.mark("readings", done.last)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            expected = json.dumps(done.ranges), mark, json.dumps(before.ranges)
            if not self._connection.execute("UPDATE kept SET done = ?, mark = ? WHERE done = ?", expected).rowcount:
                return False
            self._connection.executemany(_UPSERT, map(_flat, quarters.stretches.values()))
        return True

    def quarters(self, since_ms: int, until_ms: int) -> Iterator[Stretch]:
        """The quarters that begin in this time, in order."""
        query = f"SELECT began_ms, {', '.join(_KINDS)} FROM quarters WHERE began_ms >= ? AND began_ms < ? ORDER BY 1"
        return map(_stretch, self._connection.execute(query, (since_ms, until_ms)))

    def days(self, since_ms: int, until_ms: int) -> dict[str, Stretch]:
        """The local days of the quarters that begin in this time, by date, in order."""
        merged = ", ".join(f"{kind}({name})" for name, kind in _KINDS.items())
        query = f"""
            SELECT date(began_ms / 1000, 'unixepoch', 'localtime') AS day, min(began_ms), {merged}
            FROM quarters
            WHERE began_ms >= ? AND began_ms < ?
            GROUP BY day
            ORDER BY day
            """
        return {row[0]: _stretch(row[1:]) for row in self._connection.execute(query, (since_ms, until_ms))}

    def _clear(self) -> None:
        self.was_cleared = True
        columns = ", ".join(f"{name} REAL" for name in _KINDS)
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for statement in (
                "DROP TABLE IF EXISTS quarters",
                "DROP TABLE IF EXISTS kept",
                f"CREATE TABLE quarters (began_ms INTEGER PRIMARY KEY, {columns})",
                "CREATE TABLE kept (journal TEXT, revision INTEGER, done TEXT, mark TEXT)",
                f"PRAGMA user_version = {FORMAT}",
            ):
                self._connection.execute(statement)


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        with suppress(OSError):  # SQLite says below what is wrong
            path.touch()  # it would make it 0644 at most: unwritable for the group that shares the directory
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")  # it can be made again
    connection.execute("PRAGMA cache_size = -1000")
    return connection


def _merge(name: str, kind: str) -> str:
    if kind == _SUM:
        return f"{name} = {name} + excluded.{name}"
    return f"{name} = {kind}(coalesce({name}, excluded.{name}), coalesce(excluded.{name}, {name}))"


_UPSERT = f"""
    INSERT INTO quarters (began_ms, {", ".join(_KINDS)})
    VALUES ({", ".join("?" * (1 + len(_KINDS)))})
    ON CONFLICT (began_ms) DO UPDATE SET {", ".join(_merge(name, kind) for name, kind in _KINDS.items())}
    """


def _flat(stretch: Stretch) -> list[float | None]:
    times = [stretch.began_ms, stretch.first_ms, stretch.last_ms, stretch.float_ms, stretch.equalise_ms]
    extents = [part for each in stretch.extents for part in (each.lowest, each.highest, each.total, each.number)]
    return [*times, *extents, *(part for flow in stretch.flows for part in (flow.amount, flow.covered_ms))]


def _stretch(row: Sequence[Any]) -> Stretch:
    began, first, last, floated, equalised = (None if value is None else int(value) for value in row[:5])
    extents, flows = row[5 : 5 + 4 * len(QUANTITIES)], row[5 + 4 * len(QUANTITIES) :]
    return Stretch(
        began or 0,
        first,
        last,
        floated,
        equalised,
        [Extent(extents[n], extents[n + 1], extents[n + 2], int(extents[n + 3])) for n in range(0, len(extents), 4)],
        [Flow(flows[n], flows[n + 1]) for n in range(0, len(flows), 2)],
    )


def _chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last + 1, CHUNK_READINGS):
        yield start, min(start + CHUNK_READINGS - 1, last)
