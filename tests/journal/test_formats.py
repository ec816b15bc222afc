"""Files of every format that was ever released are opened, migrated and never harmed (tests/journals/write.py)."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from journal import schema
from journal.errors import JournalError, JournalTooNew, JournalUnusable
from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import Reading
from journal.recovery import recover
from journal.writer import JournalWriter
from tests.journals.known import KnownJournal
from tests.journals.write import FIRST_MS, reading
from uploader.progress import progress_file
from uploader.progress.batch_size import BatchSize
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State

WRITTEN = Path(__file__).parent.parent / "journals"


@dataclass(frozen=True)
class Kind:
    """One of our two files: its scripts, and how the program opens it."""

    name: str
    scripts: tuple[str, ...]
    home: object
    constant: str
    opened: Callable[[Path], JournalWriter | Progress]
    looked_at: Callable[[Path], JournalWriter | Progress]
    table: str


JOURNAL = Kind("journal.db", schema.JOURNAL, schema, "JOURNAL", JournalWriter.create, Journal.open, "events")
PROGRESS = Kind(
    "uploader.db", progress_file.SCHEMA, progress_file, "SCHEMA", Progress.open, Progress.read_only, "dead_letters"
)
KINDS = pytest.mark.parametrize("kind", [JOURNAL, PROGRESS], ids=lambda kind: kind.name)


def formats(kind: Kind) -> list[Path]:
    return sorted(WRITTEN.glob(f"{kind.name.removesuffix('.db')}-v*.sql"))


def written(kind: Kind, directory: Path, version: int | None = None) -> Path:
    path, version = directory / kind.name, version or len(kind.scripts)
    if kind is JOURNAL:
        path.touch()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if kind is JOURNAL:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((WRITTEN / f"{path.stem}-v{version}.sql").read_text())
    return path


def tables(path: Path) -> list[str]:
    """All that is in the file, and its format; not the identity, which is another in each copy."""
    with closing(sqlite3.connect(path)) as connection:
        lines = [line for line in connection.iterdump() if not line.startswith('INSERT INTO "identity"')]
        return [*lines, str(connection.execute("PRAGMA user_version").fetchone()[0])]


def upgrade(kind: Kind, monkeypatch: pytest.MonkeyPatch, *scripts: str) -> None:
    """The program becomes one that knows these formats too."""
    monkeypatch.setattr(kind.home, kind.constant, (*kind.scripts, *scripts))


def names(directory: Path) -> set[str]:
    """What is there, without what SQLite and the lock keep beside a file."""
    return {file.name for file in directory.iterdir() if file.suffix in {".db", ".draft"}}


@KINDS
def test_a_file_of_every_format_is_kept(kind: Kind) -> None:
    expected = [f"{kind.name.removesuffix('.db')}-v{number}.sql" for number in range(1, len(kind.scripts) + 1)]
    assert [file.name for file in formats(kind)] == expected


@KINDS
def test_no_script_of_a_format_was_changed_afterwards(kind: Kind, tmp_path: Path) -> None:
    """When this fails before the first release: python -m tests.journals.write. After it: undo, and append a script."""
    for version in range(1, len(kind.scripts) + 1):
        with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(":memory:")) as old:
            new.executescript("".join(kind.scripts[:version]))
            old.executescript((WRITTEN / f"{kind.name.removesuffix('.db')}-v{version}.sql").read_text())
            query = "SELECT name, sql FROM sqlite_schema ORDER BY name"
            assert new.execute(query).fetchall() == old.execute(query).fetchall()


@pytest.mark.parametrize("version", range(1, len(schema.JOURNAL) + 1))
def test_a_journal_of_an_earlier_version_is_whole_and_goes_on(version: int, tmp_path: Path) -> None:
    path = written(JOURNAL, tmp_path, version)
    with JournalWriter.create(path) as journal:
        assert [record.time_ms - FIRST_MS for record in journal.records("readings", 1, 99)] == [
            *range(10_000, 60_000, 10_000),
            60_000,
            200_000,
        ]
        first = journal.get("readings", 1)
        assert isinstance(first, Reading)
        assert (first.battery_volts, first.regulator_state, first.raw) == (25.4, "boost", bytes((50, 127, 101, 4)))
        assert (list(journal.released("readings")), list(journal.held("readings"))) == ([(1, 6)], [(7, 7)])
        assert (journal.count("days"), journal.count("events"), len(journal.boots())) == (1, 1, 2)
        assert journal.append(reading(21, 2)) == 8


@pytest.mark.parametrize("version", range(1, len(schema.JOURNAL) + 1))
def test_a_journal_of_an_earlier_version_can_be_read_before_the_logger_has_migrated_it(
    version: int, tmp_path: Path
) -> None:
    with Journal.open(written(JOURNAL, tmp_path, version)) as journal:
        assert [reading.battery_volts for reading in journal.records("readings", 1, 5) if isinstance(reading, Reading)]
        assert list(journal.values("readings", ["reading_seconds"], 1, 2)) == [(None,), (None,)]


@pytest.mark.parametrize("version", range(1, len(schema.JOURNAL) + 1))
def test_a_journal_of_an_earlier_version_is_recovered_whole(version: int, tmp_path: Path) -> None:
    old = written(JOURNAL, tmp_path, version).rename(tmp_path / "old.db")
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        recover(old, journal)
        assert (journal.last_id("readings"), journal.count("days"), journal.count("events")) == (7, 1, 1)


@pytest.mark.parametrize("version", range(1, len(progress_file.SCHEMA) + 1))
def test_an_uploader_of_an_earlier_version_goes_on_where_it_was(version: int, tmp_path: Path) -> None:
    with JournalWriter.create(written(JOURNAL, tmp_path, version)) as journal:
        identity = journal.identity()
    with Progress.open(written(PROGRESS, tmp_path, version)) as progress:
        progress.see(KnownJournal(identity, {"readings": 7, "days": 1, "events": 1}))
        assert (IdRanges.of([(1, 6)]) - progress.done.of("readings")).ranges == ((5, 6),)
        with closing(sqlite3.connect(progress.path)) as connection:
            assert connection.execute("SELECT id, words FROM dead_letters").fetchall() == [(4, "field type conflict")]
        progress.settle(Settled("readings", IdRanges.of([(5, 6)]), IdRanges()), State(), BatchSize(200))
        assert not (IdRanges.of([(1, 6)]) - progress.done.of("readings")).ranges


@pytest.mark.parametrize(
    ("state", "site"),
    [
        ("has_attempted = 1", "hut"),
        ("has_attempted = 0", "new"),
        ("has_attempted = 1, journal = 'x'", "new"),
        ("", "new"),
    ],
    ids=["sent", "never sent", "another journal", "no uploader.db"],
)
def test_an_old_journal_gets_the_sites_that_its_uploader_remembers(tmp_path: Path, state: str, site: str) -> None:
    path = written(JOURNAL, tmp_path, 1)
    if state:
        uploader = written(PROGRESS, tmp_path, 1)
        with closing(sqlite3.connect(uploader)) as connection, connection:
            connection.execute("UPDATE sites SET site = 'hut'")
            connection.execute(f"UPDATE state SET {state}")
        Progress.open(uploader).close()  # whoever of the two is started first
    with JournalWriter.create(path, "new") as journal:
        journal.append(reading(21, 2))
        assert [each.site for each in journal.sites("readings")] == ["hut", "new"] if site == "hut" else ["new"]
        assert [each.site for each in journal.sites("events")] == [site]


def test_a_journal_that_was_not_brought_up_to_date_yet_has_no_sites_to_read(tmp_path: Path) -> None:
    with Journal.open(written(JOURNAL, tmp_path, 1)) as journal:
        assert journal.count("readings") == 7
        with pytest.raises(JournalUnusable, match="start the logger"):
            journal.sites("readings")


@pytest.mark.parametrize("version", range(1, len(schema.JOURNAL) + 1))
def test_a_new_format_changes_no_mark(version: int, tmp_path: Path) -> None:
    """Those of format 4. With others the uploader would take the newest records for lost, and send all again."""
    path = written(JOURNAL, tmp_path, version)
    before = Journal.open(path), JournalWriter.create(path)
    for journal in before:
        assert (journal.mark("days", 1), journal.mark("readings", 6)) == ("16d488b818b31e12", "51b450c67de45c9b")
        journal.close()


@KINDS
def test_what_need_not_be_migrated_is_not_copied(kind: Kind, tmp_path: Path) -> None:
    path = written(kind, tmp_path)
    kind.opened(path).close()
    assert names(tmp_path) == {kind.name}


@KINDS
def test_a_copy_is_kept_before_a_migration(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(kind, tmp_path)
    before = tables(path)
    upgrade(
        kind,
        monkeypatch,
        f"ALTER TABLE {kind.table} ADD COLUMN mood TEXT",
        f"UPDATE {kind.table} SET mood = 'a;b'; -- the last word; has no semicolon",
    )
    kind.opened(path).close()
    copy = tmp_path / f"{path.stem}-before-v{len(kind.scripts) + 2}.db"
    assert tables(copy) == before
    assert copy.stat().st_mode == path.stat().st_mode
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(f"SELECT mood FROM {kind.table}").fetchall() == [("a;b",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (len(kind.scripts) + 2,)
    assert names(tmp_path) == {path.name, copy.name}


def test_the_copy_of_a_journal_gives_its_ids_under_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put back, it gives ids anew to readings that the uploader would otherwise take for those it has sent."""
    path = written(JOURNAL, tmp_path)
    upgrade(JOURNAL, monkeypatch, "ALTER TABLE events ADD COLUMN mood TEXT")
    with JournalWriter.create(path) as journal:
        identity = journal.identity()
    monkeypatch.undo()
    with Journal.open(tmp_path / f"journal-before-v{len(JOURNAL.scripts) + 1}.db") as copy:
        assert copy.count("readings") == 7
        assert copy.identity() != identity


