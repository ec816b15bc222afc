"""uploader.db: what is pending, dead letters, and that no accident loses a reading."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.errors import JournalFull, JournalMissing, JournalTooNew, JournalUnusable
from journal.id_ranges import ALL, HIGHEST_ID, IdRanges
from journal.side_file import files_aside, transaction
from tests.journals.known import KnownJournal
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.progress_file import SCHEMA
from uploader.progress.state import State
from uploader.server.line_protocol import Line

NOTHING = IdRanges()
MANY = {"readings": 10_000, "days": 10_000, "events": 10_000}


@pytest.fixture
def progress(tmp_path: Path) -> Iterator[Progress]:
    with Progress.open(tmp_path / "uploader.db") as opened:
        opened.see(KnownJournal("journal one", MANY))
        yield opened


def sent(*ranges: tuple[int, int]) -> Settled:
    return Settled("readings", IdRanges.of(ranges), NOTHING)


def settle(progress: Progress, *settled: Settled) -> None:
    for each in settled:
        progress.settle(each, State(last_upload_ms=5), BatchSize(200))


def refusal(*ids: int, words: str = "type conflict") -> Settled:
    lines = tuple(Line(n, n * 1000, f"solar v={n}") for n in ids)
    return Settled("readings", NOTHING, IdRanges.of_ids(ids), Refusal(lines, words, 422, 99))


def in_memory() -> Progress:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript("".join(SCHEMA))
    return Progress(connection, Path(__file__))


def test_pending_is_what_is_released_and_not_done(progress: Progress) -> None:
    settle(progress, sent((1, 10)), sent((15, 20)))
    assert (IdRanges.of([(1, 12), (14, 30)]) - progress.done.of("readings")).ranges == ((11, 12), (14, 14), (21, 30))
    assert (IdRanges.of([(1, 3)]) - progress.done.of("events")).ranges == ((1, 3),)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.integers(0, 8)), max_size=25))
def test_any_order_of_sending_and_requeueing_leaves_the_set_it_should(changes: list[tuple[bool, int, int]]) -> None:
    expected: set[int] = set()
    with in_memory() as progress:
        for is_sent, first, more in changes:
            ids = set(range(first, first + more + 1))
            if is_sent:
                settle(progress, sent((first, first + more)))
                expected |= ids
            else:
                progress.requeue("readings", [(first, first + more)])
                expected -= ids
        assert progress.done.of("readings") == IdRanges.of_ids(expected)
        rows = progress._connection.execute("SELECT count(*) FROM done").fetchone()
        assert rows == (len(IdRanges.of_ids(expected).ranges),)


def test_everything_is_there_after_closing_and_opening(progress: Progress, tmp_path: Path) -> None:
    progress.traffic.add(1234, 0)
    progress.settle(sent((1, 10)), State(5, 6, "unreachable", "why", "note", "1 h"), BatchSize(200, 400))
    progress.settle(refusal(11), State(5, 6, "unreachable", "why", "note", "1 h"), BatchSize(200, 400))
    progress.close()
    with Progress.open(tmp_path / "uploader.db") as again:
        assert again.done.of("readings").ranges == ((1, 11),)
        assert again.state() == State(5, 6, "unreachable", "why", "note", "1 h")
        assert again.batch_size() == BatchSize(200, 400)
        assert (again.traffic.today(0), again.traffic.this_month(86_400_000), again.traffic.today(86_400_000)) == (
            1234,
            1234,
            0,
        )
        (letter,) = again.dead_letters.all()
        assert (letter.id, letter.line, letter.words, letter.status, letter.tries) == (
            11,
            "solar v=11",
            "type conflict",
            422,
            1,
        )


def test_what_is_requeued_while_the_uploader_runs_is_not_overwritten_by_it(progress: Progress) -> None:
    settle(progress, sent((1, 100)))
    with Progress.open(progress.path) as admin:
        admin.requeue("readings", [(40, 50)])
    settle(progress, sent((101, 110)))
    assert (IdRanges.of([(1, 110)]) - progress.done.of("readings")).ranges == ((40, 50),)


def test_two_processes_writing_at_once_both_succeed(progress: Progress) -> None:
    """Without IMMEDIATE, the one that read before the other wrote fails as "locked", whatever the time-out."""
    settle(progress, sent((1000, 2000)))
    script = """
import pathlib, sys
from uploader.progress.progress import Progress
with Progress.open(pathlib.Path(sys.argv[1])) as admin:
    print("ready", flush=True)
    for n in range(80):
        admin.requeue("readings", [(1000 + n, 1000 + n)])
