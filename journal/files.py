"""The journal as a file: made whole, locked against a second writer, and opened.

- A new file is made under a draft name, synced and renamed: it is there whole or not at all.
- A log (-wal) left by an old journal of this name is moved away first: SQLite would apply it to the new file.
- The lock is a separate file (journal.lock): closing any descriptor of journal.db itself would drop SQLite's locks.
"""

import fcntl
import os
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import quote

from journal import copies, schema
from journal.access import obstacle
from journal.errors import OURS, JournalInUse, JournalUnusable, SolarError, our_errors, primary_code

CACHE_KIB = 500
"""How much of the file SQLite keeps in memory. By itself it would keep 2 MB, which a logger never needs again."""


def is_there(path: Path) -> bool:
    """Whether the file exists. Raises JournalUnusable if this user may not look, if it is a directory, or if it is a
    link to nothing (its target may be mounted later)."""
    with our_errors("open", path):
        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            if obstacle(path):
                raise
            return False
    if stat.S_ISDIR(mode):
        remedy = "move it away" if path.name in OURS else "name another file"
        raise JournalUnusable(f"cannot open {path}: it is a directory; {remedy}")
    return True


def make(path: Path) -> None:
    """Create an empty journal at `path`; it appears whole or not at all."""
    put_away_leftovers(path)
    draft = path.with_name(path.name + ".draft")
    for leftover in path.parent.glob(draft.name + "*"):
        leftover.unlink()
    # SQLite itself would make it 0644 at most, and the group could not write. The -shm file gets the same mode.
    draft.touch()
    connection = connect(draft, "rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        schema.migrate(connection, schema.JOURNAL, draft)
    finally:
        connection.close()
    copies.publish(draft, path)


def put_away_leftovers(path: Path) -> None:
    """If a journal is gone but its log is still here, move the log to where the journal was set aside."""
    log, note = log_of(path), note_of(path)
    if log.exists():
        asides = sorted(path.parent.glob(aside_name(path, "*").name)) if note.exists() else []
        log.rename(log_of(asides[-1] if asides else aside_name(path, stamp())))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    note.unlink(missing_ok=True)


def log_of(path: Path) -> Path:
    """SQLite's write-ahead log; the newest records may be only there."""
    return path.with_name(path.name + "-wal")


def note_of(path: Path) -> Path:
    """The note that the journal is damaged; it exists until the journal is set aside."""
    return path.with_name(path.stem + "-damage.txt")


def aside_name(path: Path, when: str) -> Path:
    """The name of a journal that was set aside."""
    return path.with_name(f"{path.stem}-damaged-{when}{path.suffix}")


def stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def lock(path: Path) -> IO[bytes]:
    """Hold the lock file beside the journal `path`."""
    return only_one(
        path.with_name("journal.lock"),
        JournalInUse(
            f"cannot write to {path}: another logger is writing to it; stop it first (systemctl stop solar-logger)"
        ),
    )


def only_one(path: Path, refusal: SolarError) -> IO[bytes]:
    """Hold a lock file until it is closed; raise `refusal` if another process does: of two that would do everything
    twice, the second one does not start. The kernel frees it even after a crash."""
    with our_errors("write to", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for reading, so that it does not matter who made it.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CREAT, 0o664), "rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise refusal from None
    return file


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open with `mode` ro, rw or rwc, in autocommit mode, and check that it is one of our databases."""
    uri = f"file:{quote(str(path))}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        schema.check_version(connection, schema.JOURNAL, path)
    except sqlite3.Error as error:
        connection.close()
        shut = primary_code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if mode == "ro" and shut and not log_of(path).exists():
            # A read-only medium cannot hold the WAL's index either; nobody can append to it.
            return sqlite3.connect(uri + "&immutable=1", uri=True, isolation_level=None)
        raise
    except BaseException:
        connection.close()
        raise
    return connection
