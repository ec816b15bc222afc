"""Times without readings."""

import logging

import pytest

from journal.errors import PliSilent, PortMissing, RegulatorSilent
from journal.reading import Event
from logger.events.durations import spoken
from logger.outage import Outage
from tests.logger.bench import Bench

SILENT = PliSilent("cannot reach the PLI")


@pytest.fixture
def bench():
    return Bench()


def test_the_first_failure_and_the_end_are_events_and_nothing_between(bench):
    outage = Outage(bench, 10)
    assert outage.end() is None
    assert outage.fail(RegulatorSilent("cannot read")) == ("regulator_silent", "cannot read", {})
    assert [outage.fail(error) for error in (SILENT, PortMissing("gone"), SILENT)] == [None] * 3
    bench.seconds += 200
    assert outage.end() == ("regulator_back", "readings are back after 3 min 20 s", {})
    assert outage.end() is None


def test_a_missing_port_is_an_event_of_its_own_kind(bench):
    assert Outage(bench, 10).fail(PortMissing("gone")) == ("port_missing", "gone", {})


def test_what_an_earlier_run_wrote_down_goes_on(bench):
    def event(kind, boot):
        return Event(time_ms=1, boot=boot, uptime_ms=970_000, kind=kind, message="")

    outage = Outage(bench, 10, event("port_missing", boot=3))
    assert outage.fail(SILENT) is None
    assert outage.end().message == "readings are back after 30 s"
    assert Outage(bench, 10, event("regulator_silent", boot=2)).end().message == "readings are back again"
    assert Outage(bench, 10, event("regulator_back", boot=3)).end() is None


@pytest.mark.parametrize(
    ("interval", "waits"),
    [(10, [1, 2, 4, 8, 16, 20, 20]), (0.25, [0.25, 0.5, 1, 2, 4, 8, 16])],
    ids=["often at first", "as often as readings"],
)
def test_tries_come_quickly_at_first_and_never_stop(bench, interval, waits):
    outage = Outage(bench, interval)
    seen = []
    for _ in range(7):
        outage.fail(SILENT)
        seen.append(outage.retry_seconds)
    assert seen == waits
    for _ in range(5000):
        outage.fail(SILENT)
    assert outage.retry_seconds == 20


def test_while_failing_it_says_so_once_a_minute(bench, caplog):
    caplog.set_level(logging.INFO)
    outage = Outage(bench, 10)
    for _ in range(61):
        outage.fail(SILENT)
        bench.seconds += 2
    outage.end()
    assert caplog.messages == [
        "cannot reach the PLI; trying again in 1 s",
        "cannot reach the PLI; trying again in 20 s",
        "cannot reach the PLI; trying again in 20 s",
        "readings are back after 2 min 2 s",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min 59 s"), (18_600, "5 h 10 min"), (183_600, "2 days 3 h")],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, words):
    assert spoken(seconds) == words
