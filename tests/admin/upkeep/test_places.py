"""A second place: a directory, and another computer by rsync (here without ssh: the same program at both ends)."""

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from admin.upkeep import places
from journal.errors import BadSetting, SolarError
from tests.admin.conftest import Solar, fill, stand_ins
from tests.servers import program


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """A directory that holds eight backups of earlier months and years, and something else."""
    directory = tmp_path / "second"
    directory.mkdir()
    for name in (*(f"solar-2024-{month:02}-01.db" for month in range(1, 13)), "solar-2023-05-06.db", "holiday.jpg"):
        (directory / name).write_text("before")
    return directory


def left_in(second: Path) -> list[str]:
    return sorted(path.name for path in second.iterdir())


EXPECTED = ["holiday.jpg", *(f"solar-2024-{month:02}-01.db" for month in range(2, 13)), "solar-2026-01-01.db"]


def test_a_backup_goes_into_the_directory_and_old_ones_go(solar: Solar, data: Path, second: Path) -> None:
    ran = solar("backup", "--to", second)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{second}: solar-2026-01-01.db: 3 readings, ")
    assert ran.out.endswith("checked; it is on the same disk as the journal\n")
    assert left_in(second) == EXPECTED
    connection = sqlite3.connect(second / "solar-2026-01-01.db")
    assert connection.execute("SELECT count(*) FROM readings").fetchone() == (3,)
    connection.close()


def test_status_says_how_old_the_newest_is_and_why_the_last_try_failed(
    solar: Solar, data: Path, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert "Backup" not in solar("status").out
    solar("backup", "--to", second)
    assert re.search(rf"^Backup +(just now|\d seconds? ago), to {second}$", solar("status").out, re.MULTILINE)
    second.rename(tmp_path / "unplugged")
    ran = solar("backup", "--to", second)
    said = f"cannot write a backup to {second}: there is no such directory; plug the disk in, or create the directory"
    assert (ran.code, ran.err) == (1, said + "\n")
    assert "the last try failed" in solar("status").out


def test_a_backup_that_lost_records_on_its_way_is_not_published(
    solar: Solar, data: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes a copy and gives back another."""
    shorter = fill(second.parent / "other", 2)
    monkeypatch.setattr(
        places.Directory, "draft", lambda self, name: (shorter / "journal.db") if self.path == second else None
    )
    monkeypatch.setattr("journal.journal.Journal.backup", lambda self, target: None)
    monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: None)
    ran = solar("backup", "--to", second)
    assert ran.code == 1
    assert "its newest of the readings is number 2, the journal's 3; check the disk that it is on" in ran.err
    assert "solar-2026-01-01.db" not in left_in(second)


def test_by_rsync_the_same(
    solar: Solar, data: Path, second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("rsync", "rsync")
    ssh = '#!/bin/sh\nwhile [ "$1" != host ]; do shift; done\nshift\nexec sh -c "$*"\n'
    stand_ins(tmp_path, monkeypatch, ssh=ssh)
    ran = solar("backup", "--to", f"host:{second}")
    assert (ran.code, ran.err) == (0, "")
    assert left_in(second) == EXPECTED


@pytest.mark.parametrize("place", ["somewhere", "./here"])
def test_a_place_of_no_kind_is_refused_with_what_would_be_right(place: str) -> None:
    with pytest.raises(BadSetting, match="give a directory such as"), places.opened(place):
        pass


def test_a_stick_that_is_not_there_names_those_that_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LABELS", tmp_path)
    (tmp_path / "HOLIDAY").touch()
    with pytest.raises(SolarError, match=r"no such stick; plug it in \(labels found: HOLIDAY\)"):
        places.opened("usb:BACKUPS").__enter__()


def test_a_stick_that_is_mounted_already_is_used_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device of some file system that is mounted here, under a label of ours."""
    shown = subprocess.run(
        ["findmnt", "--noheadings", "--output", "SOURCE,TARGET"], capture_output=True, text=True, check=True
    )
    mounted = [line.strip("│├└─ ").split() for line in shown.stdout.splitlines()]
    devices = [(words[0], words[1]) for words in mounted if len(words) == 2 and words[0].startswith("/dev/")]
    devices = [(source, target) for source, target in devices if "[" not in source]
    if not devices:
        pytest.skip("no device is mounted here")
    source, _ = devices[0]
    monkeypatch.setattr(places, "LABELS", tmp_path)
    (tmp_path / "BACKUPS").symlink_to(source)
    with places.mounted("BACKUPS") as directory:
        assert directory.is_dir() or directory.is_file()
