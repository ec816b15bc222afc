"""The loop, with a bench in place of regulator and time."""

import logging
import math
from itertools import pairwise
from pathlib import Path

import pytest

from journal.errors import PortMissing
from journal.writer import JournalWriter
from logger.poll import Identity, Poller, poll
from logger.regulator.registers import by_address
from tests.logger.bench import Bench
from tests.logger.test_write_buffer import full

PLACE = Identity(site="shed", port="/dev/bench", version="0.1.0")


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def path(tmp_path: Path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with JournalWriter.create(path) as journal:
        yield journal


def poller_at(bench, journal, **options):
    return Poller(journal, bench.regulator, bench, PLACE, **({"interval_seconds": 10} | options))


def run(bench, journal, seconds, **options):
    """Poll for so many seconds of the bench's time."""
    bench.stop_at = bench.seconds + seconds
    poller = poller_at(bench, journal, **options)
    poll(poller, bench)
    poller.close()
    bench.stop_at = float("inf")
    return poller


def readings(journal):
    return list(journal.records("readings", 1, journal.last_id("readings")))


def kinds(journal):
    return [event.kind for event in journal.records("events", 1, journal.last_id("events"))]


def messages(journal, kind):
    return [event.message for event in journal.records("events", 1, 1000) if event.kind == kind]


def test_readings_lie_on_a_grid_that_does_not_drift(bench, journal):
    run(bench, journal, 1800)
    seconds = [reading.uptime_ms / 1000 - 1000 for reading in readings(journal)]
    assert [second - round(second, -1) for second in seconds] == pytest.approx([0] * len(seconds), abs=0.01)
    assert seconds[-1] == pytest.approx(1790, abs=0.01)
    assert len(seconds) >= 178


def test_a_tick_that_was_missed_is_skipped_and_not_made_up_for(bench, journal):
    bench.delay = lambda nth: 0.4
    run(bench, journal, 600)
    seconds = [reading.uptime_ms / 1000 - 1000 for reading in readings(journal)]
    assert [second - round(second, -1) for second in seconds] == pytest.approx([0] * len(seconds), abs=0.01)
    assert all(later - earlier >= 19.9 for earlier, later in pairwise(seconds))


def test_no_reading_waits_for_the_settings(bench, journal):
    """They take longer than the gap between two readings."""
    run(bench, journal, 60)
    asked = [request[1] for request in bench.requests if request[0] == 20 and 64 <= request[1] <= 94]
    assert len(asked) > 60
    assert [round(reading.uptime_ms / 1000) for reading in readings(journal)] == list(range(1000, 1060, 10))


def test_it_ends_after_so_many_readings(bench, journal):
    poller = poller_at(bench, journal)
    poll(poller, bench, count=3)
    poller.close()
    assert (poller.readings_stored, journal.count("readings")) == (3, 3)


def test_the_first_events_are_the_start_and_the_settings(bench, journal):
    bench.ram[64:95] = [*range(100, 129), 0x01, 44]
    run(bench, journal, 120)
    assert kinds(journal) == ["started", "settings_changed"]
    assert messages(journal, "started") == ["logger 0.1.0 started: site shed, port /dev/bench"]
    snapshot = journal.get("events", 2)
    assert by_address(snapshot.raw) == {address: bench.ram[address] for address in range(64, 95)}
    assert (snapshot.boot, snapshot.time_ms - 1_700_000_000_000) == (3, snapshot.uptime_ms)


def test_settings_changed_at_the_panel_are_seen_within_an_hour_and_once(bench, journal):
    run(bench, journal, 300)
    bench.ram[87] = 145
    run(bench, journal, 4000)
    assert kinds(journal) == ["started", "settings_changed", "started", "settings_changed"]
    assert messages(journal, "settings_changed")[1] == "settings changed: BMAX 0.0 V → 29.0 V"
    asked = [request for request in bench.requests if request[:2] == bytes([20, 87])]
    assert len(asked) <= 2 + 4 + 3


def test_settings_changed_while_it_runs_are_seen_within_an_hour(bench, journal):
    changed_at = []

    def change(command, address):
        if bench.seconds > 1500 and not changed_at:
            changed_at.append(bench.seconds)
            bench.ram[74] = 30

    bench.before = change
    run(bench, journal, 4000)
    assert messages(journal, "settings_changed")[1:] == ["settings changed: ATIM 0.0 h → 3.0 h"]


def test_reading_the_settings_costs_no_readings(bench, journal):
    run(bench, journal, 4000)
    seconds = [reading.uptime_ms / 1000 - 1000 for reading in readings(journal)]
    assert len(seconds) >= 397


@pytest.mark.parametrize("fault", ["is_powered", "is_plugged_in"])
def test_a_silence_is_two_events_and_readings_come_back_by_themselves(bench, journal, fault):
    def fail(command, address):
        if 1060 < bench.seconds < 1070:
            setattr(bench, fault, False)

    bench.before = fail
    run(bench, journal, 100)
    before = journal.count("readings")
    assert 5 <= before <= 7
    bench.before = lambda command, address: None
    run(bench, journal, 300)
    assert journal.count("readings") == before
    setattr(bench, fault, True)
    run(bench, journal, 100)
    assert journal.count("readings") >= before + 8
    # The bench's clock stands still meanwhile.
    others = ("started", "settings_changed", "regulator_clock_changed")
    assert [kind for kind in kinds(journal) if kind not in others] == [
        "regulator_silent",
        "regulator_back",
    ]
    assert messages(journal, "regulator_back")[0].startswith("readings are back after 5 min")


def test_a_port_that_is_missing_is_tried_until_it_is_there(bench, journal):
    tries = []

    def connect():
        tries.append(bench.seconds - 1000)
        if bench.seconds < 1100:
            raise PortMissing("cannot open /dev/bench: there is no such port")
        return bench.regulator()

    bench.stop_at = bench.seconds + 150
    poller = Poller(journal, connect, bench, PLACE, interval_seconds=10)
    poll(poller, bench)
    poller.close()
    assert tries == pytest.approx([0, 1, 3, 7, 15, 31, 51, 71, 91, 111])
    assert kinds(journal)[:3] == ["started", "port_missing", "regulator_back"]
    assert messages(journal, "port_missing") == ["cannot open /dev/bench: there is no such port"]
    assert messages(journal, "regulator_back") == ["readings are back after 1 min 59 s"]
    seconds = [reading.uptime_ms / 1000 - 1000 for reading in readings(journal)]
    assert seconds == pytest.approx([111, 120, 130, 140], abs=0.01)  # the first takes 7 s


def test_a_port_that_breaks_is_closed_and_opened_again(bench, journal):
    opened = []

    def connect():
        opened.append(bench.seconds)
        assert not bench.is_open
        return bench.regulator()

    def break_off(command, address):
        if bench.seconds > 1025 and len(opened) == 1:
            raise OSError(5, "Input/output error")

    bench.before = break_off
    bench.stop_at = bench.seconds + 60
    poller = Poller(journal, connect, bench, PLACE, interval_seconds=10)
    poll(poller, bench)
    poller.close()
    assert len(opened) == 2
    assert [kind for kind in kinds(journal) if kind != "settings_changed"] == [
        "started",
        "port_missing",
        "regulator_back",
    ]


def test_a_pli_that_falls_silent_is_tried_with_the_port_opened_anew_each_time(bench, journal):
    """Which raises DTR and RTS again, finds an adapter under its new number, and empties a device server."""
    opened = []

    def connect():
        assert not bench.is_open
        opened.append(bench.seconds)
        return bench.regulator()

    bench.is_powered = False
    bench.stop_at = bench.seconds + 100
    poller = Poller(journal, connect, bench, PLACE, interval_seconds=10)
    poll(poller, bench)
    poller.close()
    assert len(opened) >= 5
    assert not bench.is_open


def test_another_regulator_is_an_event_also_when_it_was_changed_while_the_logger_was_off(bench, journal):
    run(bench, journal, 30)
    bench.ram[0], bench.ram[93] = 11, 0x04
    run(bench, journal, 30)
    assert messages(journal, "model_changed") == ["another regulator: PL80 → PL20 (RAM 0: 222 → 11)"]
    assert messages(journal, "system_voltage_changed") == ["system voltage 24 V → 48 V (RAM 93: 49 → 4)"]
    assert [(reading.model, reading.battery_volts) for reading in readings(journal)][-1] == ("PL20", 54.8)


def test_a_full_disk_does_not_stop_the_readings(bench, journal):
    poller = poller_at(bench, journal)
    poll(poller, bench, count=2)
    first = bench.seconds
    with full(journal):
        bench.stop_at = bench.seconds + 50
        poll(poller, bench)
    bench.stop_at = bench.seconds + 30
    poll(poller, bench)
    poller.close()
    own = [reading for reading in readings(journal) if reading.uptime_ms < 10_000_000 and reading.battery_volts]
    seconds = [reading.uptime_ms / 1000 for reading in own if reading.uptime_ms / 1000 > first]
    assert [later - earlier for earlier, later in pairwise(seconds)] == pytest.approx([10] * (len(seconds) - 1), abs=1)
    assert "journal_full" in kinds(journal)
    assert "journal_back" in kinds(journal)


def test_the_heart_beats_at_every_try_and_says_how_it_went(bench, journal):
    lines = []
    run(bench, journal, 40, heartbeat=lines.append)
    assert lines == ["27.4 V, 88 %, charge 26.5 A, load 9.7 A, absorption"] * len(readings(journal))
    bench.is_plugged_in = False
    lines.clear()
    run(bench, journal, 120, heartbeat=lines.append)
    assert len(lines) >= 6
    assert all("the PLI answers, but the regulator does not" in line for line in lines)


def test_it_is_quiet_when_well(bench, journal, caplog):
    caplog.set_level(logging.INFO)
    run(bench, journal, 600)
    assert caplog.messages == [
        "reading a PL80 at /dev/bench every 10 s: 27.4 V, 88 %, charge 26.5 A, load 9.7 A, absorption"
    ]


def test_a_register_that_refuses_is_mentioned_once_a_minute(bench, journal, caplog):
    caplog.set_level(logging.INFO)
    bench.to_us = lambda reply: bytes([129]) if bench.requests[-1][:2] == bytes([20, 53]) else reply
    run(bench, journal, 300)
    assert set(caplog.messages[1:]) == {"missing from the reading: RAM 53 (time-out)"}
    assert 4 <= len(caplog.messages[1:]) <= 6
    assert {reading.solar_volts for reading in readings(journal)} == {None}


@pytest.mark.parametrize("after", [0.5, 3, 4.5, 12, 14.6, 16, 23])
def test_stopped_in_mid_reading_it_stores_what_it_has_and_ends_at_once(bench, journal, after):
    bench.stop_at = bench.seconds + after
    poller = poller_at(bench, journal)
    poll(poller, bench)
    poller.close()
    assert bench.seconds - bench.stop_at < 0.3
    assert {reading.battery_volts for reading in readings(journal)} <= {27.4}


def test_an_interval_that_the_line_cannot_keep_is_told_once(bench, journal, caplog) -> None:
    caplog.set_level(logging.INFO)
    bench.delay = lambda nth: 0.2
    run(bench, journal, 200, interval_seconds=1)
    times = [reading.uptime_ms for reading in readings(journal)]
    usual = sorted(after - before for before, after in pairwise(times[1:6]))[2] / 1000
    words = (
        f"cannot take a reading every 1 s: the line is too slow, one arrives every {round(usual, 1):g} s; "
        f"set SOLAR_INTERVAL to {math.ceil(usual)} or more"
    )
    assert usual > 5
    assert messages(journal, "interval_missed") == [words]
    assert [record.message for record in caplog.records if "SOLAR_INTERVAL" in record.message] == [words]


def test_and_again_only_after_it_was_kept(bench, journal) -> None:
    poller = poller_at(bench, journal, interval_seconds=10)
    for seconds_a_byte, seconds in [(0.01, 100), (1.0, 400), (0.01, 100), (1.0, 400)]:
        bench.delay = lambda nth, seconds=seconds_a_byte: seconds
        bench.stop_at = bench.seconds + seconds
        poll(poller, bench)
    assert [kind for kind in kinds(journal) if "interval" in kind] == [
        "interval_missed",
        "interval_kept",
        "interval_missed",
    ]
    assert messages(journal, "interval_kept") == ["readings come every 10 s again"]


def test_an_outage_is_no_slow_line(bench, journal) -> None:
    poller = poller_at(bench, journal, interval_seconds=10)
    for _ in range(8):
        for is_powered in (True, False):
            bench.is_powered = is_powered
            bench.stop_at = bench.seconds + 60
            while not bench.is_set() and (poller.step().reading is None or not is_powered):
                bench.wait(poller.wait_seconds())
    assert "regulator_silent" in kinds(journal)
    assert "interval_missed" not in kinds(journal)
