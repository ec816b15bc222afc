"""Readings decoded anew in place: what changes, what stays, and who can see it."""

from dataclasses import replace
from pathlib import Path

import pytest

from journal.journal import CHUNK_ROWS, Journal
from journal.reading import Reading
from journal.revisions import DECODED, KEPT, Decoding, Revision
from journal.writer import JournalWriter


def reading(number: int, **quantities: object) -> Reading:
    return Reading(time_ms=number * 1000, boot=1, uptime_ms=number, raw=bytes([213, number % 256]), **quantities)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path):
    with JournalWriter.create(path) as journal:
        for number in range(1, 6):
            journal.append(reading(number, charge_amps=0.4 * number, model="PL80"))
        yield journal


def all_of(journal: JournalWriter) -> list[Reading]:
    return list(journal.records("readings", 1, 100))


def test_a_revised_reading_keeps_everything_that_its_bytes_do_not_tell(journal: JournalWriter) -> None:
    before = all_of(journal)
    wrong = {"time_ms": 1, "boot": 9, "uptime_ms": 2, "wall_ms": 3, "time_uncertainty_seconds": 4.0, "raw": b""}
    wrong["reading_seconds"] = 5.0
    assert wrong.keys() | {"id"} == KEPT
    new = [replace(each, **wrong, charge_amps=each.charge_amps * 2, regulator_state="float") for each in before[1:3]]
    journal.revise(new, Decoding("twice", 1))
    after = all_of(journal)
    assert after == [
        before[0],
        replace(before[1], charge_amps=1.6, regulator_state="float"),
        replace(before[2], charge_amps=2.4000000000000004, regulator_state="float"),
        *before[3:],
    ]


def test_every_column_is_either_kept_or_decoded(journal: JournalWriter) -> None:
    assert set(DECODED) | KEPT == set(Reading.__dataclass_fields__)


def test_revisions_are_numbered_and_seen_by_who_only_reads(journal: JournalWriter, path: Path) -> None:
    readings = all_of(journal)
    journal.revise(readings[3:], Decoding("a", 3))
    journal.revise(readings[:3], Decoding("a", 0))
    with Journal.open(path) as other:
        first, second = other.revisions()
        assert (first, second) == (Revision(first.number, 4, 5), Revision(second.number, 1, 3))
        assert 0 < first.number < second.number
        assert other.revisions(first.number) == [second]
        assert other.revisions(second.number) == []
        assert other.revisions(second.number + 1) == [first, second], "that one was lost"
        assert other.decoding() == Decoding("a", 0, 0)


def test_a_batch_in_which_nothing_changes_moves_the_mark_and_makes_no_revision(journal: JournalWriter) -> None:
    assert journal.decoding() is None
    journal.note_decoding(Decoding("a", 5, 2))
    journal.revise([], Decoding("a", 3, 2))
    assert (journal.decoding(), journal.revisions()) == (Decoding("a", 3, 2), [])


def test_a_batch_that_fails_leaves_neither_values_nor_mark(journal: JournalWriter) -> None:
    before = all_of(journal)
    journal.note_decoding(Decoding("a", 5))

    def broken():
        yield replace(before[0], charge_amps=99.0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.revise(broken(), Decoding("a", 0))
    assert (all_of(journal), journal.decoding(), journal.revisions()) == (before, Decoding("a", 5), [])


def test_some_columns_are_read_in_either_direction_and_in_chunks(journal: JournalWriter) -> None:
    journal.append_all(reading(number, charge_amps=1.0) for number in range(6, 2 * CHUNK_ROWS))
    names = ("time_ms", "charge_amps")
    rows = list(journal.values("readings", names, 1, 10**9))
    assert rows == [(each.time_ms, each.charge_amps) for each in journal.records("readings", 1, 10**9)]
    assert list(journal.values("readings", names, 1, 10**9, newest_first=True)) == rows[::-1]
    assert list(journal.values("readings", names, 2, 4, limit=2, newest_first=True)) == [rows[3], rows[2]]
