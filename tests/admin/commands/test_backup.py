import os
import sqlite3
from pathlib import Path

import pytest

from journal.writer import JournalWriter
from tests.admin.conftest import Solar, reading


def test_a_backup_is_whole_while_the_logger_appends_and_opens_anywhere(
    solar: Solar, data: Path, tmp_path: Path
) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(reading(4))
        ran = solar("backup", "copy.db")
        journal.append(reading(5))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("copy.db: 4 readings, ")
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.db"]
    connection = sqlite3.connect(f"file:{tmp_path}/copy.db?mode=ro&immutable=1", uri=True)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT max(id) FROM readings").fetchone() == (4,)
    connection.close()


def test_a_backup_is_a_journal_again(solar: Solar, data: Path, tmp_path: Path) -> None:
    solar("backup", "copy.db")
    (tmp_path / "restored").mkdir()
    (tmp_path / "copy.db").rename(tmp_path / "restored" / "journal.db")
    assert solar("export", "--data", "restored").out == solar("export").out


def test_a_backup_replaces_the_one_before(solar: Solar, data: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("yesterday's")
    assert solar("backup", "copy.db").code == 0
    assert (tmp_path / "copy.db").read_bytes().startswith(b"SQLite format 3\0")


def test_a_backup_of_nothing_makes_no_file(solar: Solar, tmp_path: Path) -> None:
    ran = solar("backup", "copy.db")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_journal_does_not_take_the_place_of_the_backup_before(
    solar: Solar, data: Path, tmp_path: Path
) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append_all(reading(number) for number in range(4, 2000))
    (tmp_path / "copy.db").write_text("yesterday's")
    with (data / "journal.db").open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xa5" * 10 * 4096)
    ran = solar("backup", "copy.db")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"cannot write a backup to {tmp_path}/copy.db: the journal is damaged; "
        "no backup was replaced; `solar doctor` says what to do\n"
    )
    assert [path.name for path in tmp_path.glob("*copy*")] == ["copy.db"]
    assert (tmp_path / "copy.db").read_text() == "yesterday's"


def test_a_place_that_is_read_only_is_named_with_a_remedy_that_helps(
    solar: Solar, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs(tmp_path)
    read_only = os.statvfs_result((*real[:8], real.f_flag | os.ST_RDONLY, *real[9:]))
    monkeypatch.setattr(os, "statvfs", lambda path: read_only)
    ran = solar("backup", tmp_path / "b.db")
    words = f"cannot write {tmp_path}/b.db: the file system is read-only; choose another file\n"
    assert (ran.code, ran.out, ran.err) == (2, "", words)
