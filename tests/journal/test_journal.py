import os
import sqlite3
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.boots import Anchor, Boot, stated, stretch_name
from journal.errors import JournalFull, JournalMissing, JournalTooNew, JournalUnusable, our_errors
from journal.id_ranges import NONE
from journal.journal import CHUNK_ROWS, Journal
from journal.reading import STREAMS, Day, Event, Reading
from journal.writer import JournalWriter
from tests.ordinary_user import ordinary_user
from tests.servers import unavailable


def reading(time_ms: int, boot: int = 1, **quantities: object) -> Reading:
    return Reading(time_ms=time_ms, boot=boot, uptime_ms=time_ms, **quantities)


def event(time_ms: int, kind: str = "started") -> Event:
    return Event(time_ms=time_ms, boot=1, uptime_ms=time_ms, kind=kind, message="as it says")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path):
    with JournalWriter.create(path) as journal:
        yield journal


def test_what_was_appended_is_read_back_whole(journal: JournalWriter) -> None:
    full = reading(
        5,
        model="PL80",
        battery_volts=27.4,
        regulator_state="float",
        load_disconnected=0,
        alarm=1,
        time_uncertainty_seconds=0.5,
        raw=b"\x00\xde\x32\x89",
    )
    assert journal.append(full) == 1
    (stored,) = journal.records("readings", 1, 1)
    assert stored == Reading(
        id=1,
        time_ms=5,
        boot=1,
        uptime_ms=5,
        model="PL80",
        battery_volts=27.4,
        regulator_state="float",
        load_disconnected=0,
        alarm=1,
        time_uncertainty_seconds=0.5,
        raw=b"\x00\xde\x32\x89",
    )


@pytest.mark.parametrize("stream", STREAMS)
def test_the_columns_of_each_table_are_the_fields_of_its_record(
    journal: JournalWriter, path: Path, stream: str
) -> None:
    with sqlite3.connect(path) as connection:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({stream})")]
    connection.close()
    assert columns == list(STREAMS[stream].__dataclass_fields__)


def test_each_stream_counts_its_own_ids(journal: JournalWriter) -> None:
    assert [journal.append(reading(1)), journal.append(event(1)), journal.append(reading(2))] == [1, 1, 2]
    assert [journal.last_id(stream) for stream in STREAMS] == [2, 0, 1, 0]
    assert [journal.count(stream) for stream in STREAMS] == [2, 0, 1, 0]
    assert [list(journal.released(stream)) for stream in STREAMS] == [[(1, 2)], [], [(1, 1)], []]


def test_records_come_in_chunks_as_one_sequence_in_either_direction(journal: JournalWriter, path: Path) -> None:
    total = 2 * CHUNK_ROWS + 3
    journal.append(reading(1))
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO readings (id, time_ms, boot, uptime_ms, raw) VALUES (?, ?, 1, 1, x'')",
            ((number, number) for number in range(2, total + 1)),
        )
    connection.close()
    ids = list(range(1, total + 1))
    assert [record.id for record in journal.records("readings", 1, total)] == ids
    assert [record.id for record in journal.records("readings", 1, total, newest_first=True)] == ids[::-1]
    assert [record.id for record in journal.records("readings", 3, 10**12, limit=4)] == [3, 4, 5, 6]
    assert [record.id for record in journal.records("readings", 1, 9, limit=2, newest_first=True)] == [9, 8]
    assert list(journal.records("readings", total + 1, total + 9)) == []


def test_a_reader_that_pauses_does_not_keep_the_log_from_being_reset(path: Path, journal: JournalWriter) -> None:
    for number in range(3):
        journal.append(reading(number))
    with Journal.open(path) as other:
        records = other.records("readings", 1, 3)
        next(records)
        with sqlite3.connect(path) as connection:
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        connection.close()
        assert not busy


