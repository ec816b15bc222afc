"""Days belong to the site of their time, also when they are read from the regulator anew after a rename."""

from contextlib import closing
from pathlib import Path

import pytest

from admin.upkeep.restoring import put_in_place
from journal import damage
from journal.journal import Journal
from journal.reading import Day, Reading
from journal.writer import JournalWriter
from logger.history.site_of_day import site_of
from tests.logger.history.test_chore import Desk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def live(path: Path, site: str, *times_ms: int, is_held: bool = False) -> None:
    with JournalWriter.create(path, site) as journal:
        boot = journal.boot_number("one")
        journal.append_all((Reading(time_ms=ms, boot=boot, uptime_ms=ms) for ms in times_ms), is_held=is_held)


def sites_of(path: Path, *ends_ms: int) -> list[str | None]:
    with closing(JournalWriter.create(path, "barn")) as journal:
        return [site_of(journal, Day(time_ms=0, date="", ended_ms=ended_ms)) for ended_ms in ends_ms]


def test_a_day_belongs_to_the_site_of_the_newest_reading_before_its_end(path: Path) -> None:
    live(path, "home", 100, 200)
    live(path, "hut", 300, 90_000)
    live(path, "home", 50_000)  # the clock was set back
    assert sites_of(path, 100, 101, 300, 301, 50_001, 99_999) == [None, "home", "home", "hut", "home", "hut"]


def test_a_reading_without_a_trusted_time_tells_nothing(path: Path) -> None:
    live(path, "home", 100, is_held=True)
    assert sites_of(path, 200) == [None]


def test_the_damaged_journal_and_the_replaced_one_are_asked_too(path: Path, tmp_path: Path) -> None:
    live(path, "home", 100)
    backup = tmp_path / "backup"
    with Journal.open(path) as journal:
        journal.backup(backup)
    live(path, "hut", 200)
    assert put_in_place(backup, path)
    assert sites_of(path, 150, 250) == ["home", "hut"]
    damage.leave_note(path, "a test says so")
    (path.parent / "journal-damaged-2.db").write_bytes(bytes(4096))  # nothing can be read in this one
    assert sites_of(path, 150, 250) == ["home", "hut"]
    assert len(damage.files_aside(path.parent)) == 2


def test_the_chore_stores_the_days_under_the_site_of_their_time(path: Path) -> None:
    with JournalWriter.create(path, "home") as journal:
        journal.boot_number("one")
        desk = Desk(journal)
        desk.read()
    desk.bench.seconds += 2 * 86_400
    with JournalWriter.create(path, "hut") as journal:
        later = Desk(journal)
        later.bench.seconds = desk.bench.seconds
        later.read()
        later.work(40, has_time=True)
        sites = [
            site for day in later.days() for *ids, site in journal.sites("days") if ids[0] <= (day.id or 0) <= ids[1]
        ]
        assert sites == ["hut"] * 28 + ["home"] * 2
