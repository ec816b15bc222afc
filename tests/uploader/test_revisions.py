"""Readings that the journal decoded anew are sent again, over themselves; nothing else is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from journal.reading import Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from tests.servers import Database
from tests.uploader.site import Site, influx
from uploader.server.outcomes import Outcome, Sent


@pytest.fixture
def site(tmp_path: Path):
    with Site(tmp_path) as site:
        yield site


class Recorder:
    """Takes everything, and remembers it."""

    bytes_on_wire = 0

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, lines: list[str]) -> Outcome:
        self.lines += lines
        return Sent()


def revise(journal: JournalWriter, *ids: int, factor: float = 10.0) -> None:
    """Give these readings other amperes."""
    readings = [record for each in ids if isinstance(record := journal.get("readings", each), Reading)]
    new = [replace(each, charge_amps=(each.charge_amps or 0.0) * factor + 1) for each in readings]
    journal.revise(new, Decoding("other"))


def amps(rows: list[dict[str, Any]]) -> list[float]:
    return [row["charge_amps"] for row in sorted(rows, key=lambda row: row["time"])]


def test_in_influxdb_the_new_values_lie_over_the_old_ones(site: Site, database: Database) -> None:
    site.append(6)
    with influx(database.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        assert amps(database.rows("solar")) == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
        revise(site.journal, 2, 3)
        site.clock.now += 60
        site.run(drain)
    assert amps(database.rows("solar")) == [0.0, 6.0, 11.0, 1.5, 2.0, 2.5]


def test_a_revision_is_sent_again_once_also_by_a_process_that_began_later(site: Site) -> None:
    site.append(6)
    recorder = Recorder()
    site.run(site.drain(recorder))
    revise(site.journal, 2, 3)
    revise(site.journal, 5)
    site.restart()
    recorder.lines.clear()
    site.run(site.drain(recorder))
    assert [line.split()[-1][-8:-4] for line in recorder.lines] == ["0001", "0002", "0004"]
    site.restart()
    recorder.lines.clear()
    drain = site.drain(recorder)
    site.clock.now += 120
    drain.drain_once()
    assert recorder.lines == []


def test_a_revision_that_a_card_lost_does_not_hide_the_next_one(site: Site) -> None:
    """The card loses the last revision but no record. Then the readings are revised in another way."""
    site.append(6)
    revise(site.journal, 6)
    site.journal.close()
    kept = site.journal.path.read_bytes()
    with JournalWriter.create(site.journal.path) as journal:
        revise(journal, 2)
    recorder = Recorder()
    site.run(site.drain(recorder))
    site.journal.path.write_bytes(kept)
    with JournalWriter.create(site.journal.path) as journal:
        revise(journal, 3, 4, factor=20.0)
    site.restart()
    recorder.lines.clear()
    site.run(site.drain(recorder))
    sent = [(line.split()[-1][-8:-4], line.partition("charge_amps=")[2].partition(",")[0]) for line in recorder.lines]
    assert sent == [("0002", "21.0"), ("0003", "31.0"), ("0005", "26.0")]


def test_readings_that_get_the_ids_of_lost_ones_are_sent(site: Site) -> None:
    site.append(3)
    site.run(site.drain(Recorder()))
    site.journal.close()
    kept = site.journal.path.read_bytes()
    site.journal = JournalWriter.create(site.journal.path)
    site.append(3)
    site.run(site.drain(Recorder()))
    site.journal.close()
    site.journal.path.write_bytes(kept)
    site.journal = JournalWriter.create(site.journal.path)
    times = site.append(5)
    recorder = Recorder()
    assert site.journal.last_id("readings") == 8
    site.restart()
    site.run(site.drain(recorder))
    assert [int(line.split()[-1]) for line in recorder.lines] == times


def test_a_reading_revised_while_it_is_being_sent_is_sent_again(site: Site) -> None:
    site.append(3)

    class Meanwhile(Recorder):
        def write(self, lines: list[str]) -> Outcome:
            if not self.lines:
                revise(site.journal, 1, 2, 3)
            return super().write(lines)

    recorder = Meanwhile()
    drain = site.drain(recorder)
    site.run(drain)
    site.clock.now += 60
    site.run(drain)
    assert [line.count("charge_amps=") for line in recorder.lines] == [1] * 6
    assert ["charge_amps=11.0" in line for line in recorder.lines] == [False] * 4 + [False, True]
