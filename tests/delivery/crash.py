"""Where a process can end, and where another one can come in between: before any statement that it gives SQLite.

While `Watch` is on, every connection is a watched one and belongs to a process: "logger", "uploader" or "person". A
crash raises in the midst of the process's work; whatever it does afterwards fails, so that no `finally` of it writes.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

READS = ("SELECT", "PRAGMA")
CHANGES = ("INSERT", "UPDATE", "DELETE")


class Crash(BaseException):
    """The process ends here; not an Exception, which something of ours might catch."""


class Watch:
    """One example's processes. `crash`: a process, and how many of its writes go well before it ends.

    `meanwhile`: what others do before each of the uploader's next looks into the journal.
    `is_full`: uploader.db has no room for what the uploader writes.
    """

    def __init__(self) -> None:
        self.crash: tuple[str, int] | None = None
        self.meanwhile: list[Callable[[], None]] = []
        self.is_full = False
        self._process = ""
        self._dead: set[str] = set()
        self._connections: list[_Watched] = []

    def __enter__(self) -> Self:
        self._connect = sqlite3.connect
        sqlite3.connect = self._watched  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        sqlite3.connect = self._connect
        for connection in self._connections:
            connection.end()

    @contextmanager
    def process(self, name: str) -> Iterator[None]:
        """What happens in here is done by this process."""
        before, self._process = self._process, name
        try:
            yield
        finally:
            self._process = before

    def end(self, name: str) -> None:
        """What SQLite and the kernel do for a process that has ended."""
        for connection in [each for each in self._connections if each.process == name]:
            connection.end()
            self._connections.remove(connection)
        self._dead.discard(name)

    def statement(self, connection: "_Watched", sql: str) -> None:
        """Called before a process gives SQLite this statement."""
        process = connection.process
        if process in self._dead:
            raise Crash
        if process == "uploader" and connection.is_of_journal and self.meanwhile:
            self.meanwhile.pop(0)()
        if self.is_full and process == "uploader" and sql.lstrip().upper().startswith(CHANGES):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        if self.crash and self.crash[0] == process and not sql.lstrip().upper().startswith(READS):
            left = self.crash[1]
            self.crash = (process, left - 1) if left else None
            if not left:
                self._dead.add(process)
                raise Crash

    def _watched(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = self._connect(*arguments, **options, factory=_Watched)
        connection.watch, connection.process = self, self._process
        connection.is_of_journal = "journal" in str(arguments[0])
        self._connections.append(connection)
        return connection


class _Watched(sqlite3.Connection):
    watch: Watch
    process: str
    is_of_journal: bool

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self.watch.statement(self, sql)
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self.watch.statement(self, sql)
        return super().executemany(sql, *parameters)

    def end(self) -> None:
        super().close()
