"""`solar pack` and `solar unpack-receipt`: what the uploader would have sent, carried by hand."""

import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.reading import STREAMS, Day, Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from tests.admin.commands.test_export import copies
from tests.admin.conftest import FIRST_MS, PEAK_MEMORY, Ran, Solar, contents, event, fill, point_to, reading
from tests.scripted_influx import ScriptedInflux
from tests.servers import Database, program
from uploader.progress.progress import Progress
from uploader.server.target import Target

DOCS = Path(__file__).parent.parent.parent.parent / "docs" / "audit.md"
LINES = [
    f'solar_event,kind=started,site=home message="logger 0.1.0 started" {FIRST_MS}',
    *(
        'solar,model=PL80,site=home battery_volts=25.4,charge_amps=12.0,regulator_state="boost",alarm=0.0 '
        f"{FIRST_MS + ms}"
        for ms in (0, 10_000, 20_000)
    ),
]


@pytest.fixture(autouse=True)
def in_the_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)


@pytest.fixture
def parcel(solar: Solar, tmp_path: Path) -> Path:
    """What is pending in the data, packed."""
    path = tmp_path / "backlog.lp.gz"
    assert solar("pack", "--output", path).code == 0
    return path


def manifest(parcel: Path) -> Path:
    return parcel.with_name(parcel.name + ".manifest.json")


def packed(parcel: Path) -> list[str]:
    return gzip.decompress(parcel.read_bytes()).decode().splitlines()


def pending(data: Path) -> dict[str, tuple[tuple[int, int], ...]]:
    with Journal.open(data / "journal.db") as journal, Progress.read_only(data / "uploader.db") as progress:
        found = {stream: progress.pending(journal, stream).ranges for stream in STREAMS}
    return {stream: ranges for stream, ranges in found.items() if ranges}


def test_what_is_pending_is_packed_as_the_uploader_would_send_it(solar: Solar, data: Path, parcel: Path) -> None:
    assert sorted(packed(parcel)) == sorted(LINES)
    with ScriptedInflux() as influx:
        solar("upload", "--once", "--url", influx.url)
        assert sorted(line for request in influx.requests for line in request) == sorted(LINES)
    assert pending(data) == {}


def test_the_manifest_tells_what_is_in_it(data: Path, parcel: Path) -> None:
    told = json.loads(manifest(parcel).read_text())
    with Journal.open(data / "journal.db") as journal:
        identity = journal.identity()
        marks = {stream: [last, journal.mark(stream, last)] for stream, last in journal.last_ids().items()}
    times = {"readings": [FIRST_MS, FIRST_MS + 20_000], "events": [FIRST_MS, FIRST_MS]}
    assert told.pop("packed_time").endswith("Z")
    assert told == {
        "format": 1,
        "file": "backlog.lp.gz",
        "lines": 4,
        "bytes": parcel.stat().st_size,
        "sha256": hashlib.sha256(parcel.read_bytes()).hexdigest(),
        "precision": "ms",
        "journal": identity,
        "revision": 0,
        "counts": {"readings": 3, "days": 0, "events": 1, "checks": 0},
        "ids": {"readings": [[1, 3]], "days": [], "events": [[1, 1]], "checks": []},
        "marks": marks,
        "times": times,
    }


def test_packing_says_what_to_do_next_and_settles_nothing(solar: Solar, data: Path, tmp_path: Path) -> None:
    parcel = tmp_path / "backlog.lp.gz"
    ran = solar("pack", "--output", parcel)
    assert ran == Ran(
        0,
        f"4 records packed into {parcel}: {parcel.stat().st_size} bytes; keep backlog.lp.gz.manifest.json here\n",
        "At the InfluxDB server (1.x: see docs/audit.md):\n"
        "    influx write --bucket … --precision ms --compression gzip --file backlog.lp.gz\n"
        f"If that ended without an error, back here: `solar unpack-receipt {manifest(parcel)}`\n",
    )
    assert pending(data) == {"readings": ((1, 3),), "events": ((1, 1),)}


