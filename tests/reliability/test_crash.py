"""Killed at any moment, the logger and the uploader lose nothing, double nothing and damage nothing.

The real commands, against a simulated regulator on a pseudo-terminal and a real InfluxDB, with SIGKILL, which cannot be
caught. A killed process leaves all that it gave to the kernel; what a power cut leaves is in test_power_cut.py.
"""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.writer import JournalWriter
from simulator import RunningSimulator, SimulatorOptions
from tests.reliability import stories
from tests.reliability.lives import Logger, Uploader
from tests.reliability.witness import Witness
from tests.servers import Database, VictoriaMetrics

BACKLOG_PER_KILL = 300

Tally = Callable[[str], None]


def stored_times(data: Path) -> list[int]:
    with Journal.open(data / "journal.db") as journal:
        return [record.time_ms for record in journal.records("readings", 1, journal.last_id("readings"))]


def times_in(database: Database) -> list[int]:
    rows = database.server.query("SELECT battery_volts FROM solar", database.name)
    return [int(row["time"]) for row in rows]


def fill(data: Path, count: int) -> None:
    """A backlog from before, so that the uploader is not idle."""
    data.mkdir()
    with JournalWriter.create(data / "journal.db", data.name) as journal:
        boot = journal.boot_number("an earlier boot")
        journal.append_all(stories.reading(number, boot) for number in range(count))


def crash(data: Path, witness: Witness, tally: Tally, *, kills: int, seed: int, knows_time_after: int = 0) -> None:
    """Kill both `kills` times, each at its own moments, while the other goes on; then compare what is stored where."""
    backlog = BACKLOG_PER_KILL * kills
    fill(data, backlog)
    options = SimulatorOptions(answer_seconds=(0, 0), speed=60, history_days=0)
    with RunningSimulator(options) as simulator, witness:
        logger = Logger(data, simulator.port, seed, backlog=backlog, knows_time_after=knows_time_after)
        uploader = Uploader(data, witness, seed + 1)
        with ThreadPoolExecutor(2) as both:
            lives = [both.submit(repeat, each.live_and_die, kills) for each in (logger, uploader)]
            for each in lives:
                each.result()
        logger.finish()
        uploader.finish()
    times = stored_times(data)
    with Journal.open(data / "journal.db") as journal:
        assert journal.count("readings") == journal.last_id("readings") == len(times) == len(set(times))
    assert times_in(witness.database) == sorted(times)
    sent = witness.metrics.samples(data.name)
    assert set(sent) == set(times)
    assert witness.sent_again_without_need() == set()
    repeated = witness.repeated()
    assert len(repeated) <= kills
    tally(
        f"SIGKILL (seed {seed}): logger {kills} times, {logger.kills_within_append} of them within append;"
        f" uploader {kills} times; {len(logger.told)} records that append had returned for, none missing;"
        f" {len(times)} readings journaled, {logger.taken_without_time} of them before the time was"
        " known, as many in InfluxDB;"
        f" {len(repeated)} requests repeated, with {len(sent) - len(times)} readings"
    )


def repeat(action: Callable[[], None], times: int) -> None:
    for _ in range(times):
        action()


@pytest.fixture
def witness(database: Database, victoria_metrics: VictoriaMetrics) -> Witness:
    return Witness(database, victoria_metrics)


def test_killed_twenty_times_both_lose_nothing_and_double_nothing(
    tmp_path: Path, witness: Witness, tally: Tally
) -> None:
    crash(tmp_path / "crash-20", witness, tally, kills=20, seed=1)


@pytest.mark.long
@pytest.mark.parametrize(("seed", "knows_time_after"), [(100, 0), (200, 100)])
def test_killed_hundreds_of_times_both_lose_nothing_and_double_nothing(
    tmp_path: Path, witness: Witness, tally: Tally, seed: int, knows_time_after: int
) -> None:
    crash(tmp_path / f"crash-{seed}", witness, tally, kills=200, seed=seed, knows_time_after=knows_time_after)


@pytest.mark.parametrize(
    ("moment", "doubled"), [("before the answer", 100), ("before it is written down", 100), ("after that", 0)]
)
def test_a_kill_between_the_write_and_the_account_of_it_costs_one_repeated_request(
    tmp_path: Path, witness: Witness, moment: str, doubled: int
) -> None:
    data = tmp_path / f"killed {moment}"
    fill(data, 1000)
    die = {"before it is written down": "before", "after that": "after"}.get(moment)
    with witness:
        uploader = Uploader(data, witness, seed=1)
        process = uploader.start(die=die)
        if moment == "before the answer":
            witness.before_answer = process.kill
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        witness.before_answer = lambda: None
        assert len(witness.requests) == 1
        uploader.finish()
    times = stored_times(data)
    assert times_in(witness.database) == times
    sent = witness.metrics.samples(data.name)
    assert len(sent) - len(times) == doubled
    assert set(sent) == set(times)
    # The very same request again, byte for byte: the tags and times of what was sent never change.
    first, second = witness.requests[0][1], witness.requests[1][1]
    assert (first == second) == bool(doubled)
