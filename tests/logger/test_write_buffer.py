"""A disk without room."""

import logging
from contextlib import contextmanager, suppress
from itertools import count

import pytest

from journal.errors import JournalFull
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger.write_buffer import WriteBuffer
from tests.logger.bench import Bench


@pytest.fixture
def journal(tmp_path):
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        yield journal


@contextmanager
def full(journal):
    """The disk has no room meanwhile."""
    (pages,) = journal._connection.execute("PRAGMA page_count").fetchone()
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with suppress(JournalFull):
        for number in count(900_000):
            journal.append(reading(number, size=0))
    yield
    journal._connection.execute("PRAGMA max_page_count = 1000000")


def event(change):
    return Event(time_ms=Bench().now().time_ms, boot=3, uptime_ms=0, kind=change.kind, message=change.message)


def reading(number, size=2000):
    return Reading(time_ms=number, boot=3, uptime_ms=number, raw=bytes(size))


def numbers(journal):
    """The readings on the disk by their number, without the filling."""
    uptimes = [record.uptime_ms for record in journal.records("readings", 1, 10_000)]
    return [number for number in uptimes if number < 900_000]


def events(journal):
    return [(record.kind, record.message) for record in journal.records("events", 1, 100)]


def test_with_room_every_record_is_on_the_disk_at_once(journal):
    buffer = WriteBuffer(journal, event)
    assert [buffer.append(reading(number)) for number in range(5)] == [True] * 5
    assert numbers(journal) == list(range(5))
    assert (buffer.readings_stored, buffer.waiting, events(journal)) == (5, 0, [])


def test_what_was_read_while_the_disk_was_full_is_stored_in_order_when_there_is_room(journal, caplog):
    caplog.set_level(logging.INFO)
    buffer = WriteBuffer(journal, event)
    buffer.append(reading(0))
    with full(journal):
        caplog.clear()
        assert not any(buffer.append(reading(number)) for number in range(1, 6))
        assert (buffer.readings_stored, buffer.waiting) == (1, 6)
    assert buffer.append(reading(6))
    assert numbers(journal) == list(range(7))
    assert buffer.readings_stored == 7
    assert [kind for kind, _ in events(journal)] == ["journal_full", "journal_back"]
    assert events(journal)[1][1] == "the journal has room again; readings lost meanwhile: none"
    assert len(caplog.messages) == 2


def test_beyond_its_bound_the_oldest_readings_go_and_their_number_is_told(journal):
    buffer = WriteBuffer(journal, event, kept=4)
    with full(journal):
        for number in range(10):
            buffer.append(reading(number))
    assert buffer.append(reading(10))
    assert numbers(journal) == [6, 7, 8, 9, 10]
    assert events(journal)[1][1] == "the journal has room again; readings lost meanwhile: 6"


def test_room_can_be_asked_for_without_a_new_record(journal):
    buffer = WriteBuffer(journal, event)
    with full(journal):
        buffer.append(reading(1))
        assert not buffer.flush()
    assert buffer.flush()
    assert numbers(journal) == [1]