def test_two_records_never_share_a_millisecond(journal: JournalWriter) -> None:
    for uptime_ms, time_ms in enumerate((100, 100, 99, 200, 101, 5_000, 100, 100, 5_000)):
        journal.append(replace(reading(time_ms), uptime_ms=uptime_ms))
    times = [record.time_ms for record in journal.records("readings", 1, 99)]
    assert times == [100, 101, 102, 200, 201, 5_000, 103, 104, 5_001]


def test_a_reading_that_comes_late_keeps_its_time_and_takes_nobody_elses(journal: JournalWriter) -> None:
    """As a recovered one does: by its uptime it was taken before the newest."""
    for time_ms in (5_000, 4_300, 4_300, 5_700):
        journal.append(reading(time_ms))
    assert [record.time_ms for record in journal.records("readings", 1, 99)] == [5_000, 4_300, 4_301, 5_700]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40).map(lambda n: n * 700)), max_size=40),
    st.integers(0, 30_000),
    st.integers(0, 30_000),
)
def test_whatever_the_clock_does_times_are_unique_and_are_found_again(
    tmp_path_factory: pytest.TempPathFactory, moments: list[tuple[int, int]], since_ms: int, until_ms: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    half = len(moments) // 2
    for part in (moments[:half], moments[half:]):
        with JournalWriter.create(path) as journal:
            for boot, time_ms in part:
                journal.append(reading(time_ms, boot))
    with Journal.open(path) as journal:
        stored = list(journal.records("readings", 1, 99))
        assert len({record.time_ms for record in stored}) == len(moments)
        assert all(abs(record.time_ms - asked) < 2100 for record, (_, asked) in zip(stored, moments, strict=True))
        found = [
            number
            for first, last in journal.id_ranges("readings", since_ms, until_ms)
            for number in range(first, last + 1)
        ]
        assert found == [record.id for record in stored if since_ms <= record.time_ms < until_ms]


def test_a_day_read_again_replaces_the_old_one_under_a_new_id(journal: JournalWriter) -> None:
    journal.append(Day(time_ms=1, date="2026-11-20", charge_amp_hours=80))
    journal.append(Day(time_ms=2, date="2026-11-21", charge_amp_hours=81))
    assert journal.append(Day(time_ms=1, date="2026-11-20", charge_amp_hours=82)) == 3
    assert [(day.id, day.date, day.charge_amp_hours) for day in journal.records("days", 1, 9)] == [
        (2, "2026-11-21", 81),
        (3, "2026-11-20", 82),
    ]
    assert journal.id_ranges("days", 1, 2) == [(3, 3)]


def test_held_records_are_dated_from_the_boot_clock_and_released(journal: JournalWriter) -> None:
    boots = [journal.boot_number(name) for name in "abc"]
    for boot in boots:
        for uptime_ms in (10_000, 20_000, 20_000):
            moment = {"time_ms": 1_000_000 + uptime_ms, "boot": boot, "uptime_ms": uptime_ms}
            journal.append(Reading(**moment), is_held=boot == 2)
            journal.append(Event(**moment, kind="started", message=""), is_held=boot == 2)
    held_times = [record.time_ms for record in journal.records("readings", 4, 6)]
    assert [list(journal.held(stream)) for stream in STREAMS] == [[(4, 6)], [], [(4, 6)], []]
    assert list(journal.released("readings")) == [(1, 3), (7, 9)]
    assert journal.date(2) == 0
    journal.write_anchor(boots[0], Anchor(0, 5, "a test"))
    journal.write_anchor(2, Anchor(1_000_000, 10_000_000, "a test", 28.9))
    assert journal.date(boots[0]) == 0
    assert [journal.date(2, limit=2) for _ in range(5)] == [2, 1, 2, 1, 0]
    assert journal.held("readings") == journal.held("events") == NONE
    assert list(journal.released("readings")) == [(1, 9)]
    dated = list(journal.records("readings", 4, 6))
    assert [record.time_ms for record in dated] == [9_010_000, 9_020_000, 9_020_001]
    assert [record.wall_ms for record in dated] == held_times
    assert {record.time_uncertainty_seconds for record in dated} == {29}
    assert [record.time_ms for record in journal.records("events", 4, 6)] == [9_010_000, 9_020_000, 9_020_001]
    assert journal.id_ranges("readings", 9_020_000, 9_020_001) == [(5, 5)]
    assert {record.time_uncertainty_seconds for record in journal.records("readings", 1, 3)} == {None}


def test_a_reading_dated_later_does_not_take_the_time_of_another(journal: JournalWriter) -> None:
    journal.append(reading(5_000))
    journal.append(Reading(time_ms=1, boot=2, uptime_ms=1_000), is_held=True)
    journal.append(Reading(time_ms=5_001, boot=3, uptime_ms=1))
    boots = [journal.boot_number(name) for name in "abc"]
    journal.write_anchor(boots[1], Anchor(0, 4_000, "a test"))
    assert journal.date(2) == 1
    assert [record.time_ms for record in journal.records("readings", 1, 9)] == [5_000, 5_002, 5_001]


def test_a_boot_that_becomes_trusted_begins_a_span_that_is_sent(journal: JournalWriter) -> None:
    journal.append(reading(1_000), is_held=True)
    journal.append(reading(2_000))
    journal.append(reading(3_000))
    assert (list(journal.held("readings")), list(journal.released("readings"))) == ([(1, 1)], [(2, 3)])


def test_sent_readings_are_pruned_in_small_steps_and_unsent_ones_never(journal: JournalWriter) -> None:
    journal.append_all(reading(time_ms) for time_ms in range(1_000, 11_000, 1_000))
    sent = [(1, 3), (5, 10)]
    assert [journal.prune(sent, 8_500, limit=2) for _ in range(5)] == [2, 2, 2, 1, 0]
    assert [record.id for record in journal.records("readings", 1, 99)] == [4, 9, 10]
    assert journal.append(reading(11_000)) == 11


def test_the_newest_reading_is_never_pruned_so_that_its_id_is_not_given_again(journal: JournalWriter) -> None:
    journal.append_all(reading(time_ms) for time_ms in (1, 2, 3))
    assert journal.prune([(1, 3)], 99, limit=9) == 2
    assert journal.append(reading(4)) == 4
    assert [record.id for record in journal.records("readings", 1, 99)] == [3, 4]
    assert journal.id_ranges("readings", 0, 99) == [(3, 4)]


def test_a_period_ends_with_records_that_are_there(journal: JournalWriter) -> None:
    """What was deleted has no time: audit and report began after it, or with the newest record."""
    journal.append_all(reading(time_ms) for time_ms in range(1, 10))
    journal.prune([(1, 3), (5, 7)], 8, limit=9)
    assert journal.id_ranges("readings", 0, 99) == [(4, 9)]
    assert journal.id_ranges("readings", 5, 99) == [(8, 9)]
    assert journal.id_ranges("readings", 0, 8) == [(4, 4)]
    assert journal.id_ranges("readings", 5, 8) == []


def test_records_stored_together_are_all_there_or_none(journal: JournalWriter) -> None:
    def torn():
        yield reading(1)
        yield event(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.append_all(torn())
    assert [journal.count(stream) for stream in STREAMS] == [0, 0, 0, 0]
    assert journal.append_all([reading(2), event(2), Day(time_ms=1, date="2026-11-20")]) == [1, 1, 1]
    assert [journal.count(stream) for stream in STREAMS] == [1, 1, 1, 0]


def test_each_journal_has_an_identity_of_its_own(tmp_path: Path) -> None:
    names = set()
    for directory in ("one", "two"):
        with JournalWriter.create(tmp_path / directory / "journal.db") as journal:
            names.add(journal.identity())
        with Journal.open(tmp_path / directory / "journal.db") as journal:
            names.add(journal.identity())
    assert len(names) == 2


def test_a_boot_keeps_its_number_when_the_logger_starts_again(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        assert [journal.boot_number("a"), journal.boot_number("b"), journal.boot_number("a")] == [1, 2, 1]
    with JournalWriter.create(path) as journal:
        assert [journal.boot_number("b"), journal.boot_number("c")] == [2, 3]


def test_a_boot_has_no_anchor_until_one_is_written_down_and_then_the_newest(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        journal.boot_number("a")
        journal.boot_number(stretch_name("a", 2))
        assert journal.boots() == [Boot(1, "a", None), Boot(2, "a+2", None)]
        for anchor in (Anchor(1, 2, "first"), Anchor(3, 40, "second", 0.5)):
            journal.write_anchor(2, anchor)
    with Journal.open(path) as journal:
        assert journal.boots() == [Boot(1, "a", None), Boot(2, "a+2", Anchor(3, 40, "second", 0.5))]
        assert {boot.boot_id for boot in journal.boots()} == {"a"}


def test_boots_of_an_older_journal_come_before_those_that_are_here(journal: JournalWriter) -> None:
    for name in ("x", "y"):
        journal.boot_number(name)
    anchor = Anchor(1, 2, "there")
    past = [Boot(7, "a", anchor), Boot(8, "b", None), Boot(9, "x", anchor)]
    assert journal.boots_before(past) == {7: -1, 8: 0, 9: 1}
    known = [Boot(-1, "a", anchor), Boot(0, "b", None), Boot(1, "x", anchor), Boot(2, "y", None)]
    assert journal.boots() == known
    assert journal.boots_before(past) == {7: -1, 8: 0, 9: 1}
    assert journal.boots() == known


def test_the_further_from_the_anchor_the_less_certain_the_time() -> None:
    anchor = Anchor(86_400_000, 10**12, "a test", 2.0)
    assert anchor.time_at(86_400_500) == 10**12 + 500
    week_before = anchor.uncertainty_at(-6 * 86_400_000)
    assert week_before == anchor.uncertainty_at(8 * 86_400_000) == pytest.approx(2 + 7 * 4.32)
    assert [stated(seconds) for seconds in (0, 0.99, 1, 1.01, week_before)] == [None, None, 1, 2, 33]


def test_a_reading_dated_later_is_not_before_one_of_its_boot_that_was_sent(journal: JournalWriter) -> None:
    journal.boot_number("a")
    journal.append(Reading(time_ms=10_000, boot=1, uptime_ms=1_000))
    journal.append(Reading(time_ms=7, boot=1, uptime_ms=1_500), is_held=True)
    journal.append(Reading(time_ms=8, boot=1, uptime_ms=2_900), is_held=True)
    journal.write_anchor(1, Anchor(1_000, 9_000, "a test"))
    while journal.date(1, limit=1):
        pass
    assert [record.time_ms for record in journal.records("readings", 1, 9)] == [10_000, 10_001, 10_900]


def test_others_read_while_the_logger_writes(path: Path, journal: JournalWriter) -> None:
    journal.append(reading(1))
    with Journal.open(path) as other:
        assert other.last_id("readings") == 1
        journal.append(reading(2))
        assert other.last_id("readings") == 2


def test_the_journal_can_be_read_after_the_logger_has_ended(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        journal.append(reading(1))
    with Journal.open(path) as other:
        assert other.get("readings", 1) is not None
        assert other.get("readings", 2) is None


def test_a_medium_that_cannot_be_written_can_still_be_read() -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "journal.db"
        with JournalWriter.create(path) as journal:
            journal.append(reading(1))
        Path(directory).chmod(0o555)
        with ordinary_user(), Journal.open(path) as other:
            assert other.count("readings") == 1
        Path(directory).chmod(0o755)


def test_a_wrong_path_is_an_error_and_not_a_new_empty_file(path: Path) -> None:
    with pytest.raises(JournalMissing, match=r"cannot open .*journal\.db: there is no such file"):
        Journal.open(path)
    assert not path.exists()


def test_a_second_logger_is_turned_away(path: Path, journal: JournalWriter) -> None:
    with pytest.raises(JournalUnusable, match="another logger"):
        JournalWriter.create(path)
    assert journal.append(reading(1)) == 1


@pytest.mark.parametrize("opener", [JournalWriter.create, Journal.open])
def test_a_file_that_is_not_sqlite_is_refused_and_left_as_it_is(path: Path, opener) -> None:
    path.write_bytes(b"my holiday pictures" * 999)
    with pytest.raises(JournalUnusable, match="not an SQLite database"):
        opener(path)
    assert path.read_bytes() == b"my holiday pictures" * 999


@pytest.mark.parametrize("opener", [JournalWriter.create, Journal.open])
def test_a_journal_of_a_newer_program_is_refused_and_left_as_it_is(path: Path, opener) -> None:
    with JournalWriter.create(path) as journal:
        journal.append(reading(1))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalTooNew, match="newer version"):
        opener(path)
    assert path.read_bytes() == before


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalUnusable, match=r"cannot write to .*/file.*SOLAR_DATA"):
        JournalWriter.create(tmp_path / "file" / "journal.db")


def test_a_full_disk_stores_nothing_and_appending_goes_on_when_there_is_room(
    path: Path, journal: JournalWriter
) -> None:
    journal.append(reading(1))
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    full = (journal.append(reading(number, raw=bytes(999))) for number in range(2, 99))
    with pytest.raises(JournalFull, match="disk is full"):
        list(full)
    stored = journal.count("readings")
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    assert journal.append(reading(1_000, raw=bytes(999))) == stored + 1
    assert [record.id for record in journal.records("readings", 1, 99)] == list(range(1, stored + 2))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_file_system_that_has_become_read_only_is_called_that(tmp_path: Path) -> None:
    """SQLite itself says no more than that it could not open something, or that the disk reports an error."""
    where = tmp_path / "card"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", where], check=False, stderr=subprocess.PIPE, text=True
    )
    if mounted.returncode:
        unavailable(f"this root may not mount a file system: {mounted.stderr.strip()}")
    try:
        with JournalWriter.create(where / "journal.db") as journal:
            journal.append(reading(1))
        subprocess.run(["mount", "-o", "remount,ro", where], check=True)
        with pytest.raises(JournalFull, match="the file system is read-only"):
            write_late(where / "journal.db")
        subprocess.run(["mount", "-o", "remount,rw", where], check=True)
        with JournalWriter.create(where / "journal.db") as journal:
            assert journal.append(reading(2)) == 2
    finally:
        subprocess.run(["umount", where], check=True)


def write_late(path: Path) -> None:
    """Append the way the logger would, to a file that could be opened before."""
    with our_errors("write to", path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("INSERT INTO boots (boot_id) VALUES ('late')")
        finally:
            connection.close()


def test_an_unfinished_draft_of_a_first_start_is_no_obstacle(path: Path) -> None:
    path.with_name("journal.db.draft").write_bytes(b"torn")
    with JournalWriter.create(path) as journal:
        assert journal.append(reading(1)) == 1
    assert sorted(file.name for file in path.parent.iterdir()) == ["journal.db", "journal.lock"]


def test_a_backup_taken_while_the_logger_runs_opens_anywhere(
    path: Path, journal: JournalWriter, tmp_path: Path
) -> None:
    for number in range(5):
        journal.append(reading(number))
    target = tmp_path / "copy.db"
    with Journal.open(path) as other:
        other.backup(target)
    journal.append(reading(6))
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db"]
    with sqlite3.connect(f"file:{target}?immutable=1", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (5,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT uuid FROM identity").fetchone() != (journal.identity(),)
    connection.close()


def test_a_backup_that_is_put_back_has_a_log_again(path: Path, journal: JournalWriter, tmp_path: Path) -> None:
    """Without one an append waits for who reads, and costs two syncs more."""
    back = tmp_path / "elsewhere" / "journal.db"
    back.parent.mkdir()
    journal.backup(back)
    with JournalWriter.create(back) as again:
        assert again._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_backup_to_where_nothing_can_be_written_says_so(journal: JournalWriter, tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="cannot write a backup to"):
        journal.backup(tmp_path / "missing" / "copy.db")
