"""The tables, and the migrations from every released version.

`PRAGMA user_version` is the number of scripts already run on a file. A new version of the program appends a script and
never changes an old one.

    identity  one row: the identity of this file, so that its ids are not confused with those of another
    boots     one row per boot of this computer, in order, and a moment at which the right time was known (boots.py)
    readings  one row per reading; no index, no AUTOINCREMENT: either doubles what an append writes to the SD card
    events    one row per event
    days      one row per day of the regulator's own history
    decoding  at most one row: the scale used to decode the readings, and how far that is done (revisions.py)
    revisions ranges of readings that were recalculated in place and must be sent again
    spans     where a span begins in readings and events: at each boot, where the clock went back, and where times began
              to be trusted. Within a span ids and times rise together, so times are found without an index. A held span
              is not sent: its times are not trusted
    checks    one row per check of the logger itself, every ten minutes
    sites     from which id on a stream's records belong to which site (sites.py)
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from journal import copies
from journal.errors import JournalError, JournalTooNew, our_errors

JOURNAL = (
    """
    CREATE TABLE identity (
        uuid  TEXT NOT NULL
    ) STRICT;
    INSERT INTO identity VALUES (lower(hex(randomblob(16))));

    CREATE TABLE boots (
        id                          INTEGER PRIMARY KEY,
        boot_id                     TEXT    NOT NULL UNIQUE,
        anchor_uptime_ms            INTEGER,
        anchor_time_ms              INTEGER,
        anchor_source               TEXT,
        anchor_uncertainty_seconds  REAL
    ) STRICT;

    CREATE TABLE spans (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        boot      INTEGER NOT NULL REFERENCES boots,
        is_held   INTEGER NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE readings (
        id                          INTEGER PRIMARY KEY,
        time_ms                     INTEGER NOT NULL,
        boot                        INTEGER NOT NULL,
        uptime_ms                   INTEGER NOT NULL,
        wall_ms                     INTEGER,
        model                       TEXT,
        battery_volts               REAL,
        battery_celsius             REAL,
        state_of_charge_percent     REAL,
        charge_amps                 REAL,
        load_amps                   REAL,
        internal_charge_amps        REAL,
        internal_load_amps          REAL,
        external_charge_amps        REAL,
        external_load_amps          REAL,
        charge_watts                REAL,
        load_watts                  REAL,
        charge_amp_hours            REAL,
        load_amp_hours              REAL,
        internal_charge_amp_hours   REAL,
        external_charge_amp_hours   REAL,
        internal_load_amp_hours     REAL,
        external_load_amp_hours     REAL,
        regulator_state             TEXT,
        duty_cycle_percent          REAL,
        battery_max_volts           REAL,
        battery_min_volts           REAL,
        solar_volts                 REAL,
        load_disconnected           INTEGER,
        generator_running           INTEGER,
        alarm                       INTEGER,
        solar_disconnected          INTEGER,
        regulator_clock_seconds     REAL,
        time_uncertainty_seconds    REAL,
        raw                         BLOB    NOT NULL
    ) STRICT;

    CREATE TABLE days (
        id                          INTEGER PRIMARY KEY,
        time_ms                     INTEGER NOT NULL,
        date                        TEXT    NOT NULL,
        model                       TEXT,
        date_is_estimated           INTEGER NOT NULL,
        began_ms                    INTEGER,
        ended_ms                    INTEGER,
        battery_max_volts           REAL,
        battery_min_volts           REAL,
        state_of_charge_percent     REAL,
        float_reached_seconds       REAL,
        charge_amp_hours            REAL,
        load_amp_hours              REAL,
        measured_charge_amp_hours   REAL,
        measured_load_amp_hours     REAL,
        coverage_percent            REAL,
        raw                         BLOB    NOT NULL
    ) STRICT;

    CREATE TABLE events (
        id         INTEGER PRIMARY KEY,
        time_ms    INTEGER NOT NULL,
        boot       INTEGER NOT NULL,
        uptime_ms  INTEGER NOT NULL,
        wall_ms    INTEGER,
        kind       TEXT    NOT NULL,
        message    TEXT    NOT NULL,
        raw        BLOB    NOT NULL
    ) STRICT;

    CREATE TABLE decoding (
        scale            TEXT    NOT NULL,
        readings_undone  INTEGER NOT NULL,
        days_undone      INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE revisions (
        id        INTEGER PRIMARY KEY,
        first_id  INTEGER NOT NULL,
        last_id   INTEGER NOT NULL
    ) STRICT;
    """,
    """
    CREATE TABLE sites (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        site      TEXT    NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE readings ADD COLUMN reading_seconds REAL;
    """,
    """
    ALTER TABLE days ADD COLUMN measured_charge_watt_hours REAL;
    ALTER TABLE days ADD COLUMN measured_load_watt_hours REAL;
    CREATE TABLE checks (
        id                        INTEGER PRIMARY KEY,
        time_ms                   INTEGER NOT NULL,
        boot                      INTEGER NOT NULL,
        uptime_ms                 INTEGER NOT NULL,
        wall_ms                   INTEGER,
        version                   TEXT    NOT NULL,
        computer_uptime_seconds   REAL,
        logger_uptime_seconds     REAL,
        pending_records           INTEGER,
        held_records              INTEGER,
        dead_letters              INTEGER,
        journal_bytes             INTEGER,
        disk_free_bytes           INTEGER,
        readings                  INTEGER,
        reading_seconds           REAL,
        exchanges                 INTEGER,
        damaged_percent           REAL,
        undervoltage              INTEGER,
        undervoltage_since_start  INTEGER,
        computer_celsius          REAL,
        clock_trusted             INTEGER
    ) STRICT;
    """,
    """
    ALTER TABLE days ADD COLUMN depth_of_discharge_percent REAL;
    ALTER TABLE days ADD COLUMN night_used_amp_hours REAL;
    ALTER TABLE days ADD COLUMN night_used_percent REAL;
    ALTER TABLE days ADD COLUMN autonomy_days REAL;
    ALTER TABLE days ADD COLUMN days_since_full REAL;
    """,
)

WITH_SITES = 2
"""The first format with the table `sites`."""
WITH_CHECKS = 4
"""The first format with the table `checks`."""


def version_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def stand_in(connection: sqlite3.Connection) -> None:
    """For a reader: where an older format lacks a table, an empty one of this connection alone."""
    if 0 < version_of(connection) < WITH_CHECKS:
        connection.execute("CREATE TEMP TABLE checks (id INTEGER, time_ms INTEGER, boot INTEGER, uptime_ms INTEGER)")


def columns(connection: sqlite3.Connection, stream: str, names: Iterable[str]) -> str:
    """The columns to select from a table that may be of an older format: NULL where it does not have one."""
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({stream})")}
    return ", ".join(name if name in there else f"NULL AS {name}" for name in names)


def check_version(connection: sqlite3.Connection, scripts: Sequence[str], path: Path) -> int:
    """Return how many of `scripts` were run on the database; raise JournalTooNew if it is more than there are."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise JournalTooNew(
            f"cannot open {path}: it was written by a newer version of this program "
            f"(format {version}; this one knows formats up to {len(scripts)}); the file was left untouched, "
            "install the newer version"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, scripts: Sequence[str], path: Path) -> None:
    """Run the scripts that the database still needs: all, or none if one fails.

    A file that already went through some is copied first (copies.py). `connection` must be in autocommit mode.
    Raises JournalTooNew before anything is touched, JournalFull, JournalUnusable.
    """
    if check_version(connection, scripts, path) == len(scripts):
        return
    kept = ""
    try:
        with our_errors("migrate", path):
            connection.execute("BEGIN IMMEDIATE")
            done = check_version(connection, scripts, path)  # another process may have migrated it just now
            if 0 < done < len(scripts):
                copy = copies.write_before_migration(path, len(scripts))
                kept = f"; it is unchanged, the version before this one can use it, and {copy.name} is a copy"
            for statement in _statements("\n;".join(scripts[done:])):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(scripts)}")
            connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, JournalError):
            raise type(error)(f"{error}{kept}") from error
        raise


def _statements(script: str) -> Iterator[str]:
    """One by one, because Python's `executescript` would commit the open transaction."""
    statement = ""
    for part in f"{script}\n;".split(";")[:-1]:
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
