"""Progress: uploader.db, which knows what has been sent, and so what is pending.

    released (journal)   ████████████████████░░██████   what may be sent
    done     (here)      ██████████░░░░██████░░░░░░░░   what need not be sent any more
    pending              ░░░░░░░░░░████░░░░░░░░██████

Rules:
- A batch is one transaction, made after the server has answered. A crash between the two repeats that batch.
- Each write is under BEGIN IMMEDIATE, so that `solar replay` can write while the uploader runs.
- Site, time and values of a record are in the journal only; this file has ids.
- `done` never reaches beyond the last record that still has its mark (marks.py).
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, Self, cast

from journal import side_file
from journal.access import FULL
from journal.errors import JournalFull, JournalMissing, JournalUnusable, our_errors
from journal.id_ranges import HIGHEST_ID, NONE, IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.progress import progress_file
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import DeadLetters, Refusal
from uploader.progress.done_ranges import DoneRanges
from uploader.progress.marks import Mark, Marks
from uploader.progress.state import State
from uploader.progress.traffic import Traffic

EXPIRED = "expired "
"""Before a stream's name: those of its done ids that were too old for the bucket."""
ROOM_BYTES = 64 * 1024
"""More than recording nearly any answer takes."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one answer settled. `sent`: ids that are stored. `done`: ids that need not be sent for another reason:
    refused, too old (`expired`), or nothing to send. The stream may be "letters" (batch.py): then ids are numbers of
    dead letters.
    """

    stream: str
    sent: IdRanges
    done: IdRanges
    refusal: Refusal | None = None
    expired: IdRanges = NONE
    mark: Mark | None = None
    """One of these ids (best the newest) and its mark in the journal."""


