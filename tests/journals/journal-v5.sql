BEGIN TRANSACTION;
CREATE TABLE boots (
        id                          INTEGER PRIMARY KEY,
        boot_id                     TEXT    NOT NULL UNIQUE,
        anchor_uptime_ms            INTEGER,
        anchor_time_ms              INTEGER,
        anchor_source               TEXT,
        anchor_uncertainty_seconds  REAL
    ) STRICT;
INSERT INTO "boots" VALUES(1,'11111111-1111-4111-8111-111111111111',5000,1767225605000,'ntp',0.5);
INSERT INTO "boots" VALUES(2,'22222222-2222-4222-8222-222222222222',NULL,NULL,NULL,NULL);
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
INSERT INTO "checks" VALUES(1,1767225660000,1,60000,NULL,'0.1.0',NULL,NULL,NULL,NULL,NULL,NULL,NULL,6,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
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
    , measured_charge_watt_hours REAL, measured_load_watt_hours REAL, depth_of_discharge_percent REAL, night_used_amp_hours REAL, night_used_percent REAL, autonomy_days REAL, days_since_full REAL) STRICT;
INSERT INTO "days" VALUES(1,1767225600000,'2025-12-31','PL80',0,NULL,NULL,NULL,NULL,NULL,NULL,283.0,NULL,NULL,NULL,NULL,X'2E1B',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE decoding (
        scale            TEXT    NOT NULL,
        readings_undone  INTEGER NOT NULL,
        days_undone      INTEGER NOT NULL
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
INSERT INTO "events" VALUES(1,1767225600000,1,0,NULL,'started','logger 0.1.0 started',X'');
CREATE TABLE identity (
        uuid  TEXT NOT NULL
    ) STRICT;
INSERT INTO "identity" VALUES('145201d4015aaf4c7f32f803ce1efe58');
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
    , reading_seconds REAL) STRICT;
INSERT INTO "readings" VALUES(1,1767225610000,1,10000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
INSERT INTO "readings" VALUES(2,1767225620000,1,20000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
INSERT INTO "readings" VALUES(3,1767225630000,1,30000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
INSERT INTO "readings" VALUES(4,1767225640000,1,40000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
INSERT INTO "readings" VALUES(5,1767225650000,1,50000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
INSERT INTO "readings" VALUES(6,1767225660000,1,60000,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,X'00DE',NULL);
INSERT INTO "readings" VALUES(7,1767225800000,2,200000,NULL,'PL80',25.4,NULL,NULL,12.0,3.4,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'boost',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,X'327F6504',NULL);
CREATE TABLE revisions (
        id        INTEGER PRIMARY KEY,
        first_id  INTEGER NOT NULL,
        last_id   INTEGER NOT NULL
    ) STRICT;
CREATE TABLE sites (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        site      TEXT    NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "sites" VALUES('checks',1,'home');
INSERT INTO "sites" VALUES('days',1,'home');
INSERT INTO "sites" VALUES('events',1,'home');
INSERT INTO "sites" VALUES('readings',1,'home');
CREATE TABLE spans (
        stream    TEXT    NOT NULL,
        first_id  INTEGER NOT NULL,
        boot      INTEGER NOT NULL REFERENCES boots,
        is_held   INTEGER NOT NULL,
        PRIMARY KEY (stream, first_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "spans" VALUES('checks',1,1,0);
INSERT INTO "spans" VALUES('events',1,1,0);
INSERT INTO "spans" VALUES('readings',1,1,0);
INSERT INTO "spans" VALUES('readings',7,2,1);
COMMIT;
PRAGMA user_version = 5;
