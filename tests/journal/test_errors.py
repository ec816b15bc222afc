import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from journal.errors import JournalFull, JournalUnusable, extra_missing, our_errors
from journal.journal import Journal
from journal.writer import JournalWriter


def open_missing(path: Path) -> None:
    """SQLite says CANTOPEN, as it does for a rollback journal that it cannot make on a read-only file system."""
    sqlite3.connect(f"file:{path}?mode=rw", uri=True)


def test_a_write_that_cannot_make_its_rollback_journal_is_worth_trying_again(tmp_path: Path) -> None:
    words = r"cannot write to .*: its directory cannot be written to; check who owns it"
    with pytest.raises(JournalFull, match=words), our_errors("write to", tmp_path):
        open_missing(tmp_path / "missing")


def test_a_file_that_cannot_be_opened_is_unusable(tmp_path: Path) -> None:
    words = r"cannot open .*: unable to open database file"
    with pytest.raises(JournalUnusable, match=words), our_errors("open", tmp_path):
        open_missing(tmp_path / "missing")


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    where = tmp_path / "card"
    where.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", where], check=True)
    try:
        yield where
    finally:
        subprocess.run(["umount", where], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_full_disk_is_called_that_even_when_a_journal_is_only_opened(card: Path) -> None:
    """SQLite needs room for the log's index and says "disk I/O error", which sounds like a dying card."""
    path = card / "journal.db"
    JournalWriter.create(path).close()
    with (card / "fill").open("wb", buffering=0) as fill:
        fill.write(bytes(2_000_000))
        os.posix_fallocate(fill.fileno(), 0, fill.tell() + shutil.disk_usage(card).free)
    with pytest.raises(JournalFull) as caught:
        Journal.open(path)
    assert str(caught.value) == f"cannot open {path}: the disk is full; free some space"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("journal.db", "the file is damaged; restart the logger, which sets it aside and begins a new one"),
        ("uploader.db", "the file is damaged; restart the uploader, which sets it aside and begins a new one"),
        ("old-backup.db", "the file is damaged"),
    ],
)
def test_a_damaged_file_is_told_in_our_words_with_what_to_do(tmp_path: Path, name: str, words: str) -> None:
    path = tmp_path / name
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    with path.open("r+b") as file:
        file.seek(100)  # the first page's own head, after that of the file
        file.write(b"\xff" * 60)
    with (
        pytest.raises(JournalUnusable) as caught,
        our_errors("read", path),
        closing(sqlite3.connect(path)) as connection,
    ):
        connection.execute("SELECT * FROM t").fetchall()
    assert str(caught.value) == f"cannot read {path}: {words}"


def test_what_is_not_installed_is_installed_from_where_the_program_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "v1.2.0"))
    begin = "cannot publish: it needs paho-mqtt; install with "
    assert str(extra_missing("publish", "paho-mqtt", "mqtt")) == (
        f"{begin}pip install '.[mqtt]' in the project's directory"
    )
    (tmp_path / "source").mkdir()
    (tmp_path / "source/requirements.lock").touch()
    assert str(extra_missing("publish", "paho-mqtt", "mqtt")) == (
        f"{begin}sudo {tmp_path}/v1.2.0/bin/pip install --constraint {tmp_path}/source/requirements.lock "
        f"'{tmp_path}/source[mqtt]'"
    )
