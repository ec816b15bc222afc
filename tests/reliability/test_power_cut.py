"""A power cut at any point leaves a journal with every record that `append` returned for.

What a real process writes and syncs is recorded (recording.py), the states that a cut may leave are built from it
(disk.py), and each is opened as the logger opens it after the cut.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from journal import damage
from journal.reading import Event
from journal.recovery import recover
from journal.side_file import files_aside
from journal.writer import JournalWriter
from tests.reliability import disk, stories
from tests.reliability.disk import State
from tests.reliability.recording import STRACE, Marker, Recording, Sync, record
from tests.reliability.stories import Rows, is_sound
from tests.servers import program
from uploader.progress.progress import Progress

ROOT = Path(__file__).parents[2]
NEW = stories.reading(900, 99)

Tell = Callable[..., Recording]
Tally = Callable[[str], None]


@pytest.fixture
def fast_path(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory where there is one: thousands of states are opened, and none need outlive the test."""
    memory = Path("/dev/shm")  # noqa: S108 - a mount point, and mkdtemp makes the name
    directory = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def told(fast_path: Path, tmp_path: Path) -> Tell:
    """Records a story, told by a process of its own in a directory that is empty or holds the files `before`."""
    needs_strace()

    def tell(story: str, before: dict[str, bytes] | None = None) -> Recording:
        directory = Path(tempfile.mkdtemp(dir=fast_path))
        State(before or {}, (), "").write_to(directory)
        command = [sys.executable, "-m", "tests.reliability.stories", story, str(directory)]
        return record(directory, command, ROOT, tmp_path / "strace.txt")

    return tell


def needs_strace() -> None:
    """Skip without strace, or where processes may not be traced; fail where the servers are required."""
    program("strace", "strace")
    tried = subprocess.run([*STRACE, "-o", "/dev/null", "true"], check=False, capture_output=True, text=True)
    if tried.returncode and os.environ.get("SOLAR_TEST_SERVERS") != "required":
        pytest.skip(f"strace may not trace processes here: {tried.stderr}")
    assert not tried.returncode, tried.stderr


def promised(
    story: str, directory: Path, name: str = "journal.db", before: dict[str, bytes] | None = None
) -> list[Rows]:
    """What the database holds after each step of the story, as a run without a cut shows it."""
    directory.mkdir()
    State(before or {}, (), "").write_to(directory)
    return [stories.rows(directory / name) for _ in stories.STORIES[story](directory)]


def check(state: State, after: list[Rows], place: Path) -> None:
    """Open a state as the logger does; raise AssertionError if anything is missing, altered, made up or not usable."""
    directory = place / "state"
    directory.mkdir()
    state.write_to(directory)
    path = directory / "journal.db"
    returned = len(state.markers)
    with JournalWriter.create(path) as journal:
        assert journal.aside is None, f"taken for damaged: {state.words}"
        found = stories.rows(path)
        # What was in hand when the power went may be there whole, or not at all.
        assert found in after[max(returned - 1, 0) : returned + 1], state.words
        assert set(state.markers) <= {journal.identity()}, f"not the same file as before: {state.words}"
        assert journal.append(NEW) == journal.last_id("readings") == last_id(found) + 1, state.words
    assert stories.rows(path)["readings"][:-1] == found["readings"], f"lost by going on: {state.words}"
    assert is_sound(path), state.words
    shutil.rmtree(directory)


def lost_steps(state: State, after: list[Rows], place: Path) -> int:
    """How many of the steps that had returned are not in the journal; what is there is sound and was once so."""
    directory = place / "state"
    directory.mkdir()
    state.write_to(directory)
    with JournalWriter.create(directory / "journal.db") as journal:
        assert journal.aside is None, f"taken for damaged: {state.words}"
        found = stories.rows(directory / "journal.db")
    assert is_sound(directory / "journal.db"), state.words
    shutil.rmtree(directory)
    steps = max((number for number, rows in enumerate(after, start=1) if rows == found), default=0)
    assert steps or not any(found.values()), state.words
    return len(state.markers) - min(steps, len(state.markers))


def last_id(found: Rows) -> int:
    return max((int(str(row[0])) for row in found["readings"]), default=0)


def check_all(
    recording: Recording, after: list[Rows], place: Path, tally: Tally, *, seed: int, samples: int = 0
) -> None:
    """Check the systematic states, and with samples also every kind of tear and so many random states a step."""
    count = 0
    for state in disk.states(recording, seed, samples=samples, is_thorough=samples > 0):
        check(state, after, place)
        count += 1
    returned = sum(isinstance(step, Marker) for step in recording.steps)
    tally(f"power cut (seed {seed}): {count} states of {returned} steps that had returned, nothing missing in any")


