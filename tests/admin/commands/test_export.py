"""Exports are compared whole."""

import csv
import gzip
import json
import re
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from admin.commands.export import Records
from admin.files.formats import columns
from admin.files.shape import Shape
from admin.terminal.moments import iso
from journal.journal import Journal
from journal.reading import STREAMS, Day
from journal.writer import JournalWriter
from tests.admin.conftest import (
    FIRST_MS,
    PEAK_MEMORY,
    Solar,
    command,
    contents,
    event,
    fill,
    reading,
    redirected,
    solar_process,
)

HEADER = (
    "id,time,model,battery_volts,battery_celsius,state_of_charge_percent,charge_amps,load_amps,internal_charge_amps,"
    "internal_load_amps,external_charge_amps,external_load_amps,charge_watts,load_watts,charge_amp_hours,load_amp_hours,"
    "internal_charge_amp_hours,external_charge_amp_hours,internal_load_amp_hours,external_load_amp_hours,"
    "regulator_state,duty_cycle_percent,battery_max_volts,battery_min_volts,solar_volts,load_disconnected,"
    "generator_running,alarm,solar_disconnected,regulator_clock_seconds,time_uncertainty_seconds,reading_seconds,boot,"
    "uptime_ms,wall_ms,raw\n"
)
ROWS = [
    f"{number},2026-01-01T00:00:{number - 1}0.000Z,PL80,25.4,,,12.0,,,,,,,,,,,,,,boost,,,,,,,0,,,,,1,"
    f"{number}0000,,327f6504\n"
    for number in (1, 2, 3)
]
LINES = [
    'solar,model=PL80,site=home battery_volts=25.4,charge_amps=12.0,regulator_state="boost",alarm=0.0 '
    f"{FIRST_MS + ms}\n"
    for ms in (0, 10_000, 20_000)
]


@pytest.fixture(autouse=True)
def in_the_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_DATA", str(data))


def objects(names: tuple[str, ...], *numbers: int) -> list[dict[str, object]]:
    known = {"model": "PL80", "battery_volts": 25.4, "charge_amps": 12.0, "regulator_state": "boost", "alarm": 0}
    return [
        dict.fromkeys(names)
        | known
        | {"id": number, "time": iso(FIRST_MS + (number - 1) * 10_000), "boot": 1, "uptime_ms": number * 10_000}
        | {"raw": "327f6504"}
        for number in numbers
    ]


def test_csv_has_the_names_of_the_fields_and_nothing_for_what_is_absent(solar: Solar) -> None:
    ran = solar("export")
    assert (ran.code, ran.out, ran.err) == (0, HEADER + "".join(ROWS), "")


def test_json_is_one_array_of_objects(solar: Solar) -> None:
    assert json.loads(solar("export", "--format", "json").out) == objects(columns("readings"), 1, 2, 3)


