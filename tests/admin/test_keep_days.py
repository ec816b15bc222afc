"""`solar log --keep-days`: what it deletes, with the uploader's own word for what was sent."""

from pathlib import Path

import pytest

from admin.commands.log import sent_readings
from journal.id_ranges import IdRanges
from journal.reading import Reading
from journal.writer import JournalWriter
from tests.journals.known import KnownJournal
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.line_protocol import Line


@pytest.fixture
def journal(tmp_path: Path):
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append_all(Reading(time_ms=number, boot=1, uptime_ms=number) for number in range(1, 6))
        yield journal


def test_before_the_first_upload_nothing_counts_as_sent(journal: JournalWriter) -> None:
    assert sent_readings(journal) == ()


def test_what_the_uploader_is_done_with_counts_as_sent(journal: JournalWriter, tmp_path: Path) -> None:
    with Progress.open(tmp_path / "uploader.db") as progress:
        progress.see(journal)
        progress.mark_done("readings", [(1, 2), (4, 4)])
    assert sent_readings(journal) == ((1, 2), (4, 4))


def test_what_the_server_refused_is_kept_to_be_sent_when_its_cause_is_mended(
    journal: JournalWriter, tmp_path: Path
) -> None:
    with Progress.open(tmp_path / "uploader.db") as progress:
        progress.see(journal)
        refusal = Refusal((Line(3, 3, "solar v=1 3"),), "no", 422, 9)
        progress.settle(Settled("readings", IdRanges.of([(1, 2)]), IdRanges.of_ids([3]), refusal), State(), BatchSize())
    assert sent_readings(journal) == ((1, 2),)


def test_what_the_bucket_did_not_keep_is_kept_here_until_it_is_sent(journal: JournalWriter, tmp_path: Path) -> None:
    with Progress.open(tmp_path / "uploader.db") as progress:
        progress.see(journal)
        old = IdRanges.of([(1, 3)])
        progress.settle(Settled("readings", IdRanges.of([(4, 5)]), old, expired=old), State(), BatchSize())
        assert sent_readings(journal) == ((4, 5),)
        progress.requeue("readings", [(1, 5)])
        progress.settle(Settled("readings", IdRanges.of([(1, 3)]), IdRanges()), State(), BatchSize())
    assert sent_readings(journal) == ((1, 3),)


def test_what_was_sent_of_another_journal_does_not_count(journal: JournalWriter, tmp_path: Path) -> None:
    """After a damaged journal was set aside, the same ids are other readings."""
    with Progress.open(tmp_path / "uploader.db") as progress:
        progress.see(KnownJournal("another", {"readings": 5}))
        progress.mark_done("readings", [(1, 5)])
    assert sent_readings(journal) == ()