class Progress:
    """An open uploader.db. If a damaged one was moved away, everything is pending again.

    In a `with` block, errors of SQLite are raised as our own.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self.dead_letters = DeadLetters(connection)
        self.traffic = Traffic(connection)
        self.done = DoneRanges(connection)
        self._marks = Marks(connection)
        self._connection = connection
        self._file = path.stat()
        self._has_room = True

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing; create it, migrate it, or start a new one, if needed.

        Raises JournalUnusable, JournalTooNew, JournalFull.
        """
        with our_errors("open", path):
            return cls(side_file.open_file(path, progress_file.SCHEMA), path)

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open for reading. Raises JournalMissing if nothing was ever uploaded from here."""
        if not side_file.is_begun(path):
            raise JournalMissing(f"cannot open {path}: there is no such file; `solar upload` creates it")
        with our_errors("open", path):
            return cls(side_file.open_read_only(path, progress_file.SCHEMA), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        if isinstance(error, sqlite3.Error):
            with our_errors("use", self.path):
                raise error

    def close(self) -> None:
        """Record the traffic, if there is room, and close."""
        with closing(self._connection), suppress(JournalFull):
            if self.traffic:
                with self._writing():
                    pass

    def journal(self) -> str | None:
        """The identity of the journal that the ids belong to; None before the first upload."""
        return cast(str | None, self._state("journal")[0])

    def pending(self, journal: Journal, stream: str) -> IdRanges:
        """The released records that are still to be sent."""
        return journal.released(stream) - self.done.of(stream)

    def expired(self, stream: str) -> IdRanges:
        """Those of the done records that were too old for the bucket: no server has them."""
        return self.done.of(EXPIRED + stream)

    def settle(self, settled: Settled, state: State, size: BatchSize) -> None:
        """Record what an answer settled, and how the upload is doing. Raises JournalFull."""
        with self._writing():
            self._note(state, size)
            record = None
            if settled.stream in STREAMS:
                record = self.journal() or "", settled.stream
                self.done.add(settled.stream, (*settled.sent, *settled.done))
                self.done.add(EXPIRED + settled.stream, settled.expired)
                self._marks.note(settled.stream, settled.mark)
            self.dead_letters.settle(record, settled.sent, settled.done, settled.refusal)

    def note(self, state: State, size: BatchSize) -> None:
        """Record how the upload is doing. Raises JournalFull."""
        with self._writing():
            self._note(state, size)

    def look(self) -> None:
        """See whether it can be used. Raises JournalUnusable if the file is damaged, or not the one that was opened;
        JournalFull, if the last write failed, until there is room for nearly any other.

        The rollback journal needs room too, so a small write may succeed where a large one does not.
        """
        with our_errors("use", self.path):
            if not (self.path.exists() and os.path.samestat(self.path.stat(), self._file)):
                raise JournalUnusable(f"{self.path} was removed or replaced while in use; start the uploader again")
            self._state("id")
            if self._has_room:
                return
            disk = os.statvfs(self.path.parent)
        if disk.f_bavail * disk.f_frsize < ROOM_BYTES:
            raise JournalFull(f"cannot write to {self.path}: {FULL}")
        with self._writing():
            self._connection.execute("UPDATE state SET id = id")

    def _note(self, state: State, size: BatchSize) -> None:
        self._connection.execute(
            """
            UPDATE state
            SET last_upload_ms = ?, failing_since_ms = ?, trouble = ?, reason = ?, note = ?, keeps = ?, batch_size = ?,
                batch_ceiling = ?
            """,
            (*astuple(state)[:-1], size.size, size.ceiling),
        )

    def requeue(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        """Make these ids pending again; sent again, they overwrite themselves. Safe while the uploader runs."""
        with self._writing():
            self._connection.execute("UPDATE state SET keeps = NULL")  # the server will say so again
            self._forget(stream, ranges)

    def _forget(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        for each in ranges:
            self.done.remove(stream, [each])
            self.done.remove(EXPIRED + stream, [each])

    def catch_up(self, journal: Journal) -> None:
        """Make the readings pending again that the journal has revised since the last call. Raises JournalFull."""
        if revisions := journal.revisions(after=self._state("revision")[0]):
            with self._writing():
                self._forget("readings", ((each.first_id, each.last_id) for each in revisions))
                self._connection.execute("UPDATE state SET revision = ?", (revisions[-1].number,))

    def mark_done(self, stream: str, ranges: Iterable[tuple[int, int]], mark: Mark | None = None) -> None:
        """Settle ids without a request: they were carried to the server by hand. Safe while the uploader runs.

        `mark`: one of these ids (best the newest) and its mark in the journal.
        """
        with self._writing():
            self.done.add(stream, ranges)
            self._marks.note(stream, mark)

    def state(self) -> State:
        columns = self._state("last_upload_ms, failing_since_ms, trouble, reason, note, keeps")
        return replace(State(*columns), expired=sum(self.expired(stream).count for stream in STREAMS))

    def batch_size(self) -> BatchSize:
        size, ceiling = self._state("batch_size, batch_ceiling")
        return BatchSize(size, ceiling) if size else BatchSize()

    def expect_days(self, journal: Journal) -> None:
        """Note the mark of the newest day. Call it before days are sent: if the journal loses a day that was recorded
        again, `see` notices, even if the uploader ended before the day was settled."""
        newest = journal.last_id("days")
        mark = newest, journal.mark("days", newest)
        if newest and mark not in self._marks.all("days"):
            with self._writing():
                self._marks.note("days", mark)

    def see(self, journal: Journal) -> str | None:
        """Switch to this journal, and forget the done ids that it has lost. Call it whenever the journal was opened.
        Returns a message for people, if there is one.

        If it is a different journal, its ids are other records, so everything in it is pending. If a day was lost, all
        days are: the server may have it in the place of one that the journal still has.
        """
        known, identity = self.journal(), journal.identity()
        reach = {stream: self._marks.still_so(journal, stream) for stream in STREAMS}
        newest = {stream: max([self.done.last(stream), *dict(self._marks.all(stream))]) for stream in STREAMS}
        lost = [stream for stream in STREAMS if newest[stream] > reach[stream]]
        if known == identity and not lost:
            return None
        with self._writing():
            if known != identity:
                self._connection.execute("DELETE FROM done")
                self._connection.execute("DELETE FROM marks")
            self._connection.execute("UPDATE state SET journal = ?", (identity,))
            for stream in lost:
                self._forget(stream, [(1 if stream == "days" else reach[stream] + 1, HIGHEST_ID)])
                self._marks.forget(stream, above=reach[stream])
        if known is None:
            return None
        if known != identity:
            return "the journal is a different one than before; everything in it will be sent"
        return "the journal has lost its newest records; they had already been sent"

    def named_server(self) -> str | None:
        """The server that has named its version in an answer."""
        return cast(str | None, self._state("named_server")[0])

    def note_named_server(self, server: str) -> None:
        """Remember it; if there is no room, only until the uploader ends."""
        with suppress(JournalFull), our_errors("write to", self.path):
            self._connection.execute("UPDATE state SET named_server = ?", (server,))

    def _state(self, columns: str) -> tuple[Any, ...]:
        return tuple(self._connection.execute(f"SELECT {columns} FROM state").fetchone())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that records the traffic too."""
        self._has_room = False
        with our_errors("write to", self.path), side_file.transaction(self._connection):
            self.traffic.write()
            yield
        self.traffic.forget()
        self._has_room = True
