from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.reading import Reading
from logger.pruning import DAY_MS, Pruning


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.create(tmp_path / "journal.db") as journal:
        journal.append_all(Reading(time_ms=day * DAY_MS, boot=1, uptime_ms=day) for day in range(1, 11))
        yield journal


def ids(journal: Journal) -> list[int | None]:
    return [record.id for record in journal.records("readings", 1, 99)]


def test_only_what_was_sent_and_is_older_than_the_days_to_keep_goes(journal: Journal) -> None:
    assert Pruning(journal, 3, lambda: [(1, 4), (6, 10)]).prune() == 5
    assert ids(journal) == [5, 7, 8, 9, 10]


def test_what_was_sent_is_asked_each_time(journal: Journal) -> None:
    sent = [(1, 1)]
    pruning = Pruning(journal, 3, lambda: sent)
    assert pruning.prune() == 1
    sent.append((2, 3))
    assert pruning.prune() == 2
    assert pruning.prune() == 0


def test_a_clock_that_is_not_trusted_does_not_make_readings_old(journal: Journal) -> None:
    journal.append(Reading(time_ms=9999 * DAY_MS, boot=2, uptime_ms=1), is_held=True)
    assert Pruning(journal, 30, lambda: [(1, 11)]).prune() == 0


def test_an_empty_journal_has_nothing_to_prune(tmp_path: Path) -> None:
    with Journal.create(tmp_path / "empty" / "journal.db") as journal:
        assert Pruning(journal, 1, lambda: [(1, 9)]).prune() == 0
