"""Bad input gets exactly one line that names it and what would be right, and leaves everything as it was."""

from pathlib import Path

import pytest

from tests.admin.conftest import Ran, Solar, contents, fill, solar_process

MOMENT = "give a date or time such as 2026-01-05 or 2026-01-05T17:30+10:00 (UTC if no zone), or 7d, 24h, 30m before now"
BAUD = "give 300, 1200, 2400 or 9600, as set by the PLI's jumpers"
LIST = "`solar dead-letters list` shows them"
NO_DATABASE = "it is not an SQLite database; move it away, or set SOLAR_DATA to another directory"
NO_PORT = "there is no such port; is the adapter plugged in? `ls /dev/serial/by-id` shows which are there"
HOW = "in the environment or in .env (InfluxDB 1.x: token user:password, bucket database, any organisation)"
TOKEN = "it contains a character that no token can have; copy it again"
ABOVE = "give a number greater than 0"
WHOLE = "give a whole number greater than 0"
INFLUX = {"INFLUXDB_URL": "http://localhost:1", "INFLUXDB_TOKEN": "s3cret", "INFLUXDB_ORG": "o", "INFLUXDB_BUCKET": "b"}

# fmt: off
USERS_FAULT = [
    # arguments, environment, the line
    ("log --baud 115200", {}, f"cannot use --baud 115200: {BAUD}"),
    ("log", {"SOLAR_BAUD": "fast"}, f"cannot use SOLAR_BAUD=fast: {BAUD}"),
    ("read", {"SOLAR_BAUD": "19200"}, f"cannot use SOLAR_BAUD=19200: {BAUD}"),
    ("log --interval 0", {}, f"cannot use --interval 0: {ABOVE}"),
    ("log", {"SOLAR_INTERVAL": "-1"}, f"cannot use SOLAR_INTERVAL=-1: {ABOVE}"),
    ("log", {"SOLAR_INTERVAL": "nan"}, f"cannot use SOLAR_INTERVAL=nan: {ABOVE}"),
    ("log", {"SOLAR_INTERVAL": "1e999"}, f"cannot use SOLAR_INTERVAL=1e999: {ABOVE}"),
    ("log", {"SOLAR_CHARGE_STEP_AMPS": "0"}, f"cannot use SOLAR_CHARGE_STEP_AMPS=0: {ABOVE}"),
    ("read --load-step-amps x", {}, f"cannot use --load-step-amps x: {ABOVE}"),
    ("log --count 0", {}, f"cannot use --count 0: {WHOLE}"),
    ("log", {"SOLAR_LOG_COUNT": "2.5"}, f"cannot use SOLAR_LOG_COUNT=2.5: {WHOLE}"),
    ("log", {"SOLAR_LOG_WAIT": "maybe"}, "cannot use SOLAR_LOG_WAIT=maybe: give 1 or 0"),
    ("log", {"SOLAR_SITE": "back\\"}, "cannot use SOLAR_SITE=back\\: give a name of printable characters that does "
     "not end in a backslash"),
    ("log --port foo://bar", {}, "cannot use SOLAR_PORT=foo://bar: invalid URL, protocol 'foo' not known; it must be "
     "a device path or a pyserial URL"),
    ("read --port foo://me:hunter2@bar", {}, "cannot use SOLAR_PORT=foo://...@bar: invalid URL, protocol 'foo' not "
     "known; it must be a device path or a pyserial URL"),
    ("export --since yesterday-ish", {}, f"cannot use --since yesterday-ish: {MOMENT}"),
    ("export", {"SOLAR_EXPORT_UNTIL": "a\nb"}, f"cannot use SOLAR_EXPORT_UNTIL=a\\nb: {MOMENT}"),
    ("export --since 2026-02-01 --until 2026-01-01", {}, "cannot use --since 2026-02-01T00:00:00.000Z with "
     "--until 2026-01-01T00:00:00.000Z: the start must be before the end; give an earlier --since or a later "
     "--until"),
    ("export --format xls", {}, "cannot use --format xls: give csv, json, jsonl, sqlite or line-protocol"),
    ("export", {"SOLAR_EXPORT_FORMAT": "CSV"}, "cannot use SOLAR_EXPORT_FORMAT=CSV: give csv, json, jsonl, sqlite or "
     "line-protocol"),
    ("export --table reading", {}, "cannot use --table reading: give readings, days, events or checks"),
    ("export --format sqlite", {}, "cannot write sqlite to standard output: a database is a file; add --output FILE"),
    ("export --output .", {}, "cannot write .: it is a directory; give a file name"),
    ("export --output nowhere/x", {}, "cannot write nowhere/x: there is no directory {here}/nowhere; create it, or "
     "choose another"),
    ("export --output /dev/null", {}, "cannot write /dev/null: it is not an ordinary file; choose another name"),
    ("backup /dev/null", {}, "cannot write /dev/null: it is not an ordinary file; choose another name"),
    ("restore", {}, "cannot run `solar restore`: FILE is missing; see `solar restore --help`"),
    ("backup", {}, "cannot write a backup: nothing says where; give a FILE, or set SOLAR_BACKUP_TO"),
    ("replay", {}, "cannot replay without --since: give the start, such as 7d or 2026-01-05"),
    ("replay --since x", {}, f"cannot use --since x: {MOMENT}"),
    ("upload", {}, "cannot upload: INFLUXDB_URL, INFLUXDB_TOKEN, INFLUXDB_ORG, INFLUXDB_BUCKET are not set; set "
     f"them {HOW}"),
    ("upload --once", INFLUX | {"INFLUXDB_BUCKET": ""}, f"cannot upload: INFLUXDB_BUCKET is not set; set it {HOW}"),
    ("upload", INFLUX | {"INFLUXDB_URL": "influx:8086"}, "cannot use INFLUXDB_URL='influx:8086': it must begin with "
     "http:// or https:// and have a host, and may have a port from 1 to 65535, but no spaces, like "
     "http://influx.example:8086"),
    ("upload", INFLUX | {"INFLUXDB_URL": "http://me:hunter2@influx"}, "cannot use INFLUXDB_URL='http://influx': "
     "it contains a user, a password or options; put user:password in INFLUXDB_TOKEN and the database in "
     "INFLUXDB_BUCKET"),
    ("upload --once", INFLUX | {"INFLUXDB_TOKEN": "s3cret\nX-Evil: 1"}, f"cannot use INFLUXDB_TOKEN: {TOKEN}"),
    ("upload --once", INFLUX | {"INFLUXDB_TOKEN": "s3crét"}, f"cannot use INFLUXDB_TOKEN: {TOKEN}"),
    ("upload", INFLUX | {"INFLUXDB_CA_FILE": "no"}, "cannot use INFLUXDB_CA_FILE=no: there is no such file; give one "
     "with certificates"),
    ("upload", INFLUX | {"SOLAR_UPLOAD_EVERY": "0"}, f"cannot use SOLAR_UPLOAD_EVERY=0: {ABOVE}"),
    ("upload", INFLUX | {"SOLAR_MONTHLY_MEGABYTES": "x"}, f"cannot use SOLAR_MONTHLY_MEGABYTES=x: {ABOVE}"),
    ("demo --seconds 0", {}, f"cannot use --seconds 0: {ABOVE}"),
    ("simulate --model PL90", {}, "cannot use --model PL90: give PL20, PL40, PL60 or PL80"),
    ("simulate --volts 13", {}, "cannot simulate 13 system volts: choose 12, 24, 32, 36, 48"),
    ("simulate --tcp here", {}, "cannot use --tcp here: give host and port, as in 127.0.0.1:26000; port 0 means any "
     "free port"),
    ("simulate --faults drop", {}, "cannot use --faults drop: give its probability, as in 'drop=0.01'"),
    ("simulate", {"SOLAR_SIMULATE_SEED": "x"}, "cannot use SOLAR_SIMULATE_SEED=x: give a whole number"),
    ("dead-letters", {}, "cannot run `solar dead-letters`: add list, retry, drop or export; see `solar "
     "dead-letters --help`"),
    ("dead-letters retry 1 --all", {}, f"cannot retry dead letters: give their numbers, or --all; {LIST}"),
    ("dead-letters drop", {}, f"cannot drop dead letters: give their numbers, or --all; {LIST}"),
    ("dead-letters drop 1 --all", {}, f"cannot drop dead letters: give their numbers, or --all; {LIST}"),
    ("dead-letters drop one", {}, "cannot use NUMBER... one: give a whole number greater than 0"),
    ("dead-letters drop 7", {}, f"cannot drop dead letter 7: there is no such number; {LIST}"),
    ("dead-letters retry --all", {}, "cannot retry dead letters: nothing has been uploaded from data yet"),
    ("export --sinc 7d", {}, "cannot use --sinc: `solar export` has no such option; did you mean --since?"),
    ("--bogus", {}, "cannot use --bogus: `solar` has no such option; see `solar --help`"),
    ("export --since", {}, "cannot use --since: it needs a value after it"),
    ("export a b", {}, "cannot run `solar export`: unexpected 'a b'; see `solar export --help`"),
    ("simulat", {}, "cannot run `solar`: no such command 'simulat'; did you mean 'simulate'?"),
    ("xyzzy", {}, "cannot run `solar`: no such command 'xyzzy'; see `solar --help`"),
]

