"""Restoring: what it says, what it leaves, and a kill at every step."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.writer import JournalWriter
from tests.admin.conftest import Solar, fill, reading, stand_ins
from tests.deploy.files import UNITS

KILLED = """
import os, signal, sys
from admin.upkeep.restoring import draft_beside, put_in_place
from pathlib import Path

backup, journal, fatal = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
steps = 0

def count(event, arguments):
    global steps
    if event in {"os.rename", "os.remove", "os.link", "os.chmod", "os.chown", "sqlite3.connect"}:
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
put_in_place(draft_beside(backup, journal), journal)
"""


@pytest.fixture
def backup(solar: Solar, data: Path) -> Path:
    """A backup of three readings; the journal has gone on to five."""
    solar("backup", "backup.db")
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append_all([reading(4), reading(5)])
    return Path("backup.db")


def ids(path: Path) -> list[int]:
    with Journal.open(path) as journal:
        return [record.uptime_ms // 10_000 for record in journal.records("readings", 1, 99)]  # type: ignore[union-attr]


def test_it_says_what_follows_and_asks_first(solar: Solar, data: Path, backup: Path) -> None:
    ran = solar("restore", backup)
    assert ran.code == 1
    assert "3 readings, the newest from 2026-01-01T00:00:20.000Z" in ran.out
    assert "all its readings are sent again (overwrites, no duplicates)" in ran.out
    assert ids(data / "journal.db") == [1, 2, 3, 4, 5]


def test_the_backup_is_the_journal_and_the_old_one_is_kept(solar: Solar, data: Path, backup: Path) -> None:
    ran = solar("restore", backup, "--yes")
    assert (ran.code, ids(data / "journal.db")) == (0, [1, 2, 3])
    (aside,) = data.glob("journal-replaced-*.db")
    assert ids(aside) == [1, 2, 3, 4, 5]
    assert f"the old journal is {aside.resolve()}" in ran.out.replace("data/", f"{data}/")
    assert (data / "journal.db").stat().st_mode & 0o777 == 0o660


def test_what_was_newer_comes_back_with_recover(solar: Solar, data: Path, backup: Path) -> None:
    solar("restore", backup, "--yes")
    (aside,) = data.glob("journal-replaced-*.db")
    assert solar("recover", aside).out.startswith("2 records recovered")
    assert ids(data / "journal.db") == [1, 2, 3, 4, 5]


def test_restored_twice_it_is_another_journal_each_time(solar: Solar, data: Path, backup: Path) -> None:
    """Its ids go to other readings each time."""
    seen = set()
    for _ in range(2):
        solar("restore", backup, "--yes")
        with Journal.open(data / "journal.db") as journal:
            seen.add(journal.identity())
    with Journal.open(backup) as journal:
        seen.add(journal.identity())
    assert len(seen) == 3


def test_into_a_data_directory_that_is_not_there_yet(solar: Solar, backup: Path) -> None:
    """As on a new computer."""
    ran = solar("restore", backup, "--yes", "--data", "new/site")
    assert (ran.code, ids(Path("new/site/journal.db"))) == (0, [1, 2, 3])
    assert "The journal has" not in ran.out


def test_a_damaged_backup_changes_nothing(solar: Solar, data: Path, tmp_path: Path) -> None:
    fill(tmp_path / "long", 2000)
    solar("backup", "backup.db", "--data", "long")
    with Path("backup.db").open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xa5" * 10 * 4096)
    ran = solar("restore", "backup.db", "--yes")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ids(data / "journal.db") == [1, 2, 3]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("gone.db", "cannot open gone.db: there is no such file; name a backup, such as solar-2026-01-05.db\n"),
        ("data", "cannot open data: it is a directory; name another file\n"),
        ("text.db", "cannot open text.db: it is not an SQLite database; name another file\n"),
    ],
)
@pytest.mark.parametrize("command", ["restore", "recover"])
def test_what_is_no_backup_is_named_with_what_would_be_right(
    command: str, file: str, words: str, solar: Solar, tmp_path: Path
) -> None:
    fill(tmp_path / "data", 1)
    (tmp_path / "text.db").write_text("no database " * 100)
    ran = solar(command, file)
    if command == "recover" and file != "data":
        words = words.replace("open", "recover").replace("a backup, such as solar-2026-01-05.db", "another one")
    assert (ran.code, ran.out, ran.err) == (1, "", words)


def test_while_a_logger_writes_that_is_no_service_nothing_changes(solar: Solar, data: Path, backup: Path) -> None:
    with closing(JournalWriter.create(data / "journal.db")):
        ran = solar("restore", backup, "--yes")
    assert (ran.code, ran.out.count("Restored")) == (1, 0)
    assert ran.err.startswith(
        f"cannot write to {Path('data/journal.db')}: another logger is writing to it; stop it first"
    )
    assert ids(data / "journal.db") == [1, 2, 3, 4, 5]
    assert not list(data.glob("*.restored*"))


def test_all_services_that_have_the_journal_open_are_stopped_and_started(
    solar: Solar, data: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_ins(tmp_path, monkeypatch, systemctl=f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\necho active\n')
    assert solar("restore", backup, "--now").code == 0
    calls = [call.split(" solar-") for call in (tmp_path / "calls").read_text().splitlines() if "is-active" not in call]
    assert [verb for verb, *_ in calls] == ["stop", "--no-block start"]
    assert all({f"solar-{name}" for name in names} == {unit.stem for unit in UNITS} for _, *names in calls)
    assert ids(data / "journal.db") == [1, 2, 3]


def test_a_kill_at_any_step_leaves_a_site_that_logs_and_loses_nothing(
    solar: Solar, data: Path, backup: Path, tmp_path: Path
) -> None:
    with JournalWriter.create(data / "journal.db"):  # leaves its log, as a killed logger does
        before = {path.name: path.read_bytes() for path in data.iterdir() if path.suffix != ".lock"}
    outcomes = set()
    for fatal in range(1, 60):
        for path in data.iterdir():
            path.unlink()
        for name, content in before.items():
            (data / name).write_bytes(content)
        arguments = [sys.executable, "-c", KILLED, backup.resolve(), data / "journal.db", str(fatal)]
        code = subprocess.run(arguments, check=False, cwd=Path(__file__).parents[3], env={"PATH": ""}).returncode
        with JournalWriter.create(data / "journal.db") as journal:
            journal.append(reading(6))
        found = ids(data / "journal.db")
        assert found in ([1, 2, 3, 4, 5, 6], [1, 2, 3, 6]), fatal
        everything = {each for path in data.glob("journal*.db") for each in ids(path)}
        assert everything == {1, 2, 3, 4, 5, 6}, fatal
        outcomes.add(len(found))
        if code == 0:
            break
    assert code == 0
    assert outcomes == {6, 4}
