"""Copies of a database: made under a draft name, synced, and published whole or not at all.

Before a file is migrated, it is copied to <stem>-before-v<format>.db beside it, for going back. Only the newest copy
is kept. A copy gets its own identity: if it replaces the journal, it gives the same ids to other readings.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from journal.errors import JournalUnusable, our_errors, primary_code


def publish(draft: Path, path: Path) -> None:
    """Give a finished file its name, so that a power cut leaves either the old state or the new one."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def write(connection: sqlite3.Connection, target: Path, *, is_checked: bool = False) -> None:
    """Copy the database to `target`, which opens anywhere. Raises JournalFull, JournalUnusable.

    `is_checked`: a damaged copy is not published, so that it does not replace a good one.
    """
    draft = target.with_name(f"{target.name}.draft")
    with our_errors("write a backup to", target):
        draft.unlink(missing_ok=True)
        try:
            draft.touch()  # SQLite itself would make it 0644 at most: after a restore the group could not write to it
            with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                if copy.execute("SELECT 1 FROM sqlite_schema WHERE name = 'identity'").fetchone():
                    copy.execute("UPDATE identity SET uuid = lower(hex(randomblob(16)))")
                if is_checked and not _is_sound(copy):
                    raise JournalUnusable(
                        f"cannot write a backup to {target}: the journal is damaged; no backup was replaced; "
                        "`solar doctor` says what to do"
                    )
            publish(draft, target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def _is_sound(copy: sqlite3.Connection) -> bool:
    try:
        (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_CORRUPT:
            return False
        raise
    return str(verdict) == "ok"


def write_before_migration(path: Path, version: int) -> Path:
    """Copy the database at `path` before it becomes format `version`; returns the copy's name.

    A copy of the same state is used again: a migration that fails at every start of a service must not write a long
    journal to the SD card each time.
    """
    target = path.with_name(f"{path.stem}-before-v{version}{path.suffix}")
    changed = _changed(path)
    if not (target.exists() and target.stat().st_mtime_ns == changed):
        # Not through the connection that holds the lock: SQLite does not copy a database that it is about to write to.
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            write(connection, target)
        os.utime(target, ns=(changed, changed))
    for older in path.parent.glob(f"{path.stem}-before-v*"):
        if older != target:
            older.unlink()
    return target


def _changed(path: Path) -> int:
    """When the database was last written to; only good for comparing with an earlier answer."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return max(file.stat().st_mtime_ns for file in files if file.exists() and file.stat().st_size)
