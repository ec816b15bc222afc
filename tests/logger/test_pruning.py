from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.reading import Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock
from logger.pruning import DAY_MS, EVERY_SECONDS, LOW_BYTES, Pruning


class HandClock(Clock):
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        super().__init__(boot=1)
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


CLOCK = HandClock()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append_all(Reading(time_ms=day * DAY_MS, boot=1, uptime_ms=day) for day in range(1, 11))
        yield journal


def ids(journal: JournalWriter) -> list[int | None]:
    return [record.id for record in journal.records("readings", 1, 99)]


def test_only_what_was_sent_and_is_older_than_the_days_to_keep_goes(journal: JournalWriter) -> None:
    assert Pruning(journal, CLOCK, 3, lambda: [(1, 4), (6, 10)]).prune() == 5
    assert ids(journal) == [5, 7, 8, 9, 10]


def test_what_was_sent_is_asked_each_time(journal: JournalWriter) -> None:
    sent = [(1, 1)]
    pruning = Pruning(journal, CLOCK, 3, lambda: sent)
    assert pruning.prune() == 1
    sent.append((2, 3))
    assert pruning.prune() == 2
    assert pruning.prune() == 0


def test_a_clock_that_is_not_trusted_does_not_make_readings_old(journal: JournalWriter) -> None:
    journal.append(Reading(time_ms=9999 * DAY_MS, boot=2, uptime_ms=1), is_held=True)
    assert Pruning(journal, CLOCK, 30, lambda: [(1, 11)]).prune() == 0


def test_an_empty_journal_has_nothing_to_prune(tmp_path: Path) -> None:
    with JournalWriter.create(tmp_path / "empty" / "journal.db") as journal:
        assert Pruning(journal, CLOCK, 1, lambda: [(1, 9)]).prune() == 0


@pytest.mark.parametrize(("free", "left_at_once"), [(LOW_BYTES, 9), (LOW_BYTES - 1, 8)])
def test_it_works_every_hour_and_all_the_time_while_there_is_hardly_any_room(
    journal: JournalWriter, free: int, left_at_once: int
) -> None:
    clock, sent = HandClock(), [(1, 1)]
    pruning = Pruning(journal, clock, 3, lambda: sent, free_bytes=lambda: free)
    regulator, has_time = None, lambda: False
    pruning.work(regulator, has_time)
    sent[:] = [(1, 2)]
    pruning.work(regulator, has_time)
    assert len(ids(journal)) == left_at_once
    clock.seconds = EVERY_SECONDS
    pruning.work(regulator, has_time)
    assert len(ids(journal)) == 8


def test_a_full_disk_that_leaves_no_room_for_deleting_ends_nothing(journal: JournalWriter) -> None:
    pruning = Pruning(journal, HandClock(), 3, lambda: [(1, 4)])
    journal._connection.execute("PRAGMA query_only = 1")
    pruning.work(None, lambda: False)
    journal._connection.execute("PRAGMA query_only = 0")
    assert len(ids(journal)) == 10


@pytest.mark.parametrize("days", [1e9, 1e308])
def test_days_without_end_keep_everything(journal: JournalWriter, days: float) -> None:
    assert Pruning(journal, CLOCK, days, lambda: [(1, 10)]).prune() == 0
