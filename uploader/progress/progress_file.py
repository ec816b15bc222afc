"""uploader.db as a file: its tables. `solar replay` and others write to it too, while the uploader runs."""

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
    ALTER TABLE state ADD COLUMN expired INTEGER NOT NULL DEFAULT 0;  -- not used
    ALTER TABLE state ADD COLUMN keeps TEXT;

    -- Marks of the newest settled records: if an id is given to another record, its mark differs.
    CREATE TABLE marks (
        stream  TEXT    NOT NULL,
        id      INTEGER NOT NULL,
        mark    TEXT    NOT NULL,
        PRIMARY KEY (stream, id)
    ) STRICT, WITHOUT ROWID;
    """,
)