@KINDS
def test_a_migration_that_fails_half_way_changes_nothing(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(kind, tmp_path)
    before = tables(path)
    upgrade(
        kind,
        monkeypatch,
        f"DELETE FROM {kind.table};",
        "CREATE TABLE mood (x TEXT) STRICT; INSERT INTO nowhere VALUES (1);",
    )
    with pytest.raises(JournalUnusable) as raised:
        kind.opened(path)
    assert str(raised.value) == (
        f"cannot migrate {path}: no such table: nowhere; it is unchanged, the version before this one can use it, "
        f"and {path.stem}-before-v{len(kind.scripts) + 2}.db is a copy"
    )
    assert tables(path) == before
    assert tables(tmp_path / f"{path.stem}-before-v{len(kind.scripts) + 2}.db") == before
    monkeypatch.undo()
    kind.opened(path).close()
    assert tables(path) == before


@KINDS
def test_a_service_that_fails_at_each_start_does_not_copy_each_time(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(kind, tmp_path)
    copy = tmp_path / f"{path.stem}-before-v{len(kind.scripts) + 1}.db"
    upgrade(kind, monkeypatch, "nonsense;")
    inodes = []
    for _ in range(2):
        with pytest.raises(JournalUnusable):
            kind.opened(path)
        inodes.append(copy.stat().st_ino)
    assert inodes[0] == inodes[1]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DELETE FROM {kind.table}")
    with pytest.raises(JournalUnusable):
        kind.opened(path)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute(f"SELECT count(*) FROM {kind.table}").fetchone() == (0,)


@KINDS
def test_of_the_copies_the_newest_stays(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(kind, tmp_path)
    for scripts in (("SELECT 1;",), ("SELECT 1;", "SELECT 2;")):
        upgrade(kind, monkeypatch, *scripts)
        kind.opened(path).close()
    assert names(tmp_path) == {path.name, f"{path.stem}-before-v{len(kind.scripts) + 2}.db"}


@KINDS
def test_without_room_for_the_copy_nothing_is_migrated(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(kind, tmp_path)
    before = tables(path)
    upgrade(kind, monkeypatch, f"DELETE FROM {kind.table};")
    copy = f"before-v{len(kind.scripts) + 1}.db"
    (tmp_path / f"{path.stem}-{copy}.draft").mkdir()
    with pytest.raises(JournalError, match=rf"cannot write a backup to .*{copy}"):
        kind.opened(path)
    assert tables(path) == before


@KINDS
def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(kind: Kind, tmp_path: Path) -> None:
    path = written(kind, tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(kind.scripts) + 1}")
    before = path.read_bytes()
    for way in (kind.opened, kind.looked_at):
        with pytest.raises(JournalTooNew, match="newer version"):
            way(path)
    assert path.read_bytes() == before
    assert names(tmp_path) == {path.name}