def test_jsonl_is_an_object_a_line(solar: Solar) -> None:
    lines = solar("export", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == objects(columns("readings"), 1, 2, 3)


def test_line_protocol_is_what_the_uploader_sends(solar: Solar) -> None:
    assert solar("export", "--format", "line-protocol").out == "".join(LINES)


def test_line_protocol_has_each_reading_under_its_own_site_and_none_that_is_held(
    solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong time or another site would be another point at the server, for ever."""
    monkeypatch.setenv("SOLAR_SITE", "elsewhere")
    with JournalWriter.create(data / "journal.db", "hut 2") as journal:
        journal.append(reading(4))
        journal.append(reading(5), is_held=True)
    ran = solar("export", "--format", "line-protocol")
    assert [line.split(" battery")[0] for line in ran.out.splitlines()] == [
        *["solar,model=PL80,site=home"] * 3,
        r"solar,model=PL80,site=hut\ 2",
    ]
    assert ran.err == "1 reading left out: held until the time is known\n"


def test_sqlite_is_one_table_in_one_file_that_opens_anywhere(solar: Solar, tmp_path: Path) -> None:
    ran = solar("export", "--format", "sqlite", "--output", "copy.db")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 readings written to copy.db\n")
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.db"]
    connection = sqlite3.connect(f"file:{tmp_path}/copy.db?mode=ro&immutable=1", uri=True)
    tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
    cursor = connection.execute("SELECT * FROM readings")
    rows = [dict(zip([each[0] for each in cursor.description], row, strict=True)) for row in cursor]
    mode = connection.execute("PRAGMA journal_mode").fetchone()
    connection.close()
    expected = [each | {"raw": bytes.fromhex("327f6504")} for each in objects(columns("readings"), 1, 2, 3)]
    assert (tables, rows, mode) == ([("readings",)], expected, ("delete",))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("x.csv", "csv"),
        ("x.json", "json"),
        ("x.jsonl", "jsonl"),
        ("x.NDJSON", "jsonl"),
        ("x.lp.gz", "line-protocol"),
        ("x.json.gz", "json"),
        ("x.txt", "csv"),
        ("json", "csv"),
    ],
)
def test_the_name_of_the_file_decides_when_no_format_was_asked_for(
    solar: Solar, name: str, form: str, tmp_path: Path
) -> None:
    assert solar("export", "--output", name).code == 0
    written = (tmp_path / name).read_bytes()
    text = gzip.decompress(written) if name.endswith(".gz") else written
    assert text.decode() == solar("export", "--format", form).out


def test_a_name_of_a_database_gets_one(solar: Solar, tmp_path: Path) -> None:
    assert solar("export", "--output", "copy.db").code == 0
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3")


def test_a_format_that_the_name_contradicts_is_one_line(solar: Solar, tmp_path: Path) -> None:
    ran = solar("export", "--format", "csv", "--output", "x.json.gz")
    words = "cannot write csv to x.json.gz: the name says json; leave --format off, or choose another name"
    assert (ran.code, ran.out, ran.err.count("\n"), words in ran.err) == (2, "", 1, True)
    assert not (tmp_path / "x.json.gz").exists()


@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        ("2026-01-01T00:00:10Z", None, [2, 3]),
        (None, "2026-01-01T00:00:10Z", [1]),
        ("2026-01-01T00:00:10", "2026-01-01T00:00:20", [2]),
        ("2026-01-01T10:00:10+10:00", None, [2, 3]),
        ("2025-12-31", "2026-01-02", [1, 2, 3]),
        ("2026-01-02", None, []),
    ],
    ids=["since", "until, which is not in it", "both", "a zone", "days", "nothing"],
)
def test_a_stretch_of_time(solar: Solar, since: str | None, until: str | None, numbers: list[int]) -> None:
    options = [each for pair in (("--since", since), ("--until", until)) if pair[1] for each in pair]
    ran = solar("export", *map(str, options))
    assert (ran.code, ran.out) == (0, HEADER + "".join(ROWS[number - 1] for number in numbers))


def test_an_empty_stretch_is_an_empty_array(solar: Solar) -> None:
    ran = solar("export", "--format", "json", "--since", "2026-01-02")
    assert (ran.code, ran.out, ran.err) == (0, "[]\n", "the journal has no readings from that period\n")


def test_events_and_days_have_columns_of_their_own(solar: Solar, data: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(Day(time_ms=FIRST_MS, date="2026-01-01", battery_max_volts=28.4, raw=b"\x01\x02"))
    assert solar("export", "--table", "events").out == (
        "id,time,kind,message,boot,uptime_ms,wall_ms,raw\n"
        "1,2026-01-01T00:00:00.000Z,started,logger 0.1.0 started,1,1000,,\n"
    )
    (day,) = json.loads(solar("export", "--table", "days", "--format", "json").out)
    assert tuple(day) == columns("days")
    assert {name: value for name, value in day.items() if value is not None} == {
        "id": 1,
        "time": "2026-01-01T00:00:00.000Z",
        "date": "2026-01-01",
        "date_is_estimated": 0,
        "battery_max_volts": 28.4,
        "raw": "0102",
    }


def test_texts_survive_a_spreadsheet_and_are_no_formulas_in_it(solar: Solar, tmp_path: Path) -> None:
    texts = ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", 'a "quoted", comma', "two\nlines", "é ☼"]
    data = fill(tmp_path / "texts", 0, *(event(number, "odd", text) for number, text in enumerate(texts, start=1)))
    ran = solar("export", "--table", "events", "--data", data)
    shown = [row["message"] for row in csv.DictReader(ran.out.splitlines(keepends=True))]
    assert shown == ["'" + text for text in texts[:4]] + texts[4:]
    ran = solar("export", "--table", "events", "--data", data, "--format", "jsonl")
    assert [json.loads(line)["message"] for line in ran.out.splitlines()] == texts


def test_every_column_of_every_table_is_exported() -> None:
    for stream, record in STREAMS.items():
        names = {"time" if name == "time_ms" else name for name in record.__dataclass_fields__}
        assert set(columns(stream)) == names


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "line-protocol"])
def test_a_file_holds_what_standard_output_would(solar: Solar, tmp_path: Path, form: str) -> None:
    expected = solar("export", "--format", form).out
    ran = solar("export", "--format", form, "--output", "out")
    assert (ran.code, ran.out, ran.err) == (0, "", "3 readings written to out\n")
    assert (tmp_path / "out").read_bytes() == expected.encode()


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "line-protocol"])
def test_a_name_that_ends_in_gz_is_a_gzipped_file_and_the_same_every_time(
    solar: Solar, tmp_path: Path, form: str
) -> None:
    expected = solar("export", "--format", form).out
    for name in ("out.gz", "again.GZ"):
        ran = solar("export", "--format", form, "--output", name)
        assert (ran.code, ran.out, ran.err) == (0, "", f"3 readings written to {name}\n")
    packed = (tmp_path / "out.gz").read_bytes()
    assert gzip.decompress(packed) == expected.encode()
    assert packed == (tmp_path / "again.GZ").read_bytes()
    assert packed[3:8] == bytes(5)  # neither a name nor a time


@pytest.mark.parametrize("arguments", [("export", "--format", "sqlite", "--output"), ("backup",)], ids=" ".join)
def test_a_database_is_not_gzipped_and_does_not_get_such_a_name(
    solar: Solar, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    ran = solar(*arguments, "copy.db.gz")
    words = "a database is not compressed; leave .gz off the name, and compress it afterwards (gzip copy.db)"
    assert (ran.code, ran.out, ran.err) == (2, "", f"cannot write copy.db.gz: {words}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_file_that_is_there_is_replaced_through_a_link_too(solar: Solar, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    assert solar("export", "--output", "link").code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == HEADER + "".join(ROWS)


@pytest.mark.parametrize(("form", "name"), [("csv", "out"), ("csv", "out.gz"), ("sqlite", "out")])
def test_an_export_that_fails_leaves_the_old_file_and_no_draft(
    solar: Solar, tmp_path: Path, form: str, name: str
) -> None:
    """A page in the midst of the journal is zeros, as a failing SD card leaves it."""
    data = fill(tmp_path / "torn", 5000)
    path = data / "journal.db"
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(bytes(4096))
    (tmp_path / name).write_text("old")
    ran = solar("export", "--data", data, "--format", form, "--output", name)
    assert ran.code == 1
    remedy = "restart the logger, which sets it aside and begins a new one"
    assert ran.err == f"cannot read {path}: the file is damaged; {remedy}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"data", "torn", name}
    assert (tmp_path / name).read_text() == "old"


@pytest.mark.parametrize(
    "name", ["journal.db", "journal.db-wal", "uploader.db", "alerts.db", "page.db", "link to the journal"]
)
def test_no_export_or_backup_ever_overwrites_what_the_services_use(
    solar: Solar, data: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "link to the journal").symlink_to(data / "journal.db")
    (data / "alerts.db").write_text("old")
    target = tmp_path / name if "link" in name else data / name
    before = contents(data)
    for arguments in (("export", "--output", target), ("backup", target)):
        ran = solar(*arguments)
        words = "the services use this file; choose another"
        assert (ran.code, ran.out, ran.err) == (2, "", f"cannot write {target}: {words}\n")
    assert contents(data) == before


def test_export_goes_on_while_the_logger_appends(solar: Solar, data: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        ran = solar("export")
        journal.append(reading(4))
        assert ran.out == HEADER + "".join(ROWS)
        assert len(solar("export").out.splitlines()) == 5


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    data = fill(tmp_path / "many", 3000)
    with subprocess.Popen(
        command("export", "--data", data), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == HEADER
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


def test_utf_8_whatever_the_locale(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(event(2, "odd", "BMAX 28.4 V → 29.0 V"))
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    assert "BMAX 28.4 V → 29.0 V" in solar_process("export", "--table", "events").out


def peak_memory_kilobytes(data: Path, form: str) -> int:
    script = (
        "import sys; from admin.cli import run;"
        f"code = run(['export', '--data', {str(data)!r}, '--format', {form!r}, '--output', '{data}/out']);"
        f"{PEAK_MEMORY}; sys.exit(code)"
    )
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


def copies(data: Path, readings: int) -> Path:
    """A journal of so many readings, made the quick way."""
    fill(data, 1)
    connection = sqlite3.connect(data / "journal.db")
    names = ", ".join(
        row[1] for row in connection.execute("PRAGMA table_info(readings)") if row[1] not in ("id", "time_ms")
    )
    connection.execute(
        f"""
        WITH RECURSIVE numbers (number) AS (SELECT 2 UNION ALL SELECT number + 1 FROM numbers WHERE number < {readings})
        INSERT INTO readings (id, time_ms, {names})
        SELECT number, time_ms + (number - 1) * 10000, {names} FROM readings, numbers WHERE id = 1
        """
    )
    connection.commit()
    connection.close()
    return data


@pytest.mark.parametrize("form", ["csv", "sqlite"])
def test_memory_does_not_grow_with_the_journal(tmp_path: Path, form: str) -> None:
    """A list of 20,000 readings would be 12 MB."""
    few = peak_memory_kilobytes(copies(tmp_path / "few", 2000), form)
    many = peak_memory_kilobytes(copies(tmp_path / "many", 20_000), form)
    assert many < few + 4000


@pytest.mark.long
@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "sqlite", "line-protocol"])
def test_a_million_readings_need_no_more_memory_than_a_thousand(tmp_path: Path, form: str) -> None:
    few = peak_memory_kilobytes(copies(tmp_path / "few", 2000), form)
    many = peak_memory_kilobytes(copies(tmp_path / "many", 1_000_000), form)
    assert many < few + 6000


@pytest.mark.parametrize("rows", [3, 300], ids=["noticed at the end", "noticed while writing"])
def test_a_full_disk_behind_a_redirection_is_told_in_one_line(data: Path, rows: int) -> None:
    for left in data.iterdir():
        left.unlink()
    fill(data, rows)
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(command("export"), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stderr) == (
        1,
        "cannot write the output: no space left on device; free some space, or write it somewhere else\n",
    )


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "line-protocol"])
@pytest.mark.parametrize("to", ["a file", "a pipe"])
def test_a_redirection_from_a_terminal_gets_every_row(tmp_path: Path, form: str, to: str) -> None:
    """The progress bar is on the terminal; more rows than it takes to be drawn, and to fill a buffer."""
    data = fill(tmp_path / "many", 3000)
    expected = solar_process("export", "--data", data, "--format", form).out
    ran = redirected(tmp_path / "out" if to == "a file" else None, "export", "--data", data, "--format", form)
    assert ran.code == 0
    assert ran.out == expected
    assert expected.count("\n") >= 3000
    assert "exporting readings" in ran.err


@pytest.mark.parametrize("form", ["csv", "sqlite"])
def test_a_file_that_cannot_grow_is_told_in_one_line_and_leaves_nothing(tmp_path: Path, form: str) -> None:
    """As on a full disk; a limit on the size of files does the same."""
    data = fill(tmp_path / "many", 3000)
    limited = ["prlimit", "--fsize=50000", *command("export", "--data", data, "--format", form, "--output", "out")]
    ran = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert re.fullmatch(rf"cannot write {tmp_path}/out: .*; fix that, or choose another file\n", ran.stderr)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "many"}


def test_the_progress_bar_reaches_its_end(data: Path) -> None:
    shown: list[int] = []
    with Journal.open(data / "journal.db") as journal:
        shape = Shape("readings", ("id",), None, "mean")
        rows = list(Records(journal, shape, [(1, 2), (3, 3)], shown.append).rows())
    assert (rows, shown) == ([(1,), (2,), (3,)], [3])


def test_chosen_columns_stand_in_their_order_after_the_time(solar: Solar) -> None:
    assert solar("export", "--columns", "charge_amps,battery_volts").out.splitlines()[:2] == [
        "time,charge_amps,battery_volts",
        "2026-01-01T00:00:00.000Z,12.0,25.4",
    ]


def test_a_misspelt_column_gets_one_line_with_the_nearest_name(solar: Solar) -> None:
    ran = solar("export", "--columns", "batery_volts")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "cannot use --columns batery_volts: readings have no such column; did you mean battery_volts?\n"


@pytest.mark.parametrize(
    ("statistic", "volts", "state"), [("mean", "25.3", "float"), ("min", "25.0", "float"), ("max", "25.9", "float"),
                                      ("last", "25.0", "float")]
)  # fmt: skip
def test_a_period_is_one_row_and_a_gap_has_none(
    solar: Solar, tmp_path: Path, statistic: str, volts: str, state: str
) -> None:
    data = tmp_path / "thin"
    with JournalWriter.create(data / "journal.db") as journal:
        journal.boot_number("a boot")
        journal.append_all(
            [
                reading(1, battery_volts=25.0),
                reading(2, battery_volts=25.9),
                reading(3, battery_volts=None),
                reading(30, battery_volts=25.0, regulator_state="float"),
                reading(3 * 30 + 1, battery_volts=None),
            ]
        )
    # fmt: off
    ran = solar("export", "--data", data, "--every", "5m", "--statistic", statistic,
                "--columns", "battery_volts,regulator_state")
    # fmt: on
    assert ran.out.splitlines() == [
        "time,battery_volts,regulator_state",
        f"2026-01-01T00:00:00.000Z,{volts},{state}",
        "2026-01-01T00:15:00.000Z,,boost",
    ]


def test_local_time_is_what_a_spreadsheet_reads_and_days_begin_at_its_midnight(
    solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("TZ", "Australia/Brisbane")
    time.tzset()
    request.addfinalizer(time.tzset)
    request.addfinalizer(monkeypatch.undo)
    out = solar("export", "--local-time", "--columns", "battery_volts").out.splitlines()
    assert out[:3] == ["local_time,battery_volts", "2026-01-01 10:00:00,25.4", "2026-01-01 10:00:10,25.4"]
    out = solar("export", "--local-time", "--columns", "battery_volts", "--every", "1d").out.splitlines()
    assert out == ["local_time,battery_volts", "2026-01-01 00:00:00,25.4"]


def test_sqlite_takes_the_same_shape(solar: Solar, tmp_path: Path) -> None:
    ran = solar("export", "--every", "1h", "--columns", "battery_volts", "--output", "hours.db")
    assert ran.err == "1 row written to hours.db\n"
    connection = sqlite3.connect(tmp_path / "hours.db")
    assert connection.execute("SELECT * FROM readings").fetchall() == [("2026-01-01T00:00:00.000Z", 25.4)]
    connection.close()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--every", "5"], "cannot use --every 5: give a period such as 30s, 5m, 1h or 1d\n"),
        (["--every", "5m", "--columns", "raw"], "cannot use --columns raw with --every: it belongs to one record; "
                                                "leave one of them off\n"),
        (["--local-time", "--format", "line-protocol"],
         "cannot thin out line-protocol: InfluxDB would take it for the readings themselves; "
         "leave --columns, --every and --local-time off, or choose another format\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_shaped_is_said_in_one_line(solar: Solar, arguments: list[str], words: str) -> None:
    ran = solar("export", *arguments)
    assert (ran.code, ran.out, ran.err) == (2, "", words)


def test_a_dry_run_says_how_large_it_would_be_and_writes_nothing(
    solar: Solar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.commands.export.SAMPLE_IDS", 1_000)
    fill(tmp_path / "long", 20_000)
    arguments = ("export", "--data", "long", "--every", "1m", "--columns", "battery_volts", "--output", "x.csv.gz")
    ran = solar(*arguments, "--dry-run")
    assert not (tmp_path / "x.csv.gz").exists()
    said = re.fullmatch(r"about ([\d,]+) rows, ([\d.]+) kB; nothing was written\n", ran.out)
    assert said, ran.out
    solar(*arguments)
    with gzip.open(tmp_path / "x.csv.gz", "rt") as file:
        rows = len(file.readlines()) - 1
    assert float(said[1].replace(",", "")) == pytest.approx(rows, rel=0.05)
    assert float(said[2]) * 1000 == pytest.approx((tmp_path / "x.csv.gz").stat().st_size, rel=0.5)


@pytest.mark.long
def test_a_year_of_four_columns_at_five_minutes_is_under_2_megabytes_compressed(solar: Solar, tmp_path: Path) -> None:
    """Thirty days of it, so a twelfth."""
    from benchmarks.journals import make

    make(tmp_path / "month/journal.db", 30 * 8640)
    names = "battery_volts,charge_amps,load_amps,state_of_charge_percent"
    ran = solar("export", "--data", "month", "--columns", names, "--every", "5m", "--output", "month.csv.gz")
    assert ran.err == "8,640 rows written to month.csv.gz\n"
    assert (tmp_path / "month.csv.gz").stat().st_size < 2_000_000 / 12
