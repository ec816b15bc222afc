"""The kept sums are those of the journal, whatever happened in between."""

import random
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from admin.energy import sums as sums_module
from admin.energy.sums import Sums
from journal.boots import Anchor
from journal.journal import Journal
from journal.reading import Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from logger.energy.quarters import QUARTER_MS, Stretch
from tests.admin.energy.conftest import BEGAN_MS, DAY_MS, HOUR_MS, in_zone, sunny, write

ALWAYS = (0, 2**60)


def all_of(sums: Sums) -> list[Stretch]:
    return [rounded(each) for each in sums.quarters(*ALWAYS)]


def rounded(stretch: Stretch) -> Stretch:
    for extent in stretch.extents:
        extent.total = round(extent.total, 6)
    for flow in stretch.flows:
        flow.amount = round(flow.amount, 6)
    return stretch


def afresh(data: Path) -> list[Stretch]:
    with Journal.open(data / "journal.db") as journal, Sums.in_memory() as sums:
        sums.update(journal)
        return all_of(sums)


def kept(data: Path, *, stop_after: int | None = None, since_ms: int | None = None) -> list[Stretch]:
    chunks = iter(range(stop_after if stop_after is not None else 10**9))
    with Journal.open(data / "journal.db") as journal, Sums.open(data / "page.db") as sums:
        sums.update(journal, since_ms, is_stopped=lambda: next(chunks, None) is None)
        return all_of(sums)


def test_sums_that_are_continued_are_those_made_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In odd pieces, interrupted, with a part from the middle first."""
    monkeypatch.setattr(sums_module, "CHUNK_READINGS", 70)
    write(tmp_path, 7)
    kept(tmp_path, stop_after=2)
    kept(tmp_path, since_ms=BEGAN_MS + 5 * HOUR_MS)
    write(tmp_path, 0.3, since_hours=7)
    kept(tmp_path, stop_after=1)
    write(tmp_path, 2.1, since_hours=8)
    assert kept(tmp_path) == afresh(tmp_path)
    assert len(afresh(tmp_path)) == 28 + 2 + 9


def test_no_reading_is_counted_twice_or_left_out(tmp_path: Path) -> None:
    write(tmp_path, 26, every_seconds=120)
    for _ in range(3):
        found = kept(tmp_path)
        assert sum(each.extent("battery_volts").number for each in found) == 26 * 30
        assert {each.began_ms % QUARTER_MS for each in found} == {0}


def replaced(data: Path) -> None:
    for file in data.glob("journal.*"):
        file.unlink()
    write(
        data,
        20,
        every_seconds=120,
        since_hours=random.choice([0, 5]),
        make=lambda ms: replace(sunny(ms), load_amps=3.0),
    )


def recalculated(data: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        records = [each for each in journal.records("readings", 1, 59) if isinstance(each, Reading)]
        journal.revise([replace(each, charge_amps=1.5) for each in records], Decoding("new"))


def lost(data: Path) -> None:
    (data / "page.db").unlink()


def damaged(data: Path) -> None:
    (data / "page.db").write_bytes(b"SQLite format 3\0" + b"no such thing" * 1000)


def garbled(data: Path) -> None:
    (data / "page.db").write_text("not a database")


@pytest.mark.parametrize("happens", [replaced, recalculated, lost, damaged, garbled], ids=lambda f: f.__name__)
def test_whatever_happens_to_the_files_the_sums_are_made_again(tmp_path: Path, happens: Callable[[Path], None]) -> None:
    write(tmp_path, 26, every_seconds=120)
    assert kept(tmp_path)
    happens(tmp_path)
    assert kept(tmp_path) == afresh(tmp_path)


def test_sums_that_cannot_be_used_now_are_left_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, 1)
    assert kept(tmp_path)
    other = sqlite3.connect(tmp_path / "page.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE kept SET journal = journal")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        Sums.open(tmp_path / "page.db")
    other.execute("ROLLBACK")
    other.close()
    assert (tmp_path / "page.db").exists()


def test_held_readings_wait_until_they_are_dated(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        boot = journal.boot_number("held")
        for n in range(90):
            journal.append(replace(sunny(1_000_000 + n * 60_000), boot=boot, uptime_ms=n * 60_000), is_held=True)
    assert kept(tmp_path) == []
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.write_anchor(boot, Anchor(0, BEGAN_MS, "a person"))
        while journal.date(boot):
            pass
    assert [each.began_ms - BEGAN_MS for each in kept(tmp_path)] == [n * QUARTER_MS for n in range(6)]


def test_days_are_those_of_the_local_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 48, every_seconds=120)
    zone = in_zone("Australia/Adelaide", monkeypatch)  # half an hour off
    next(zone)
    with Journal.open(tmp_path / "journal.db") as journal, Sums.in_memory() as sums:
        sums.update(journal)
        days = sums.days(*ALWAYS)
    next(zone, None)
    assert {day: each.extent("load_amps").number for day, each in days.items()} == {
        "2026-06-01": 435,
        "2026-06-02": 720,
        "2026-06-03": 285,
    }
    assert days["2026-06-02"].began_ms == BEGAN_MS + DAY_MS - 34_200_000


def test_two_programs_that_add_to_one_file_count_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums_module, "CHUNK_READINGS", 50)
    write(tmp_path, 5)
    with Journal.open(tmp_path / "journal.db") as journal, Sums.open(tmp_path / "page.db") as first:

        def meanwhile() -> bool:
            with Sums.open(tmp_path / "page.db") as second:
                second.update(journal, is_stopped=iter([False, True]).__next__)
            return False

        for _ in range(9):
            first.update(journal, is_stopped=meanwhile)
        assert first.is_complete
        assert all_of(first) == afresh(tmp_path)