def test_it_is_packed_though_uploader_db_cannot_be_written(
    solar: Solar, data: Path, parcel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(Day(time_ms=FIRST_MS, date="2026-01-01", model="PL80", charge_amp_hours=1.0))
    monkeypatch.setattr("journal.side_file.BUSY_SECONDS", 0.0)
    with closing(sqlite3.connect(data / "uploader.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert solar("pack", "--output", parcel).code == 0
    assert "solar_day,model=PL80,site=home" in "\n".join(packed(parcel))


def test_a_receipt_marks_it_as_sent_and_once_more_does_nothing(solar: Solar, data: Path, parcel: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(reading(4))
    assert solar("unpack-receipt", "--yes", manifest(parcel)) == Ran(0, "4 records marked as sent\n", "")
    assert pending(data) == {"readings": ((4, 4),)}
    again = solar("unpack-receipt", "--yes", manifest(parcel))
    assert again == Ran(0, "nothing to mark: all of it is already marked as sent\n", "")
    assert pending(data) == {"readings": ((4, 4),)}


def test_the_file_need_not_be_there(solar: Solar, data: Path, parcel: Path) -> None:
    """It is at the server's, while the manifest has stayed."""
    parcel.unlink()
    assert solar("unpack-receipt", "--yes", manifest(parcel)).code == 0
    assert pending(data) == {}


def test_the_line_in_the_docs_feeds_it_to_a_real_influxdb_1(
    solar: Solar, parcel: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same as with the uploader is stored, wherever both have sent it."""
    program("curl", "curl")
    (line,) = [line for line in DOCS.read_text().splitlines() if line.startswith("    gunzip -c")]
    line = line.replace("http://influx.example:8086", database.server.url).replace("db=solar", f"db={database.name}")
    run = ["bash", "-c", "set -o pipefail; " + line.replace("-l 5000", "-l 3")]
    subprocess.run(run, cwd=parcel.parent, check=True, capture_output=True)
    carried = database.rows("solar"), database.rows("solar_event")
    assert [row["time"] for row in carried[0]] == [FIRST_MS, FIRST_MS + 10_000, FIRST_MS + 20_000]
    monkeypatch.setenv("INFLUXDB_URL", database.server.url)
    monkeypatch.setenv("INFLUXDB_BUCKET", database.name)
    assert solar("upload", "--once").out == f"4 records sent to {database.server.url}\n"
    assert (database.rows("solar"), database.rows("solar_event")) == carried
    assert (
        solar("unpack-receipt", "--yes", manifest(parcel)).out
        == "nothing to mark: all of it is already marked as sent\n"
    )
    assert solar("audit").code == 0

    broken = [*run[:2], run[2].replace(f"db={database.name}", "db=nowhere")]
    assert subprocess.run(broken, cwd=parcel.parent, check=False, capture_output=True).returncode != 0


def test_what_was_sent_while_it_was_carried_stays_sent(solar: Solar, data: Path, parcel: Path) -> None:
    with Progress.open(data / "uploader.db") as uploader:
        uploader.mark_done("readings", [(2, 2)])
        assert solar("unpack-receipt", "--yes", manifest(parcel)).out == "3 records marked as sent\n"
        assert uploader.done.of("readings").ranges == ((1, 3),)


def test_a_reading_decoded_anew_since_then_is_still_to_be_sent(solar: Solar, data: Path, parcel: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        record = journal.get("readings", 2)
        assert isinstance(record, Reading)
        journal.revise([record], Decoding("charge 0.5"))
    ran = solar("unpack-receipt", "--yes", manifest(parcel))
    assert ran.out == "3 records marked as sent\n1 record changed since then: to be sent again\n"
    assert pending(data) == {"readings": ((2, 2),)}


def test_a_manifest_of_another_journal_is_refused(solar: Solar, tmp_path: Path, parcel: Path) -> None:
    other = fill(tmp_path / "other", 9)
    ran = solar("unpack-receipt", "--yes", manifest(parcel), "--data", other)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"cannot mark the records in {manifest(parcel)} as sent: they are from another journal")
    assert not (other / "uploader.db").exists()


def test_what_another_journal_has_from_the_time_of_a_bundle_is_sent_again(
    solar: Solar, tmp_path: Path, parcel: Path
) -> None:
    """Its readings may be recovered from the journal that was packed, and decoded anew since then."""
    other = fill(tmp_path / "other", 9)
    with Journal.open(other / "journal.db") as journal, Progress.open(other / "uploader.db") as progress:
        progress.see(journal)
        progress.mark_done("readings", [(1, 9)])
    for _ in range(2):
        ran = solar("unpack-receipt", "--yes", manifest(parcel), "--data", other)
        assert (ran.code, ran.err.count("\n")) == (1, 1)
        assert pending(other)["readings"] == ((1, 3),)


def test_a_file_that_is_not_the_one_packed_is_refused(solar: Solar, data: Path, parcel: Path) -> None:
    with parcel.open("ab") as file:
        file.write(b"\0")
    ran = solar("unpack-receipt", "--yes", manifest(parcel))
    assert (ran.code, ran.out) == (1, "")
    assert "its checksum differs" in ran.err
    assert pending(data) == {"readings": ((1, 3),), "events": ((1, 1),)}


@pytest.mark.parametrize("ids", [[[1, 4]], [[0, 2]]], ids=["after the last", "before the first"])
def test_a_manifest_with_records_that_are_not_there_is_refused(
    ids: list[list[int]], solar: Solar, data: Path, parcel: Path
) -> None:
    told = json.loads(manifest(parcel).read_text())
    told["ids"]["readings"] = ids
    manifest(parcel).write_text(json.dumps(told))
    ran = solar("unpack-receipt", "--yes", manifest(parcel))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "the journal does not have all of them" in ran.err
    assert pending(data) == {"readings": ((1, 3),), "events": ((1, 1),)}


def test_a_manifest_from_before_there_were_marks_is_accepted(solar: Solar, data: Path, parcel: Path) -> None:
    told = json.loads(manifest(parcel).read_text())
    del told["marks"], told["times"]
    manifest(parcel).write_text(json.dumps(told))
    assert solar("unpack-receipt", "--yes", manifest(parcel)).out == "4 records marked as sent\n"
    assert pending(data) == {}


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', "\x1f\x8b\0", '{"format": 1, "ids": {}}'])
def test_what_is_no_manifest_is_one_line(text: str, solar: Solar, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(text)
    ran = solar("unpack-receipt", "--yes", path)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"cannot use {path}: it is not a manifest written by `solar pack`")
    assert solar("unpack-receipt", "--yes", tmp_path / "nowhere").code == 2
    assert solar("unpack-receipt", "--yes", tmp_path).code == 2


def test_nothing_pending_is_nothing_to_pack(solar: Solar, tmp_path: Path, parcel: Path) -> None:
    solar("unpack-receipt", "--yes", manifest(parcel))
    ran = solar("pack", "--output", tmp_path / "more.lp.gz")
    assert ran == Ran(0, "nothing to pack: everything has been sent\n", "")
    assert not (tmp_path / "more.lp.gz").exists()


def test_what_is_held_is_not_called_sent(solar: Solar, tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "held" / "journal.db") as journal:
        journal.append(reading(4), is_held=True)
    ran = solar("pack", "--output", "backlog.lp.gz", "--data", "held")
    words = "nothing to pack yet: 1 record held until the clock is confirmed: see `solar clock`\n"
    assert (ran.code, ran.out, ran.err) == (0, words, "")


def test_each_record_is_packed_under_the_site_that_it_was_taken_at(
    solar: Solar, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLAR_SITE", "elsewhere")
    with JournalWriter.create(data / "journal.db", "cabin") as journal:
        journal.append(reading(4))
    solar("pack", "--output", tmp_path / "backlog.lp.gz")
    lines = gzip.decompress((tmp_path / "backlog.lp.gz").read_bytes()).decode().splitlines()
    assert [line.split("site=")[1].split(" ")[0] for line in lines] == ["home", "home", "home", "cabin", "home"]


def test_a_receipt_is_not_believed_without_a_word_that_the_server_has_it(
    solar: Solar, data: Path, parcel: Path
) -> None:
    before = pending(data)
    ran = solar("unpack-receipt", manifest(parcel))
    assert ran == Ran(
        2,
        "",
        "nothing was marked as sent: what the server did not get would be lost; run this again, with --yes, when "
        "`influx write` has ended without an error, with status 0\n",
    )
    assert pending(data) == before


def test_a_receipt_after_uploader_db_was_lost_is_remembered(solar: Solar, data: Path, parcel: Path) -> None:
    (data / "uploader.db").unlink()
    solar("unpack-receipt", "--yes", manifest(parcel))
    with ScriptedInflux() as influx:
        assert solar("upload", "--once", "--url", influx.url).out == f"0 records sent to {influx.url}\n"


def test_bad_outputs_are_named_before_anything_is_written(solar: Solar, data: Path, tmp_path: Path) -> None:
    before = contents(data)
    for output in (tmp_path / "nowhere" / "x.lp.gz", data / "journal.db", tmp_path, ".", "", "/"):
        ran = solar("pack", "--output", output)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert solar("pack").err.startswith("cannot pack without --output")
    assert {name: each for name, each in contents(data).items() if name != "uploader.db"} == before
    assert not list(tmp_path.glob("**/*.manifest.json"))


def test_without_room_neither_file_appears(data: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk; what is packed does not compress to less."""
    noise = [hashlib.sha512(number.to_bytes(2)).hexdigest() for number in range(1000)]
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append_all(event(number + 2, "noise", text) for number, text in enumerate(noise))
    parcel = tmp_path / "backlog.lp.gz"
    script = (
        "import resource, signal, sys; from admin.cli import run; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000));"
        f"sys.exit(run(['pack', '--data', {str(data)!r}, '--output', {str(parcel)!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert ran.stderr.startswith(f"cannot write {parcel}: file too large")
    assert [path.name for path in tmp_path.iterdir() if parcel.name in path.name] == []


def peak(data: Path, readings: int) -> int:
    """kB at most while so many readings are packed."""
    copies(data, readings)
    script = (
        f"from admin.cli import run; run(['pack', '--data', {str(data)!r}, '--output', {str(data / 'x.lp.gz')!r}]);"
        + PEAK_MEMORY
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return int(ran.stdout.splitlines()[-1])


def test_memory_does_not_grow_with_the_backlog(tmp_path: Path) -> None:
    assert peak(tmp_path / "long", 30_000) - peak(tmp_path / "short", 2_000) < 4_000
