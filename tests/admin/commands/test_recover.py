from pathlib import Path

import pytest

from admin.cli import run
from journal.journal import Journal
from journal.reading import Reading
from journal.writer import JournalWriter


def test_a_damaged_journal_is_brought_back_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "journal-damaged-1.db"
    with JournalWriter.create(damaged) as journal:
        journal.append_all(Reading(time_ms=number, boot=1, uptime_ms=number, raw=bytes(80)) for number in range(1000))
    with damaged.open("r+b") as file:
        file.seek(19 * 4096)
        file.write(b"\xa5" * 4096)
    assert run(["recover", str(damaged), "--data", str(tmp_path)]) == 0
    first = capsys.readouterr().out
    assert "records recovered into" in first
    assert "0 were already there" in first
    assert run(["recover", str(damaged), "--data", str(tmp_path)]) == 0
    assert "0 records recovered" in capsys.readouterr().out
    with Journal.open(tmp_path / "journal.db") as journal:
        assert 930 < journal.count("readings") < 1000


def test_it_is_refused_while_the_logger_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with JournalWriter.create(tmp_path / "journal.db"):
        assert run(["recover", "any.db", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recover", "gone.db", "--data", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "cannot recover gone.db: there is no such file; name another one\n"
    assert list(tmp_path.iterdir()) == []
