BEGIN TRANSACTION;
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
INSERT INTO "dead_letters" VALUES(1,'fdf99f287194c10da1a350b0e951b43c','readings',4,1767225640000,'solar,site=home battery_volts=25.4 1767225640000','field type conflict',422,1767225670000,1,0);
CREATE TABLE done (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        last_id   INTEGER NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "done" VALUES('readings',1,4);
CREATE TABLE marks (
        stream  TEXT    NOT NULL,
        id      INTEGER NOT NULL,
        mark    TEXT    NOT NULL,
        PRIMARY KEY (stream, id)
    ) STRICT, WITHOUT ROWID;
CREATE TABLE sites (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        site      TEXT    NOT NULL,
        PRIMARY KEY (stream, first_id)
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
    , named_server TEXT, expired INTEGER NOT NULL DEFAULT 0, keeps TEXT) STRICT;
INSERT INTO "state" VALUES(1,'fdf99f287194c10da1a350b0e951b43c',0,0,200,NULL,1767225670000,NULL,NULL,NULL,NULL,NULL,0,NULL);
CREATE TABLE traffic (
        day   TEXT    NOT NULL PRIMARY KEY,
        size  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('dead_letters',1);
COMMIT;
PRAGMA user_version = 2;