"""
    command = [sys.executable, "-c", script, str(progress.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as admin:
        assert admin.stdout
        admin.stdout.readline()
        for n in range(80):
            settle(progress, sent((n + 1, n + 1)))
        assert admin.wait() == 0
    assert progress.done.of("readings").ranges == ((1, 80), (1080, 2000))


def test_whatever_reads_and_then_writes_holds_the_lock_from_its_beginning(progress: Progress) -> None:
    """The certain form of the test above, which catches a plain BEGIN one time in three."""
    statements: list[str] = []
    progress._connection.set_trace_callback(statements.append)
    settle(progress, sent((1, 10)))
    progress.requeue("readings", [(5, 6)])
    progress.mark_done("readings", [(5, 5)])
    assert [each for each in statements if each.startswith("BEGIN")] == ["BEGIN IMMEDIATE"] * 3
    assert not [each for each in statements[: statements.index("BEGIN IMMEDIATE")] if "SELECT" in each]


def test_letters_carried_by_hand_are_marked_done(progress: Progress) -> None:
    progress.mark_done("readings", [(5, 9)])
    assert (IdRanges.of([(1, 10)]) - progress.done.of("readings")).ranges == ((1, 4), (10, 10))


def test_a_letter_tried_again_and_sent_is_gone(progress: Progress) -> None:
    settle(progress, refusal(7, 8))
    assert progress.dead_letters.retry([1]) == 1
    assert [letter.id for letter in progress.dead_letters.waiting(ALL, 10)] == [7]
    settle(progress, Settled("letters", IdRanges.of_ids([1]), NOTHING))
    assert [(letter.number, letter.id) for letter in progress.dead_letters.all()] == [(2, 8)]


def test_a_letter_refused_again_keeps_its_number_and_counts_its_tries(progress: Progress) -> None:
    settle(progress, refusal(7))
    progress.dead_letters.retry()
    again = Line(1, 7000, "solar v=7")
    settle(progress, Settled("letters", NOTHING, NOTHING, Refusal((again,), "still no", 400, 100)))
    (letter,) = progress.dead_letters.all()
    assert (letter.number, letter.words, letter.status, letter.tries, letter.is_waiting) == (
        1,
        "still no",
        400,
        2,
        False,
    )


def test_a_letter_whose_reading_was_replayed_and_sent_is_gone(progress: Progress) -> None:
    settle(progress, refusal(7))
    progress.requeue("readings", [(1, 10)])
    settle(progress, sent((1, 10)))
    assert progress.dead_letters.all() == []


def test_a_dropped_letter_is_not_pending(progress: Progress) -> None:
    settle(progress, refusal(7))
    assert progress.dead_letters.drop() == 1
    assert (IdRanges.of([(7, 7)]) - progress.done.of("readings")) == NOTHING


def test_another_journal_is_pending_as_a_whole_and_dead_letters_stay(progress: Progress) -> None:
    settle(progress, sent((1, 100)), refusal(7))
    progress.see(KnownJournal("journal two", MANY))
    assert (IdRanges.of([(1, 20)]) - progress.done.of("readings")).ranges == ((1, 20),)
    settle(progress, sent((1, 20)))
    assert [letter.id for letter in progress.dead_letters.all()] == [7]


def test_done_never_reaches_beyond_the_journal(progress: Progress) -> None:
    """A card that lied about its newest append: the id is given to the next reading, which is to be sent."""
    settle(progress, sent((1, 90), (95, 100)))
    assert progress.see(KnownJournal("journal one", MANY | {"readings": 97})) is not None
    assert progress.done.of("readings").ranges == ((1, 90), (95, 97))
    assert progress.see(KnownJournal("journal one", MANY | {"readings": 97})) is None


ID_SETS = st.frozensets(st.integers(1, 40))


@given(ID_SETS, st.integers(1, 40), st.integers(0, 40), st.booleans())
def test_gaps_are_what_is_not_done_in_either_order(
    done: frozenset[int], first: int, last: int, newest_first: bool
) -> None:
    with in_memory() as progress:
        settle(progress, Settled("readings", IdRanges.of_ids(done), NOTHING))
        gaps = list(progress.done.gaps("readings", first, last, newest_first=newest_first))
    assert IdRanges.of(gaps) == IdRanges.of_ids(range(first, last + 1)) - IdRanges.of_ids(done)
    assert gaps == sorted(gaps, reverse=newest_first)


@pytest.mark.parametrize("holes", [10, 100_000])
def test_a_step_reads_and_writes_as_little_with_100_000_holes_as_with_ten(progress: Progress, holes: int) -> None:
    """Counted in steps of SQLite's machine, which every row looked at takes some of."""
    with transaction(progress._connection):
        progress._connection.executemany(
            "INSERT INTO done VALUES ('readings', ?, ?)", ((10 * n + 2, 10 * n + 10) for n in range(holes))
        )
    work = [0]
    progress._connection.set_progress_handler(lambda: work.__setitem__(0, work[0] + 1) or 0, 100)
    for newest_first in (True, False):
        gaps = progress.done.gaps("readings", 1, HIGHEST_ID, newest_first=newest_first)
        assert len([next(gaps) for _ in range(10)]) == 10
    settle(progress, sent((41, 41)))
    progress.requeue("readings", [(41, 41)])
    assert work[0] < 400


