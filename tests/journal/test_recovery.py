import sqlite3
from pathlib import Path

import pytest

from journal import damage
from journal.boots import Anchor
from journal.errors import JournalUnusable
from journal.reading import Day, Event, Reading
from journal.recovery import Recovered, recover
from journal.sites import OPEN_END
from journal.writer import JournalWriter

READINGS = 2000


def filled(path: Path) -> list[Reading]:
    """A journal of some hundred pages; what it holds."""
    with JournalWriter.create(path) as journal:
        for boot in ("first", "second"):
            number = journal.boot_number(boot)
            journal.append_all(
                Reading(time_ms=(number * READINGS + each) * 10_000, boot=number, uptime_ms=each, raw=bytes(80))
                for each in range(READINGS // 2)
            )
        journal.append(Event(time_ms=1, boot=1, uptime_ms=1, kind="started", message="started"))
        journal.append(Day(time_ms=1, date="2026-11-20"))
        return list(journal.records("readings", 1, READINGS))


def overwrite_page(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        file.seek((number - 1) * 4096)
        file.write(b"\xa5" * 4096)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def test_a_sound_journal_shows_no_damage(path: Path) -> None:
    filled(path)
    assert damage.found_in(path) is None
    with JournalWriter.create(path) as journal:
        assert journal.aside is None
        assert journal.count("readings") == READINGS
    assert damage.files_aside(path.parent) == []


def test_damage_in_a_long_journal_is_found_once_an_append_has_met_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of a long journal is not read at the start; but a logger that fails must not fail for ever."""
    filled(path)
    monkeypatch.setattr(damage, "CHECKED_BYTES", 4096)
    last_page = path.stat().st_size // 4096
    for page in range(last_page - 12, last_page + 1):
        overwrite_page(path, page)
    assert damage.found_in(path) is None
    with JournalWriter.create(path) as journal, pytest.raises(JournalUnusable, match="damaged"):
        journal.append(Reading(time_ms=10**9, boot=3, uptime_ms=1))
    with JournalWriter.create(path) as journal:
        assert journal.aside is not None
        assert journal.append(Reading(time_ms=1, boot=1, uptime_ms=1)) == 1
    with JournalWriter.create(path) as journal:
        assert journal.aside is None


def test_a_damaged_journal_is_set_aside_and_logging_begins_anew(path: Path) -> None:
    filled(path)
    overwrite_page(path, 50)
    damaged = path.read_bytes()
    with JournalWriter.create(path) as journal:
        assert journal.append(Reading(time_ms=1, boot=1, uptime_ms=1)) == 1
        assert damage.files_aside(path.parent) == [journal.aside]
        assert journal.aside is not None
        assert journal.aside.read_bytes() == damaged


def test_a_journal_whose_head_is_zeros_is_damaged_and_not_a_mistake(path: Path) -> None:
    filled(path)
    with path.open("r+b") as file:
        file.write(bytes(4096))
    with JournalWriter.create(path) as journal:
        assert journal.aside is not None


def test_the_log_of_a_damaged_journal_goes_aside_with_it(path: Path, tmp_path: Path) -> None:
    """Left behind, it would be played into the fresh journal."""
    filled(path)
    journal = JournalWriter.create(path)
    journal.append(Reading(time_ms=10**9, boot=2, uptime_ms=1))
    wal = path.with_name("journal.db-wal").read_bytes()
    database = path.read_bytes()
    journal.close()
    path.write_bytes(database)
    path.with_name("journal.db-wal").write_bytes(wal)
    overwrite_page(path, 50)
    with JournalWriter.create(path) as fresh:
        assert fresh.count("readings") == 0
        assert fresh.aside is not None
        assert fresh.aside.with_name(fresh.aside.name + "-wal").read_bytes() == wal
        assert recover(fresh.aside, fresh).brought_back > READINGS - 50
        assert fresh.id_ranges("readings", 10**9, 10**9 + 1)


@pytest.mark.parametrize("page", [20, 50, 51])
def test_all_but_the_rows_on_a_bad_page_are_brought_back_once(path: Path, page: int) -> None:
    before = filled(path)
    overwrite_page(path, page)
    with JournalWriter.create(path) as journal:
        assert journal.aside is not None
        journal.append(Reading(time_ms=10**10, boot=journal.boot_number("third"), uptime_ms=1))
        first = recover(journal.aside, journal)
        lost = READINGS - (first.brought_back - 2)
        assert 0 < lost <= first.unreadable <= 64
        times = [record.time_ms for record in journal.records("readings", 1, 9999)]
        assert len(set(times)) == len(times) == READINGS - lost + 1
        assert set(times) - {10**10} <= {record.time_ms for record in before}
        assert journal.count("events") == journal.count("days") == 1
        again = recover(journal.aside, journal)
        assert again == Recovered(0, first.brought_back, first.unreadable)
        assert {boot.number: boot.name for boot in journal.boots()} == {-1: "first", 0: "second", 1: "third"}


def test_what_was_held_is_held_again(path: Path, tmp_path: Path) -> None:
    with JournalWriter.create(path) as journal:
        journal.append(Reading(time_ms=1, boot=journal.boot_number("a"), uptime_ms=1))
        journal.append(Reading(time_ms=2, boot=journal.boot_number("b"), uptime_ms=1), is_held=True)
        journal.append(Reading(time_ms=3, boot=journal.boot_number("c"), uptime_ms=1))
    with JournalWriter.create(tmp_path / "other" / "journal.db") as fresh:
        assert recover(path, fresh) == Recovered(3, 0, 0)
        assert list(fresh.held("readings")) == [(2, 2)]


@pytest.mark.parametrize("stream", ["readings", "events", "days"])
def test_a_table_whose_first_page_is_gone_costs_no_more_than_the_file_has_room_for(path: Path, stream: str) -> None:
    """It used to be searched for ids up to 2^26, which took minutes and was told as so many lost."""
    filled(path)
    with sqlite3.connect(path) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (stream,)).fetchone()
    connection.close()
    overwrite_page(path, root)
    with JournalWriter.create(path) as journal:
        assert journal.aside is not None
        recovered = recover(journal.aside, journal)
        assert journal.count(stream) == 0
        assert 0 < recovered.unreadable <= journal.aside.stat().st_size
        assert recovered.brought_back == READINGS + 2 - (READINGS if stream == "readings" else 1)


def test_recovering_twice_doubles_nothing_though_what_was_held_has_been_dated_between(
    path: Path, tmp_path: Path
) -> None:
    with JournalWriter.create(path) as journal:
        boot = journal.boot_number("a")
        journal.append_all((Reading(time_ms=n, boot=boot, uptime_ms=n, raw=bytes([n])) for n in range(9)), is_held=True)
        journal.append(Event(time_ms=5, boot=boot, uptime_ms=5, kind="started", message="a"), is_held=True)
    with JournalWriter.create(tmp_path / "other" / "journal.db") as fresh:
        assert recover(path, fresh) == Recovered(10, 0, 0)
        (number,) = [boot.number for boot in fresh.boots()]
        fresh.write_anchor(number, Anchor(0, 1_000_000, "a test"))
        while fresh.date(number, limit=4):
            pass
        assert recover(path, fresh) == Recovered(0, 10, 0)
        assert (fresh.count("readings"), fresh.held("readings").count) == (9, 0)


def test_three_readings_of_the_same_millisecond_in_other_boots_are_three(path: Path, tmp_path: Path) -> None:
    with JournalWriter.create(path) as journal:
        for name in ("a", "b"):
            journal.append(Reading(time_ms=5000, boot=journal.boot_number(name), uptime_ms=10), is_held=True)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE readings SET time_ms = 5000")
    connection.commit()
    connection.close()
    with JournalWriter.create(tmp_path / "other" / "journal.db") as fresh:
        fresh.append(Reading(time_ms=5000, boot=fresh.boot_number("c"), uptime_ms=10))
        assert recover(path, fresh) == Recovered(2, 0, 0)
        assert [record.time_ms for record in fresh.records("readings", 1, 9)] == [5000, 5001, 5002]


def test_what_is_brought_back_keeps_its_site(path: Path, tmp_path: Path) -> None:
    """Under the present one it would be another point at the server."""
    for site in ("hut", "cabin"):
        with JournalWriter.create(path, site) as journal:
            boot = journal.boot_number(site)
            journal.append_all(Reading(time_ms=boot * 1000 + n, boot=boot, uptime_ms=n) for n in range(3))
            journal.append(Day(time_ms=1, date="2026-11-20"))
    with JournalWriter.create(tmp_path / "other" / "journal.db", "barn") as fresh:
        fresh.append(Reading(time_ms=10**6, boot=fresh.boot_number("now"), uptime_ms=1))
        recover(path, fresh)
        fresh.append(Reading(time_ms=10**7, boot=fresh.boot_number("now"), uptime_ms=2))
        expected = [(1, 1, "barn"), (2, 4, "hut"), (5, 7, "cabin"), (8, OPEN_END, "barn")]
        assert [tuple(each) for each in fresh.sites("readings")] == expected
        assert [each.site for each in fresh.sites("days")] == ["hut"]
