"""A damaged row may hold any number for a time: every command that reads goes on, and shows the row as it is."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from admin.terminal.moments import iso
from journal.reading import Day
from journal.writer import JournalWriter
from tests.admin.conftest import Solar, event, fill, point_to, reading
from tests.servers import Database
from tests.uploader.audit.flux_double import FluxDouble
from tests.uploader.audit.stored import Stored
from uploader.progress.progress import Progress

AFTER_9999_MS = 253_402_300_800_000
TIMES = {
    AFTER_9999_MS: "+10000-01-01T00:00:00.000Z",
    2**63 - 1: "+292278994-08-17T07:12:55.807Z",
    -(2**63): "-292275055-05-16T16:47:04.192Z",
    -62_135_596_800_001: "0000-12-31T23:59:59.999Z",
}
READING = [
    ("status",),
    ("status", "--json"),
    ("doctor", "--short", "--port", "/dev/ttyNOPE"),
    ("history", "--port", "/dev/ttyNOPE"),
    ("calibrate",),
    ("clock",),
    ("report", "--since", "0001-01-01"),
    ("report", "--since", "0001-01-01", "--until", "9999-12-31"),
    ("export", "--table", "days"),
    ("backup", "copy.db"),
    ("replay", "--since", "0001-01-01"),
    ("pack", "--output", "backlog.lp.gz"),
    ("dead-letters", "list"),
    ("dead-letters", "list", "--json"),
    ("dead-letters", "export"),
]


@pytest.fixture(params=TIMES, ids=TIMES.values())
def odd_ms(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def odd(tmp_path: Path, odd_ms: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with an odd time in the midst of each table; the odd reading was refused."""
    data = fill(tmp_path / "data", 3, event(1, "started", "logger 0.1.0 started"))
    with JournalWriter.create(data / "journal.db") as journal:
        for each in (replace(reading(4), time_ms=odd_ms), reading(5), replace(event(2, "odd", "x"), time_ms=odd_ms)):
            journal.append(each)
        journal.append(Day(time_ms=odd_ms, date="2026-01-01", began_ms=odd_ms, ended_ms=odd_ms, raw=b"\x01"))
        with Progress.open(data / "uploader.db") as progress:
            progress.see(journal)
            progress.mark_done("readings", [(1, 5)])
    monkeypatch.setenv("SOLAR_DATA", str(data))
    return data


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_what_reads_the_journal_is_not_stopped_by_it(solar: Solar, odd: Path, arguments: tuple[str, ...]) -> None:
    ran = solar(*arguments)
    assert ran.code in (0, 1)
    assert "Traceback" not in ran.err
    assert "check itself failed" not in ran.out


@pytest.mark.parametrize("options", [(), ("--until", "9999-12-31"), ("--since", "0001-01-01")], ids=" ".join)
def test_the_row_is_exported_with_its_time(solar: Solar, odd: Path, odd_ms: int, options: tuple[str, ...]) -> None:
    """With an apostrophe in front of a sign, as every text that a spreadsheet would take for a formula."""
    is_asked_for = not options or (odd_ms < 0) == (options[0] == "--until")
    for table, number in (("readings", 4), ("events", 2), ("days", 1)):
        rows = [*csv.DictReader(solar("export", "--table", table, *options).out.splitlines())]
        odd_rows = [row["time"].lstrip("'") for row in rows if row["id"] == str(number)]
        assert odd_rows == ([TIMES[odd_ms]] if is_asked_for else [])
    assert [int(row["id"]) for row in csv.DictReader(solar("export").out.splitlines())] == [1, 2, 3, 4, 5]


def test_it_is_sent_refused_and_listed_and_the_audit_knows_it(
    solar: Solar, odd: Path, odd_ms: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    assert solar("replay", "--since", "0001-01-01", "--until", "2027-01-01").code == 0
    with Progress.open(odd / "uploader.db") as progress:
        progress.requeue("readings", [(1, 5)])
    solar("upload", "--once")
    listed = solar("dead-letters", "list")
    assert f"reading 4 of {TIMES[odd_ms]}, refused once" in listed.out
    (letter, *_) = [each for each in json.loads(solar("dead-letters", "list", "--json").out) if each["id"] == 4]
    assert letter["time"] == TIMES[odd_ms]
    audited = solar("audit", "--table", "readings")
    assert (audited.code, audited.err) == (1, "")
    assert "4 of 5 readings" in audited.out
    assert "1 refused by the server" in audited.out


def test_an_audit_in_flux_asks_for_no_time_that_flux_cannot_name(
    solar: Solar, odd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FluxDouble(Stored([])) as double:
        point_to(double.target, monkeypatch)
        for form in ((), ("--json",)):
            ran = solar("audit", *form)
            assert (ran.code, ran.err) == (1, "")


def test_every_number_that_a_journal_can_hold_has_a_moment() -> None:
    assert {each: iso(each) for each in TIMES} == TIMES
    assert iso(0) == "1970-01-01T00:00:00.000Z"
