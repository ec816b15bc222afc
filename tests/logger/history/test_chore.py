"""How the history is read beside the readings: in slices, through errors, once the time is trusted."""

from datetime import UTC
from pathlib import Path

import pytest

from journal.boots import Anchor
from journal.reading import Day
from journal.writer import JournalWriter
from logger.history.chore import HistoryChore, newest
from logger.history.ring import ADDRESSES
from logger.line.frame import READ_EEPROM
from tests.logger.bench import RAM, Bench

HISTORY = {address: 5 + address % 7 * 20 for address in ADDRESSES} | {45: 4}
# The bench has one memory for both: what a reading needs of these addresses is as it was.
MEMORY = HISTORY | {address: value for address, value in RAM.items() if address not in range(46, 256)} | {
    address: RAM[address] for address in (46, 47, 48, 50, 93)
}  # fmt: skip


class Desk:
    """A bench, its regulator and the chore that goes by the journal."""

    def __init__(self, journal: JournalWriter) -> None:
        self.journal = journal
        self.bench = Bench(MEMORY)
        self.regulator = self.bench.regulator()
        self.chore = HistoryChore(journal, self.bench, zone=UTC)

    def read(self, *, is_held: bool = False) -> None:
        reading = self.regulator.read()
        assert reading is not None
        self.journal.append(reading, is_held=is_held)

    def work(self, gaps: int, *, has_time: bool = False) -> None:
        for _ in range(gaps):
            self.chore.work(self.regulator, lambda: has_time)

    def asked(self) -> list[int]:
        return [request[1] for request in self.bench.requests if request[0] == READ_EEPROM]

    def days(self) -> list[Day]:
        return [each for each in self.journal.records("days", 1, 1000) if isinstance(each, Day)]


@pytest.fixture
def desk(tmp_path: Path):
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.boot_number("one")
        yield Desk(journal)


def test_without_time_one_byte_is_read_in_each_gap(desk: Desk) -> None:
    desk.read()
    for gap in range(1, 20):
        desk.work(1)
        assert sorted(set(desk.asked())) == list(range(45, 45 + gap))


def test_with_time_all_is_read_and_then_one_day_stored_in_each_gap(desk: Desk) -> None:
    desk.read()
    desk.work(1, has_time=True)
    assert set(desk.asked()) == set(ADDRESSES)
    assert desk.days() == []
    desk.work(3)
    assert len(desk.days()) == 3
    desk.work(100)
    dates = [day.date for day in desk.days()]
    assert (len(dates), dates) == (30, sorted(dates))


def test_it_is_not_read_again_before_the_next_midnight(desk: Desk) -> None:
    desk.read()
    desk.work(40, has_time=True)
    before = len(desk.asked())
    for _ in range(5):
        desk.bench.seconds += 3600
        desk.bench.ram[48] += 10
        desk.read()
        desk.work(5, has_time=True)
    assert len(desk.asked()) == before
    desk.bench.seconds += 86_400
    desk.read()
    desk.work(5, has_time=True)
    assert len(desk.asked()) > before


def test_nothing_is_read_while_the_time_is_not_trusted(desk: Desk) -> None:
    desk.read(is_held=True)
    desk.work(5, has_time=True)
    assert (desk.asked(), newest(desk.journal)) == ([], None)
    moment = desk.bench.now()
    desk.journal.write_anchor(3, Anchor(moment.uptime_ms, moment.time_ms, "a person"))
    with_boots = [boot.number for boot in desk.journal.boots()]
    assert with_boots == [1]
    desk.read()
    desk.bench.seconds += 61
    desk.work(1, has_time=True)
    assert set(desk.asked()) == set(ADDRESSES)


def test_a_slice_cut_by_an_error_goes_on_later(desk: Desk) -> None:
    desk.read()
    desk.work(10)
    desk.bench.is_powered = False
    desk.work(2, has_time=True)
    assert desk.days() == []
    desk.bench.is_powered = True
    desk.read()
    desk.bench.requests.clear()
    desk.work(1, has_time=True)
    assert min(desk.asked()) >= 45 + 9 or desk.asked()[0] == 45 + 10
    desk.work(40)
    assert len(desk.days()) == 30


def test_a_stale_reading_does_not_tell_how_far_midnight_is(desk: Desk) -> None:
    desk.read()
    desk.bench.seconds += 900
    desk.work(3, has_time=True)
    assert desk.asked() == []


def test_a_file_system_that_is_read_only_puts_the_days_off(desk: Desk) -> None:
    desk.read()
    desk.work(1, has_time=True)
    desk.journal._connection.execute("PRAGMA query_only = ON")
    desk.work(3, has_time=True)
    assert desk.days() == []
    desk.journal._connection.execute("PRAGMA query_only = OFF")
    desk.work(40, has_time=True)
    assert len(desk.days()) == 30


def test_a_pointer_that_makes_no_sense_is_mentioned_and_tried_again_in_an_hour(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.bench.ram[45] = 77
    desk.read()
    desk.work(20, has_time=True)
    assert [record.message for record in caplog.records] == [
        "cannot read the regulator's history: its pointer is invalid; trying again in an hour"
    ]
    desk.bench.ram[45] = 4
    desk.bench.seconds += 3601
    desk.bench.ram[48] += 10
    desk.read()
    desk.work(40, has_time=True)
    assert len(desk.days()) == 30