ENVIRONMENTS_FAULT = [
    ("log --port /dev/ttyNOPE", {}, f"cannot open /dev/ttyNOPE: {NO_PORT}"),
    ("read", {"SOLAR_PORT": "/dev/ttyNOPE"}, f"cannot open /dev/ttyNOPE: {NO_PORT}"),
    ("export", {"SOLAR_DATA": "text"}, f"cannot open text/journal.db: {NO_DATABASE}"),
    ("backup copy", {"SOLAR_DATA": "text"}, f"cannot open text/journal.db: {NO_DATABASE}"),
    ("replay --since 7d", {"SOLAR_DATA": "text"}, f"cannot open text/journal.db: {NO_DATABASE}"),
    ("export --data nowhere", {}, "cannot open nowhere/journal.db: there is no such file; `solar log` creates it in "
     "SOLAR_DATA"),
    ("simulate --tcp 192.0.2.1:9", {}, "cannot simulate at 192.0.2.1:9: cannot assign requested address (while "
     "attempting to bind on address ('192.0.2.1', 9)); choose another address"),
]
# fmt: on


@pytest.fixture(autouse=True)
def site(tmp_path: Path) -> None:
    """A good journal in `data`, and one in `text` that is none."""
    fill(tmp_path / "data", 3)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "journal.db").write_text("Dear diary, the sun was out all day." * 100)