def test_no_power_cut_loses_or_alters_what_append_returned_for(told: Tell, fast_path: Path, tally: Tally) -> None:
    after = promised("keeping_a_journal", fast_path / "promised")
    check_all(told("keeping_a_journal"), after, fast_path, tally, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 6))
def test_no_power_cut_loses_anything_in_thousands_of_random_states(
    told: Tell, fast_path: Path, tally: Tally, seed: int
) -> None:
    after = promised("keeping_a_journal", fast_path / "promised")
    check_all(told("keeping_a_journal"), after, fast_path, tally, seed=seed, samples=30)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_second_cut_after_the_first_loses_nothing_either(
    told: Tell, fast_path: Path, tally: Tally, seed: int
) -> None:
    first = disk.states(told("keeping_a_journal"), seed, samples=1, is_thorough=True)
    state = random.Random(seed).choice([state for state in first if state.markers])
    after = promised("going_on_after_a_cut", fast_path / "promised", before=state.files)
    check_all(told("going_on_after_a_cut", state.files), after, fast_path, tally, seed=seed, samples=10)


def test_a_journal_that_hardly_syncs_loses_readings_which_shows_that_this_test_would_see_it(
    told: Tell, fast_path: Path, tally: Tally
) -> None:
    after = promised("keeping_a_journal", fast_path / "promised")
    recording = told("keeping_a_journal_that_hardly_syncs")
    states = disk.states(recording, seed=1, samples=0, is_thorough=False)
    lost = [lost_steps(state, after, fast_path) for state in islice(states, 0, None, 5)]
    assert max(lost) > 1
    tally(
        f"power cut of a journal that hardly syncs: {len(lost)} states, something lost in {sum(map(bool, lost))},"
        f" {max(lost)} steps at most"
    )


def test_a_disk_that_lies_about_its_syncs_loses_readings_which_shows_that_syncs_count_here(
    told: Tell, fast_path: Path
) -> None:
    after = promised("keeping_a_journal", fast_path / "promised")
    recording = told("keeping_a_journal")
    lying = Recording(recording.before, [step for step in recording.steps if not isinstance(step, Sync)])
    with pytest.raises(AssertionError, match="cut after step"):  # noqa: PT012 - as above
        for state in disk.states(lying, seed=1, samples=0, is_thorough=False):
            check(state, after, fast_path)


@pytest.mark.parametrize("sector", [512, 4096])
def test_a_card_that_destroys_the_sectors_it_was_writing_costs_at_most_the_newest_append(
    told: Tell, fast_path: Path, tally: Tally, sector: int
) -> None:
    """Beyond what the journal promises: SQLite takes it that a cut does not reach bytes that were not being written."""
    after = promised("keeping_a_journal", fast_path / "promised")
    lost = [lost_steps(state, after, fast_path) for state in disk.destroyed_states(told("keeping_a_journal"), sector)]
    assert max(lost) == 1
    tally(
        f"sectors of {sector} bytes destroyed while written: {len(lost)} states, the newest append lost in {sum(lost)}"
    )


def test_no_power_cut_loses_the_account_of_what_was_sent(told: Tell, fast_path: Path, tally: Tally) -> None:
    """Forgotten, it would cost repeated requests."""
    after = promised("keeping_account_of_what_was_sent", fast_path / "promised", "uploader.db")
    count = 0
    for state in disk.states(told("keeping_account_of_what_was_sent"), seed=1, samples=0, is_thorough=False):
        count += 1
        directory = fast_path / "state"
        directory.mkdir()
        state.write_to(directory)
        path = directory / "uploader.db"
        with Progress.open(path):
            assert not files_aside(directory), f"taken for damaged: {state.words}"
        returned = len(state.markers)
        assert stories.rows(path) in after[max(returned - 1, 0) : returned + 1], f"{state.markers[-1:]}: {state.words}"
        assert is_sound(path), state.words
        shutil.rmtree(directory)
    tally(f"power cut, uploader.db: {count} states, nothing missing in any")