@pytest.mark.parametrize("damage", [b"not a database, but long enough to look like one" * 30, b"\0" * 4096])
def test_a_damaged_file_is_set_aside_and_begun_anew(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "uploader.db"
    path.write_bytes(damage)
    with Progress.open(path) as progress:
        (aside,) = files_aside(tmp_path)
        assert aside.read_bytes() == damage
        assert aside.name.startswith("uploader-damaged-20")
        assert (IdRanges.of([(1, 5)]) - progress.done.of("readings")).ranges == ((1, 5),)


def test_a_damaged_page_is_found_at_the_start(progress: Progress) -> None:
    settle(progress, refusal(*range(1, 2000)))
    progress.close()
    content = bytearray(progress.path.read_bytes())
    content[3 * 4096 : 20 * 4096] = b"\xff" * (17 * 4096)
    progress.path.write_bytes(content)
    with Progress.open(progress.path):
        assert files_aside(progress.path.parent)


def test_an_empty_file_is_begun(tmp_path: Path) -> None:
    (tmp_path / "uploader.db").touch()
    with Progress.open(tmp_path / "uploader.db") as progress:
        assert progress.done.of("readings") == NOTHING


def test_a_file_of_a_newer_program_is_left_untouched(progress: Progress) -> None:
    progress.close()
    with closing(sqlite3.connect(progress.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = progress.path.read_bytes()
    with pytest.raises(JournalTooNew):
        Progress.open(progress.path)
    assert progress.path.read_bytes() == before


def test_looking_at_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalMissing, match="solar upload"):
        Progress.read_only(tmp_path / "uploader.db")


def test_a_look_does_not_write(progress: Progress) -> None:
    settle(progress, sent((1, 10)))
    with Progress.read_only(progress.path) as look:
        assert look.done.of("readings").ranges == ((1, 10),)
        with pytest.raises(JournalFull):
            look.requeue("readings", [(1, 2)])


def test_a_directory_in_its_place_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "uploader.db").mkdir()
    with pytest.raises(JournalUnusable, match="cannot open"):
        Progress.open(tmp_path / "uploader.db")


def test_without_room_nothing_is_settled_and_later_all_of_it(progress: Progress) -> None:
    settle(progress, sent((1, 10)))
    (pages,) = progress._connection.execute("PRAGMA page_count").fetchone()
    progress._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalFull):
        settle(progress, refusal(*range(11, 500)))
    assert progress.done.of("readings").ranges == ((1, 10),)
    progress._connection.execute("PRAGMA max_page_count = 100000")
    settle(progress, refusal(*range(11, 500)))
    with Progress.read_only(progress.path) as look:
        assert look.done.of("readings").ranges == ((1, 499),)
        assert look.dead_letters.count() == 489


def test_it_keeps_no_wal(progress: Progress) -> None:
    settle(progress, sent((1, 10)))
    assert {file.name for file in progress.path.parent.iterdir()} <= {"uploader.db", "uploader.db-journal"}


def test_two_processes_that_create_it_at_once_both_open_it(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from uploader.progress.progress import Progress; "
        "Progress.open(pathlib.Path(sys.argv[1])).close()"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(tmp_path / "uploader.db")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]


def test_who_only_looks_does_not_wait_long_for_who_has_it_locked(progress: Progress) -> None:
    began = time.monotonic()
    with closing(sqlite3.connect(progress.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalFull, match="another program has locked it"):
            Progress.read_only(progress.path)
    assert time.monotonic() - began < 5  # who writes waits for 10 s