@pytest.mark.parametrize(
    ("code", "case"), [*((2, case) for case in USERS_FAULT), *((1, case) for case in ENVIRONMENTS_FAULT)]
)
def test_it_is_one_line_with_exit_2_for_the_users_fault_and_1_for_the_environments(
    solar: Solar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, case: tuple[str, dict[str, str], str]
) -> None:
    arguments, environment, line = case
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    before = contents(tmp_path)
    assert solar(*arguments.split()) == Ran(code, "", line.format(here=tmp_path) + "\n")
    assert contents(tmp_path) == before


def test_a_data_directory_that_cannot_be_written_is_said_by_log_and_upload(
    solar: Solar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for name, value in INFLUX.items():
        monkeypatch.setenv(name, value)
    for arguments in (("log", "--wait"), ("upload", "--once")):
        ran = solar(*arguments, "--data", tmp_path / "file" / "below")
        words = f"{tmp_path}/file is not a directory; set SOLAR_DATA to a directory"
        assert ran == Ran(1, "", f"cannot write to {tmp_path}/file/below: {words}\n")


def test_a_journal_that_is_no_database_is_not_logged_into(solar: Solar, tmp_path: Path) -> None:
    before = (tmp_path / "text" / "journal.db").read_bytes()
    ran = solar("log", "--wait", "--data", "text")
    words = "it is not an SQLite database; move it away, or set SOLAR_DATA to another directory"
    assert ran == Ran(1, "", f"cannot open text/journal.db: {words}\n")
    assert (tmp_path / "text" / "journal.db").read_bytes() == before


def test_from_a_shell_it_is_the_same_line() -> None:
    assert solar_process("log", "--baud", "115200") == Ran(2, "", f"cannot use --baud 115200: {BAUD}\n")