def test_no_power_cut_leaves_half_a_migration(told: Tell, fast_path: Path, tally: Tally) -> None:
    """The file is in the old format, or in the new one with the copy made before it beside it, and both are whole."""
    with JournalWriter.create(fast_path / "journal.db") as journal:
        boot = journal.boot_number("first")
        for number in range(12):
            journal.append(stories.reading(number, boot))
            journal.append(Event(time_ms=number, boot=boot, uptime_ms=number, kind="started", message="hello"))
        before = {name: (fast_path / name).read_bytes() for name in ("journal.db", "journal.db-wal")}
        old = stories.rows(fast_path / "journal.db")
    new = old | {"events": [(*row, "red") for row in old["events"]], "more": []}
    count = 0
    for state in disk.states(told("migrating_to_the_next_format", before), seed=1, samples=2, is_thorough=True):
        directory = fast_path / "state"
        directory.mkdir()
        state.write_to(directory)
        found = stories.rows(directory / "journal.db")
        assert found == new if state.markers else found in (old, new), state.words
        assert is_sound(directory / "journal.db"), state.words
        copies = [stories.rows(copy) for copy in directory.glob("*-before-v*.db")]
        assert copies == [old] or (found == old and not copies), state.words
        shutil.rmtree(directory)
        count += 1
    tally(f"power cut during a migration: {count} states, the file wholly old or wholly new in each")


def test_no_power_cut_leaves_half_a_backup(told: Tell, fast_path: Path, tally: Tally) -> None:
    count = 0
    for state in disk.states(told("taking_a_backup"), seed=1, samples=0, is_thorough=False):
        count += 1
        content = state.files.get("copy.db")
        assert content or not state.markers, state.words
        if content is not None:
            path = fast_path / "copy.db"
            path.write_bytes(content)
            assert is_sound(path), state.words
            assert len(stories.rows(path)["readings"]) == 30, state.words
    tally(f"power cut during a backup: {count} states, the copy whole or not there in each")


def damaged_journal(directory: Path) -> dict[str, bytes]:
    """journal.db with a broken page, and its log with 20 readings more, as a crash leaves it."""
    directory.mkdir()
    path, log = directory / "journal.db", directory / "journal.db-wal"
    with JournalWriter.create(path) as journal:
        boot = journal.boot_number("before the damage")
        journal.append_all(stories.reading(number, boot) for number in range(40))
        journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(40, 60):
            journal.append(stories.reading(number, boot))
        content, logged = bytearray(path.read_bytes()), log.read_bytes()
    page = content.index(stories.reading(5, boot).raw) // 4096
    content[4096 * page : 4096 * (page + 1)] = random.Random(1).randbytes(4096)
    return {path.name: bytes(content), log.name: logged}


def recovered_readings(directory: Path) -> set[int]:
    """The times of all readings, those of the journals that were set aside too, after the logger has started twice."""
    path = directory / "journal.db"
    JournalWriter.create(path).close()
    with JournalWriter.create(path) as journal:
        assert journal.aside is None
        for aside in damage.files_aside(directory):
            recover(aside, journal)
        return {record.time_ms for record in journal.records("readings", 1, journal.last_id("readings"))}


def test_no_power_cut_while_a_damaged_journal_is_set_aside_parts_it_from_its_log(
    told: Tell, fast_path: Path, tally: Tally
) -> None:
    before = damaged_journal(fast_path / "before")
    (fast_path / "uncut").mkdir()
    State(before, (), "").write_to(fast_path / "uncut")
    readable = recovered_readings(fast_path / "uncut")
    assert readable >= {stories.reading(number, 1).time_ms for number in range(40, 60)}
    recording = told("starting_on_a_damaged_journal", before)
    count = 0
    for state in disk.states(recording, seed=1, samples=0, is_thorough=False):
        directory = fast_path / "state"
        directory.mkdir()
        state.write_to(directory)
        assert readable <= recovered_readings(directory), state.words
        shutil.rmtree(directory)
        count += 1
    tally(f"power cut while a damaged journal is set aside: {count} states, nothing readable lost in any")


def test_a_log_that_was_left_without_its_journal_is_not_played_into_the_next_one(fast_path: Path) -> None:
    """As when a person moves journal.db away after a crash, and nothing else."""
    left = damaged_journal(fast_path / "before")["journal.db-wal"]
    directory = fast_path / "after"
    directory.mkdir()
    (directory / "journal.db-wal").write_bytes(left)
    with JournalWriter.create(directory / "journal.db") as journal:
        assert journal.count("readings") == 0
        assert journal.append(NEW) == 1
    assert is_sound(directory / "journal.db")
    assert [file.read_bytes() for file in directory.glob("journal-damaged-*.db-wal")] == [left]
