"""A small database beside the journal, for a process other than the logger: open it, migrate it, set a damaged one
aside.

It has a rollback journal and not WAL, because several processes may write to it, and SQLite before 3.51.3 can corrupt a
WAL database that two connections write or checkpoint at once. synchronous=EXTRA: what was recorded stays recorded. With
FULL, a power cut may bring the rollback journal's name back, and so undo the newest transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from journal.errors import primary_code
from journal.files import aside_name, is_there, stamp
from journal.schema import check_version, migrate

BUSY_SECONDS, LOOK_SECONDS = 10.0, 1.0
"""How long to wait while another process has it locked: to write, or only to read."""


def is_begun(path: Path) -> bool:
    """Whether the file is there, and not empty: a process may be killed while it begins it. Raises JournalUnusable."""
    return is_there(path) and path.stat().st_size > 0


def open_file(path: Path, scripts: Sequence[str]) -> sqlite3.Connection:
    """Open for writing; these scripts create or migrate it. A damaged one is kept under another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_there(path) and _is_damaged(path):
        import logging  # `solar status` does without

        words = "%s was damaged; a new one was started, the old one is kept as %s"
        logging.getLogger(__name__).warning(words, path.name, _set_aside(path))
    if not is_there(path):
        path.touch()  # SQLite itself would make it 0644 at most: the group that shares the directory could not write
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA page_size = 1024")
        migrate(connection, scripts, path)
    except BaseException:
        connection.close()
        raise
    return connection


def open_read_only(path: Path, scripts: Sequence[str]) -> sqlite3.Connection:
    connection = _connect(path, "ro")
    try:
        check_version(connection, scripts, path)
    except BaseException:
        connection.close()
        raise
    return connection


def files_aside(directory: Path) -> list[Path]:
    """The damaged ones in a data directory, oldest first."""
    return [path for name in ("uploader", "alerts") for path in sorted(directory.glob(f"{name}-damaged-*.db"))]


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Read and write with no other writer in between: BEGIN IMMEDIATE."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    seconds = LOOK_SECONDS if mode == "ro" else BUSY_SECONDS
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, timeout=seconds)


def _is_damaged(path: Path) -> bool:
    try:
        with closing(_connect(path, "rw")) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(verdict != "ok")
    except sqlite3.DatabaseError as error:
        if primary_code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return True
        raise


def _set_aside(path: Path) -> Path:
    aside = aside_name(path, stamp())
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-journal").rename(aside.with_name(aside.name + "-journal"))
    path.rename(aside)
    return aside
