"""Careful with the battery: readings and uploads become rarer in steps, and come back with hysteresis."""

import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from journal.reading import Event, Reading
from journal.saving import FACTORS, KINDS, rarer
from journal.writer import JournalWriter
from logger.low_battery import LowBattery
from logger.poll import Identity, Poller, poll
from tests.logger.bench import Bench
from tests.scripted_influx import ScriptedInflux
from tests.uploader.site import Site, influx
from uploader.drain.drain import Drain

PLACE = Identity(site="shed", port="/dev/bench", version="0.1.0")
LIMIT = 24.0
"""Volts; the steps are at 24.0, 23.52 and 23.04, and are left above 24.72, 24.23 and 23.73."""


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        yield journal


class Battery:
    """A regulator whose battery has the voltage that it is told, and the logger that reads it every 10 s."""

    def __init__(self, journal: JournalWriter, limit: float | None = LIMIT) -> None:
        self.bench = Bench()
        self.journal = journal
        self.poller = Poller(
            journal,
            self.bench.regulator,
            self.bench,
            PLACE,
            interval_seconds=10,
            low_battery=LowBattery(journal, limit),
        )

    def be(self, volts: float, minutes: float) -> list[str]:
        """The events of these minutes."""
        self.bench.ram[50] = round(volts / 2 * 10)
        before = self.journal.last_id("events")
        self.bench.stop_at = self.bench.seconds + minutes * 60
        poll(self.poller, self.bench)
        self.bench.stop_at = math.inf
        events = self.journal.records("events", before + 1, 9999)
        return [each.kind for each in events if isinstance(each, Event) and each.kind != "started"]


def gaps(journal: JournalWriter, last: int) -> list[int]:
    times = [each.uptime_ms for each in journal.records("readings", 1, 99_999) if isinstance(each, Reading)]
    return [round((later - earlier) / 1000) for earlier, later in pairwise(times[-last - 1 :])]


def test_step_by_step_down_and_back_up(journal: JournalWriter) -> None:
    battery = Battery(journal)
    assert battery.be(25.0, 10) == ["settings_changed"]
    assert battery.be(23.8, 10) == ["battery_saving_1"]
    assert gaps(journal, 3) == [30] * 3
    assert battery.be(23.4, 20) == ["battery_saving_2"]
    assert gaps(journal, 3) == [100] * 3
    assert battery.be(22.6, 30) == ["battery_saving_3"]
    assert gaps(journal, 3) == [300] * 3
    assert battery.be(24.0, 20) == ["battery_saving_2"]
    assert battery.be(26.0, 30) == ["battery_saving_1", "battery_saving_over"]
    assert gaps(journal, 3) == [10] * 3


def test_a_battery_that_swings_about_the_limit_changes_nothing_more(journal: JournalWriter) -> None:
    battery = Battery(journal)
    battery.be(25.0, 10)
    battery.be(23.8, 10)
    for _ in range(4):
        assert battery.be(24.4, 8) == []
        assert battery.be(23.8, 8) == []


def test_a_dip_is_no_low_battery(journal: JournalWriter) -> None:
    battery = Battery(journal)
    battery.be(25.0, 10)
    for _ in range(3):
        assert battery.be(22.0, 4) == []
        assert battery.be(25.0, 1) == []


def test_rare_readings_are_not_told_as_a_slow_line(journal: JournalWriter) -> None:
    battery = Battery(journal)
    battery.be(23.8, 30)
    kinds = [each.kind for each in journal.records("events", 1, 9999) if isinstance(each, Event)]
    assert "interval_missed" not in kinds


def test_without_the_setting_nothing_becomes_rarer(journal: JournalWriter) -> None:
    battery = Battery(journal, None)
    assert battery.be(20.0, 10) == ["settings_changed"]
    assert gaps(journal, 5) == [10] * 5


def test_a_step_lasts_over_a_restart_until_it_is_switched_off(journal: JournalWriter) -> None:
    battery = Battery(journal)
    battery.be(23.8, 10)
    assert LowBattery(journal, LIMIT).rarer(10) == 3
    assert "battery_saving_over" in Battery(journal, None).be(23.8, 1)
    assert LowBattery(journal, LIMIT).rarer(10) == 1


def test_the_uploader_knows_it_from_the_events(tmp_path: Path) -> None:
    with Site(tmp_path) as site, ScriptedInflux() as server, influx(server.target) as writer:

        def wait_of(drain: Drain) -> float:
            site.clock.now += 600
            while not (step := drain.drain_once()).is_idle:
                pass
            return step.wait_seconds

        drain = site.drain(writer, every_seconds=10)
        assert wait_of(drain) == 10
        for number, (kind, factor) in enumerate(
            zip((*KINDS[1:], "regulator_back", KINDS[0]), (*FACTORS[1:], 30, 1), strict=True)
        ):
            site.journal.append(Event(time_ms=number, boot=1, uptime_ms=number, kind=kind, message=""))
            assert wait_of(drain) == wait_of(site.drain(writer, every_seconds=10)) == 10 * factor
    assert (rarer(60, 3), rarer(60, 0), rarer(3600, 3)) == (600, 60, 3600)
