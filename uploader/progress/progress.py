"""Progress: uploader.db, which knows what has been sent, and so what is pending.

    released (journal)   ████████████████████░░██████   what may be sent
    done     (here)      ██████████░░░░██████░░░░░░░░   what need not be sent any more
    pending              ░░░░░░░░░░████░░░░░░░░██████

Rules:
- A batch is one transaction, made after the server has said 204. A crash between the two repeats that batch, unchanged.
- Everything is read and written under BEGIN IMMEDIATE, so that `solar replay` can write while the uploader runs.
- Without room on the disk, what was sent is remembered in memory and written down later.
- What a record is, its site, time and values, stands in the journal alone; here are ids.
- The newest append that a lying card has lost leaves its id to the next reading, and so does a backup that is put back
  twice. So marks tell what the newest settled records were: `done` never reaches beyond the last that is still so.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from journal.errors import JournalFull, JournalMissing, our_errors
from journal.files import is_there
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.progress import progress_file
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import DeadLetters, Refusal
from uploader.progress.id_ranges import IdRanges
from uploader.progress.status import State
from uploader.progress.traffic import Traffic

HIGHEST_ID = 2**62
ROWS_AT_ONCE = 500
MARKS = 16
"""Kept of each stream: so many batches can be lost without more than these being sent again."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What one answer settled. `sent`: ids that are stored. `done`: ids that need not be sent for another reason:
    refused, too old, or nothing to send. The stream may be "letters" (batch.py): then ids are numbers of dead letters.
    """

    stream: str
    sent: IdRanges
    done: IdRanges
    refusal: Refusal | None = None
    mark: tuple[int, str] | None = None
    """An id of these, the newest at best, and its mark in the journal."""


class Progress:
    """An open uploader.db. `aside`: where a damaged one was put, for the log; then everything is pending again."""

    def __init__(self, connection: sqlite3.Connection, path: Path, aside: Path | None = None) -> None:
        self.path = path
        self.aside = aside
        self.dead_letters = DeadLetters(connection)
        self.traffic = Traffic(connection)
        self._connection = connection
        self._owed: list[Settled] = []
        self._version = 0

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for writing; make it, migrate it or begin anew where needed.

        Raises JournalUnusable, JournalTooNew, JournalFull.
        """
        with our_errors("open", path):
            connection, aside = progress_file.open_file(path)
            return cls(connection, path, aside)

    @classmethod
    def read_only(cls, path: Path) -> Self:
        """Open to look. Raises JournalMissing when nothing has been uploaded from here yet."""
        if not is_there(path):
            raise JournalMissing(f"cannot open {path}: there is no such file; `solar upload` makes it")
        with our_errors("open", path):
            return cls(progress_file.open_read_only(path), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write down what is still owed, if there is room, and close."""
        try:
            if self._owed or self.traffic:
                with suppress(JournalFull), self._writing():
                    pass
        finally:
            self._connection.close()

    def journal(self) -> str | None:
        """The identity of the journal that this is about; None before the first upload."""
        with self._our_errors("read"):
            (known,) = self._connection.execute("SELECT journal FROM state").fetchone()
        return known if known is None else str(known)

    def done(self, stream: str) -> IdRanges:
        """The ids that need not be sent any more."""
        with self._our_errors("read"):
            rows = self._connection.execute("SELECT first_id, last_id FROM done WHERE stream = ?", (stream,)).fetchall()
        return IdRanges.of([*rows, *self._unwritten(stream)])

    def pending(self, stream: str, released: Iterable[tuple[int, int]]) -> IdRanges:
        """What is still to be sent of what the journal has released."""
        return IdRanges.of(released) - self.done(stream)

    def gaps(self, stream: str, first: int, last: int, *, newest_first: bool = False) -> Iterator[tuple[int, int]]:
        """The ranges between two ids, both included, that are not done; looked up as they are asked for."""
        unwritten = self._unwritten(stream)
        for gap in self._gaps(stream, first, last, "DESC" if newest_first else "ASC"):
            left = (IdRanges((gap,)) - unwritten).ranges if unwritten else (gap,)
            yield from reversed(left) if newest_first else left

    def _gaps(self, stream: str, first: int, last: int, order: str) -> Iterator[tuple[int, int]]:
        query = f"""
            SELECT first_id, last_id
            FROM done
            WHERE stream = ? AND first_id BETWEEN ? AND ?
            ORDER BY first_id {order}
            LIMIT {ROWS_AT_ONCE}
            """
        lowest, highest = self._row_before(stream, first), last
        while first <= last:
            with self._our_errors("read"):
                rows = self._connection.execute(query, (stream, lowest, highest)).fetchall()
            for done_first, done_last in rows:
                if order == "ASC":
                    gap, first, lowest = (first, done_first - 1), max(first, done_last + 1), done_first + 1
                else:
                    gap, last, highest = (max(first, done_last + 1), last), min(last, done_first - 1), done_first - 1
                if gap[0] <= gap[1]:
                    yield gap
            if len(rows) < ROWS_AT_ONCE:
                break
        if first <= last:
            yield first, last

    def _row_before(self, stream: str, record_id: int) -> int:
        """Where the range begins that may reach to this id: there is only one."""
        with self._our_errors("read"):
            query = "SELECT coalesce(max(first_id), 0) FROM done WHERE stream = ? AND first_id <= ?"
            return int(self._connection.execute(query, (stream, record_id)).fetchone()[0])

    def _unwritten(self, stream: str) -> IdRanges:
        owed = [settled for settled in self._owed if settled.stream == stream]
        return IdRanges.of(each for settled in owed for each in (*settled.sent, *settled.done))

    def settle(self, settled: Settled, state: State, size: BatchSize) -> None:
        """Write down what an answer settled. Raises JournalFull: then it is kept in memory and written next time."""
        self._owed.append(settled)
        self.note(state, size)

    def note(self, state: State, size: BatchSize) -> None:
        """Write down how the upload fares, together with what is owed. Raises JournalFull."""
        with self._writing():
            self._connection.execute(
                """
                UPDATE state
                SET last_upload_ms = ?, failing_since_ms = ?, trouble = ?, reason = ?, note = ?, expired = ?, keeps = ?,
                    batch_size = ?, batch_ceiling = ?
                """,
                (*astuple(state), size.size, size.ceiling),
            )

    def requeue(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        """Make these ids pending again, to be sent over themselves. Safe while the uploader runs."""
        with self._writing():
            self._connection.execute("UPDATE state SET expired = 0, keeps = NULL")  # the server will say so again
            for first, last in ranges:
                self._replace(stream, first, last, keep_inside=False)

    def catch_up(self, journal: Journal) -> None:
        """Make pending again what the journal has revised since it was last looked at, and the records of dead letters
        that are to be tried again. Raises JournalFull."""
        with self._our_errors("read"):
            (seen,) = self._connection.execute("SELECT revision FROM state").fetchone()
            waiting = self.dead_letters.waiting(ROWS_AT_ONCE)
        revisions = journal.revisions(after=seen)
        identity = journal.identity()
        letters = [each for each in waiting if each.journal == identity and journal.get(each.stream, each.id)]
        if not (revisions or letters):
            return
        with self._writing():
            for revision in revisions:
                self._replace("readings", revision.first_id, revision.last_id, keep_inside=False)
            for letter in letters:
                self._replace(letter.stream, letter.id, letter.id, keep_inside=False)
                self.dead_letters.queue(letter.number)
            if revisions:
                self._connection.execute("UPDATE state SET revision = ?", (revisions[-1].number,))

    def mark_done(self, stream: str, ranges: Iterable[tuple[int, int]], mark: tuple[int, str] | None = None) -> None:
        """Settle ids without a request: they were carried there by hand. Safe while the uploader runs.

        `mark`: an id of these, the newest at best, and its mark in the journal.
        """
        with self._writing():
            for first, last in ranges:
                self._replace(stream, first, last, keep_inside=True)
            self._note_mark(stream, mark)

    def state(self) -> State:
        with self._our_errors("read"):
            row = self._connection.execute(
                "SELECT last_upload_ms, failing_since_ms, trouble, reason, note, expired, keeps FROM state"
            ).fetchone()
            return State(*row)

    def batch_size(self) -> BatchSize:
        with self._our_errors("read"):
            size, ceiling = self._connection.execute("SELECT batch_size, batch_ceiling FROM state").fetchone()
        return BatchSize(size, ceiling) if size else BatchSize()

    def see(self, journal: Journal) -> str | None:
        """See to it that this is about that journal and its records; to be called whenever it was opened.

        Returns what a person should know.
        """
        return self.adopt(journal.identity(), {stream: self._still_so(journal, stream) for stream in STREAMS})

    def _still_so(self, journal: Journal, stream: str) -> int:
        """The id up to which the journal has the records that it had: its last where none was lost. As only the newest
        are ever lost, what is not above a record that is still there is there too."""
        last = journal.last_id(stream)
        reach = last
        with self._our_errors("read"):
            query = "SELECT id, mark FROM marks WHERE stream = ? ORDER BY id DESC"
            marks = self._connection.execute(query, (stream,)).fetchall()
        for record_id, mark in marks:
            now = journal.mark(stream, record_id)
            if now == mark:
                return last if reach == last else record_id
            if now or record_id > last:  # else it was pruned, which tells nothing
                reach = 0
        return reach

    def adopt(self, identity: str, last_ids: Mapping[str, int]) -> str | None:
        """See to it that this is about the journal of that name, and about no id above these.

        Another journal than before: its ids are other records, so all of them are pending.
        """
        known = self.journal()
        with self._our_errors("read"):
            reach = dict(self._connection.execute("SELECT stream, max(last_id) FROM done GROUP BY stream").fetchall())
        if known == identity and all(reach.get(stream, 0) <= last_id for stream, last_id in last_ids.items()):
            return None
        with self._writing():
            if known != identity:
                self._connection.execute("DELETE FROM done")
                self._connection.execute("DELETE FROM marks")
                self.dead_letters.unqueue()
            self._connection.execute("UPDATE state SET journal = ?", (identity,))
            for stream, last_id in last_ids.items():
                self._replace(stream, last_id + 1, HIGHEST_ID, keep_inside=False)
                self._connection.execute("DELETE FROM marks WHERE stream = ? AND id > ?", (stream, last_id))
        if known is None:
            return None
        if known != identity:
            return "the journal is another file than before; everything in it will be sent"
        return "the journal has lost its newest records, which had been sent already"

    def was_changed_by_others(self) -> bool:
        """Whether another process has written to it since this was last asked: a replay, say."""
        before, self._version = self._version, self._connection.execute("PRAGMA data_version").fetchone()[0]
        return before != self._version

    def named_server(self) -> str | None:
        """The server that has named its version in an answer."""
        with self._our_errors("read"):
            (server,) = self._connection.execute("SELECT named_server FROM state").fetchone()
        return None if server is None else str(server)

    def note_named_server(self, server: str) -> None:
        """Remember it; for now, where there is no room."""
        with suppress(JournalFull), self._our_errors("write to"):
            self._connection.execute("UPDATE state SET named_server = ?", (server,))

    def _write_owed(self) -> None:
        (journal,) = self._connection.execute("SELECT coalesce(journal, '') FROM state").fetchone()
        for settled in self._owed:
            if settled.stream not in STREAMS:
                self.dead_letters.delete(settled.sent)
                if settled.refusal:
                    self.dead_letters.refuse_again(settled.refusal)
                continue
            for first, last in (*settled.sent, *settled.done):
                self._replace(settled.stream, first, last, keep_inside=True)
            self._note_mark(settled.stream, settled.mark)
            self.dead_letters.delivered(journal, settled.stream, settled.sent)
            if settled.refusal:
                self.dead_letters.add(journal, settled.stream, settled.refusal)
        self.traffic.write()

    def _note_mark(self, stream: str, mark: tuple[int, str] | None) -> None:
        if mark and mark[1]:
            self._connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", (stream, *mark))
            newest = "SELECT id FROM marks WHERE stream = ? ORDER BY id DESC LIMIT ?"
            self._connection.execute(
                f"DELETE FROM marks WHERE stream = ? AND id NOT IN ({newest})", (stream, stream, MARKS)
            )

    def _replace(self, stream: str, first: int, last: int, *, keep_inside: bool) -> None:
        """Add first…last to `done`, or take it out: only the rows that touch it are read and written."""
        touching = "stream = ? AND first_id BETWEEN ? AND ? AND last_id >= ?"
        where = (stream, self._row_before(stream, first), last + 1, first - 1)
        rows = self._connection.execute(f"SELECT first_id, last_id FROM done WHERE {touching}", where).fetchall()
        new, old = IdRanges.of([(first, last)]), IdRanges.of(rows)
        self._connection.execute(f"DELETE FROM done WHERE {touching}", where)
        self._connection.executemany(
            "INSERT INTO done VALUES (?, ?, ?)",
            [(stream, *each) for each in (old | new if keep_inside else old - new)],
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, in which what is owed is written down first."""
        with self._our_errors("write to"), progress_file.transaction(self._connection):
            self._write_owed()
            yield
        self._owed.clear()
        self.traffic.forget()

    def _our_errors(self, verb: str) -> AbstractContextManager[None]:
        return our_errors(verb, self.path)
