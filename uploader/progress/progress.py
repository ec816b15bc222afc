"""Progress: uploader.db, which knows what has been sent, and so what is pending.

    released (journal)   ████████████████████░░██████   what may be sent
    done     (here)      ██████████░░░░██████░░░░░░░░   what need not be sent any more
    pending              ░░░░░░░░░░████░░░░░░░░██████

Rules:
- A batch is one transaction, made after the server has said 204. A crash between the two repeats that batch, unchanged.
- Everything is read and written under BEGIN IMMEDIATE, so that `solar replay` can write while the uploader runs.
- Without room on the disk, what was sent is remembered in memory and written down later.
- The site of an id never changes once a request with it may have been sent.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Self

from journal.errors import JournalFull, JournalMissing, our_errors
from journal.files import is_there
from journal.journal import Journal
from uploader.progress import progress_file
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import DeadLetters
from uploader.progress.id_ranges import IdRanges
from uploader.progress.sites import Sites
from uploader.progress.state import Settled, State
from uploader.progress.traffic import Traffic


class Progress:
    """An open uploader.db. `aside`: where a damaged one was put, for the log; then everything is pending again."""

    def __init__(self, connection: sqlite3.Connection, path: Path, aside: Path | None = None) -> None:
        self.path = path
        self.aside = aside
        self.dead_letters = DeadLetters(connection)
        self.sites = Sites(connection)
        self.traffic = Traffic(connection)
        self._connection = connection
        self._owed: list[Settled] = []

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
                    self._write_owed()
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
        owed = [each for settled in self._owed if settled.stream == stream for each in (*settled.sent, *settled.done)]
        return IdRanges.of([*rows, *owed])

    def pending(self, stream: str, released: Iterable[tuple[int, int]]) -> IdRanges:
        """What is still to be sent of what the journal has released."""
        return IdRanges.of(released) - self.done(stream)

    def settle(self, settled: Settled, state: State, size: BatchSize) -> None:
        """Write down what an answer settled. Raises JournalFull: then it is kept in memory and written next time."""
        self._owed.append(settled)
        self.note(state, size)

    def note(self, state: State, size: BatchSize) -> None:
        """Write down how the upload fares, together with what is owed. Raises JournalFull."""
        with self._writing():
            self._write_owed()
            self._connection.execute(
                """
                UPDATE state
                SET last_upload_ms = ?, failing_since_ms = ?, trouble = ?, reason = ?, note = ?,
                    batch_size = ?, batch_ceiling = ?
                """,
                (*astuple(state), size.size, size.ceiling),
            )
        self._owed.clear()
        self.traffic.forget()

    def requeue(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        """Make these ids pending again, to be sent over themselves. Safe while the uploader runs."""
        with self._writing():
            for first, last in ranges:
                self._replace(stream, first, last, keep_inside=False)

    def catch_up(self, journal: Journal) -> None:
        """Make pending again what the journal has revised since it was last looked at. Raises JournalFull."""
        with self._our_errors("read"):
            (seen,) = self._connection.execute("SELECT revision FROM state").fetchone()
        revisions = journal.revisions(after=seen)
        if not revisions:
            return
        with self._writing():
            self._write_owed()
            for revision in revisions:
                self._replace("readings", revision.first_id, revision.last_id, keep_inside=False)
            self._connection.execute("UPDATE state SET revision = ?", (revisions[-1].number,))
        self._owed.clear()
        self.traffic.forget()

    def mark_done(self, stream: str, ranges: Iterable[tuple[int, int]]) -> None:
        """Settle ids without a request: they were carried there by hand. Safe while the uploader runs."""
        with self._writing():
            for first, last in ranges:
                self._replace(stream, first, last, keep_inside=True)

    def state(self) -> State:
        with self._our_errors("read"):
            row = self._connection.execute(
                "SELECT last_upload_ms, failing_since_ms, trouble, reason, note FROM state"
            ).fetchone()
            return State(*row)

    def batch_size(self) -> BatchSize:
        with self._our_errors("read"):
            size, ceiling = self._connection.execute("SELECT batch_size, batch_ceiling FROM state").fetchone()
        return BatchSize(size, ceiling) if size else BatchSize()

    def adopt(self, journal: str, site: str, last_ids: Mapping[str, int]) -> str | None:
        """Say which journal this is about, and under which site its new records go; returns what a person should know.

        Another journal than before: its ids are other records, so all of them are pending. Another site than before:
        it holds for records after `last_ids`, as any of these may have been sent, and would be doubled under a new
        tag. Before the first attempt of all it holds for every record.
        """
        with self._our_errors("read"):
            known, has_attempted = self._connection.execute("SELECT journal, has_attempted FROM state").fetchone()
            if known == journal and self.sites.newest_is(site):
                return None
        with self._writing():
            if known != journal:
                self._connection.execute("DELETE FROM done")
                self._connection.execute("UPDATE state SET journal = ?, revision = 0", (journal,))
            if known != journal or not has_attempted:
                self.sites.begin(site)
            else:
                self.sites.change(site, last_ids)
        if known is None or (known == journal and not has_attempted):
            return None
        if known != journal:
            return "the journal is another file than before; everything in it will be sent"
        return f"the site is now {site!r}; new readings carry it, those in the journal keep theirs"

    def note_first_attempt(self) -> None:
        """From now on a record may have been sent; call before a request. Writes the first time only."""
        with self._our_errors("write to"):
            if not self._connection.execute("SELECT has_attempted FROM state").fetchone()[0]:
                self._connection.execute("UPDATE state SET has_attempted = 1")

    def _write_owed(self) -> None:
        (journal,) = self._connection.execute("SELECT coalesce(journal, '') FROM state").fetchone()
        has_letters = self.dead_letters.count() > 0
        for settled in self._owed:
            for first, last in (*settled.sent, *settled.done):
                self._replace(settled.stream, first, last, keep_inside=True)
            if has_letters:
                self.dead_letters.delivered(journal, settled.stream, settled.sent, settled.letters)
            if settled.refusal:
                self.dead_letters.add(journal, settled.refusal)
        self.traffic.write()

    def _replace(self, stream: str, first: int, last: int, *, keep_inside: bool) -> None:
        """Add first…last to `done`, or take it out: only the rows that touch it are read and written."""
        touching = "stream = ? AND first_id <= ? AND last_id >= ?"
        where = (stream, last + 1, first - 1)
        rows = self._connection.execute(f"SELECT first_id, last_id FROM done WHERE {touching}", where).fetchall()
        new, old = IdRanges.of([(first, last)]), IdRanges.of(rows)
        self._connection.execute(f"DELETE FROM done WHERE {touching}", where)
        self._connection.executemany(
            "INSERT INTO done VALUES (?, ?, ?)",
            [(stream, *each) for each in (old | new if keep_inside else old - new)],
        )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._our_errors("write to"), progress_file.transaction(self._connection):
            yield

    def _our_errors(self, verb: str) -> AbstractContextManager[None]:
        return our_errors(verb, self.path)
