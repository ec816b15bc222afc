"""uploader.db as a file: opened, migrated, and set aside when it is damaged.

Not WAL but a rollback journal: `solar replay` and others write to it too, and SQLite before 3.51.3 can corrupt a WAL
database that two connections write or checkpoint at once. synchronous=EXTRA: a batch that was recorded stays recorded;
after FULL a power cut may bring the rollback journal's name back, and with it undo the newest transaction.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from journal.errors import primary_code
from journal.files import is_there
from journal.schema import check_version, migrate

BUSY_SECONDS, LOOK_SECONDS = 10.0, 1.0
"""How long to wait while another process has it locked: to write, or only to look."""

SCHEMA = (
    """
    -- The ids that need not be sent any more: sent, dead letters, or without anything to send.
    CREATE TABLE done (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        last_id   INTEGER NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE dead_letters (
        number      INTEGER PRIMARY KEY AUTOINCREMENT,
        journal     TEXT    NOT NULL,
        stream      TEXT    NOT NULL,
        id          INTEGER NOT NULL,
        time_ms     INTEGER NOT NULL,
        line        TEXT    NOT NULL,
        words       TEXT    NOT NULL,
        status      INTEGER NOT NULL,
        refused_ms  INTEGER NOT NULL,
        tries       INTEGER NOT NULL,
        is_waiting  INTEGER NOT NULL DEFAULT 0,
        UNIQUE (journal, stream, id)
    ) STRICT;

    -- The site tag of the ids from first_id on.
    CREATE TABLE sites (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        site      TEXT    NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE traffic (
        day   TEXT    NOT NULL PRIMARY KEY,
        size  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE state (
        id              INTEGER PRIMARY KEY CHECK (id = 1),
        journal         TEXT,
        revision        INTEGER NOT NULL DEFAULT 0,
        has_attempted   INTEGER NOT NULL DEFAULT 0,
        batch_size      INTEGER,
        batch_ceiling   INTEGER,
        last_upload_ms  INTEGER,
        failing_since_ms  INTEGER,
        trouble         TEXT,
        reason          TEXT,
        note            TEXT
    ) STRICT;
    INSERT INTO state (id) VALUES (1);
    """,
    """
    -- The sites and has_attempted of format 1 are read once more: by the logger, when it migrates an old journal.
    ALTER TABLE state ADD COLUMN named_server TEXT;
    ALTER TABLE state ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE state ADD COLUMN keeps TEXT;

    -- What the newest records were that were settled: an id that is given again has another mark.
    CREATE TABLE marks (
        stream  TEXT    NOT NULL,
        id      INTEGER NOT NULL,
        mark    TEXT    NOT NULL,
        PRIMARY KEY (stream, id)
    ) STRICT, WITHOUT ROWID;
    """,
)


def open_file(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open for writing, made or migrated where needed; also where a damaged file of that name was put."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _set_aside(path) if is_there(path) and _is_damaged(path) else None
    if not is_there(path):
        path.touch()  # SQLite itself would make it 0644 at most: unwritable for the group that shares the directory
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
        connection.execute("PRAGMA page_size = 1024")
        migrate(connection, SCHEMA, path)
    except BaseException:
        connection.close()
        raise
    return connection, aside


def open_read_only(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "ro")
    try:
        check_version(connection, SCHEMA, path)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Read and write without anybody between: BEGIN IMMEDIATE."""
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
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-journal").rename(aside.with_name(aside.name + "-journal"))
    path.rename(aside)
    return aside
