import sqlite3
from pathlib import Path

import pytest

from journal.errors import JournalFull, JournalUnusable, our_errors


def open_missing(path: Path) -> None:
    """SQLite says CANTOPEN, as it does for a rollback journal that it cannot make on a read-only file system."""
    sqlite3.connect(f"file:{path}?mode=rw", uri=True)


def test_a_write_that_cannot_make_its_rollback_journal_is_worth_trying_again(tmp_path: Path) -> None:
    words = r"cannot write to .*: its directory cannot be written; is its owner the right one\?"
    with pytest.raises(JournalFull, match=words), our_errors("write to", tmp_path):
        open_missing(tmp_path / "missing")


def test_a_file_that_cannot_be_opened_is_unusable(tmp_path: Path) -> None:
    words = r"cannot open .*: unable to open database file"
    with pytest.raises(JournalUnusable, match=words), our_errors("open", tmp_path):
        open_missing(tmp_path / "missing")
