"""One directory, a user for each service, one group (systemd/*.service): the group may write to each file.

SQLite makes a database 0644 at most, whatever the umask, and gives -wal and -shm the mode of the database. systemd
gives the directory and all in it to the user of the service that was started last.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.energy.sums import Sums
from journal.journal import Journal
from journal.reading import Event
from journal.writer import JournalWriter
from tests.ordinary_user import ordinary_user
from uploader.progress.progress import Progress


@pytest.fixture
def services_umask() -> Iterator[None]:
    before = os.umask(0o007)
    yield
    os.umask(before)


def modes(directory: Path) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in directory.iterdir()}


@pytest.mark.usefixtures("services_umask")
def test_whatever_the_logger_makes_can_be_written_by_the_group(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append(Event(time_ms=1, boot=journal.boot_number("b"), uptime_ms=1, kind="started", message="started"))
        assert modes(tmp_path) == dict.fromkeys(
            ("journal.db", "journal.db-shm", "journal.db-wal", "journal.lock"), "0o660"
        )


@pytest.mark.usefixtures("services_umask")
def test_an_index_that_a_reader_makes_can_be_written_by_the_logger(tmp_path: Path) -> None:
    JournalWriter.create(tmp_path / "journal.db").close()
    assert "journal.db-shm" not in modes(tmp_path)
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.last_id("events")
        assert modes(tmp_path)["journal.db-shm"] == "0o660"


@pytest.mark.usefixtures("services_umask")
def test_whatever_the_uploader_makes_can_be_written_by_the_group(tmp_path: Path) -> None:
    """The service of the other user may have been started last, and `solar replay` writes too."""
    with Progress.open(tmp_path / "uploader.db"):
        assert modes(tmp_path) == {"uploader.db": "0o660"}


@pytest.mark.usefixtures("services_umask")
def test_whatever_the_page_makes_can_be_written_by_the_group(tmp_path: Path) -> None:
    """Otherwise the page, started before another service, would have to add up a year again."""
    with Sums.open(tmp_path / "page.db"):
        assert modes(tmp_path) == dict.fromkeys(("page.db", "page.db-shm", "page.db-wal"), "0o660")


def test_a_lock_that_root_has_made_does_not_hold_up_the_logger() -> None:
    """As `sudo solar restore` makes one, before the logger runs for the first time."""
    with tempfile.TemporaryDirectory() as directory:  # pytest's own is shut for others
        data = Path(directory)
        data.chmod(0o777)
        (data / "journal.lock").touch(0o644)
        with ordinary_user(), JournalWriter.create(data / "journal.db") as journal:
            assert journal.path.exists()
