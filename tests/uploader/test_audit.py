"""The comparison of a real journal with what a server has stored."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.journal import Journal
from journal.reading import Day, Event, Reading
from tests.uploader.stored import Point, Stored
from uploader.audit import TIMES_AT_ONCE, Audit, Hour
from uploader.batch_size import BatchSize
from uploader.dead_letters import Refusal
from uploader.id_ranges import IdRanges
from uploader.line_protocol import Line
from uploader.progress import Progress, Settled
from uploader.question import HOUR_MS
from uploader.status import State

BEGIN_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
MINUTE_MS = 60_000

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
"""Where a sync costs nothing; what a power cut leaves is not the question here."""


def reading(time_ms: int, **values: float | None) -> Reading:
    fields: dict[str, Any] = {"battery_volts": 25.0} | values
    return Reading(time_ms=time_ms, boot=1, uptime_ms=0, model="PL80", **fields)


class Place:
    """A journal and its uploader.db; `fill` appends readings a minute apart."""

    def __init__(self, directory: Path) -> None:
        self.journal = Journal.create(directory / "journal.db")
        self.progress = Progress.open(directory / "uploader.db")
        self.journal.boot_number("one")
        self.progress.adopt(self.journal.identity(), self.journal.last_ids())

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self.progress.close()

    def fill(self, minutes: int) -> list[int]:
        """Readings, all sent; their times."""
        times = [BEGIN_MS + minute * MINUTE_MS for minute in range(minutes)]
        self.journal.append_all(map(reading, times))
        self.progress.mark_done("readings", [(1, minutes)])
        return times

    def refuse(self, *ids: int) -> None:
        lines = tuple(Line(each, 0, "line") for each in ids)
        done = IdRanges.of_ids(ids)
        settled = Settled("readings", IdRanges(), done, Refusal(lines, "no", 422, 0))
        self.progress.settle(settled, State(), BatchSize())

    def audit(self, server: Stored, *, retention_seconds: int | None = None, now_ms: int = 0) -> Audit:
        return Audit(self.journal, self.progress, server, retention_seconds=retention_seconds, now_ms=now_ms)


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with Place(tmp_path) as made:
        yield made


def hour(
    number: int, in_journal: int, at_server: int, *lost: tuple[int, int], surplus: int = 0, **missing: int
) -> Hour:
    lost_ids = IdRanges.of(lost)
    reasons: Any = missing | ({"lost": lost_ids.count} if lost else {})
    begin_ms = BEGIN_MS + number * HOUR_MS
    return Hour("readings", "home", begin_ms, in_journal, at_server, reasons, lost_ids, surplus)


def test_a_server_that_has_everything_has_no_hole_and_one_short_question_to_answer(place: Place) -> None:
    server = Stored([Point(time) for time in place.fill(180)])
    assert list(place.audit(server).hours("readings")) == [hour(0, 60, 60), hour(1, 60, 60), hour(2, 60, 60)]
    assert [how for how, _ in server.asked] == ["counts"]


def test_an_hour_that_is_lost_whole_is_found_without_asking_for_times(place: Place) -> None:
    times = place.fill(180)
    server = Stored([Point(time) for time in times if not 60 <= (time - BEGIN_MS) / MINUTE_MS < 120])
    assert list(place.audit(server).hours("readings")) == [hour(0, 60, 60), hour(1, 60, 0, (61, 120)), hour(2, 60, 60)]
    assert [how for how, _ in server.asked] == ["counts"]


def test_single_lost_readings_are_found_by_their_times(place: Place) -> None:
    times = place.fill(180)
    server = Stored([Point(time) for time in times if time not in (times[70], times[71], times[90])])
    found = list(place.audit(server).hours("readings"))
    assert found == [hour(0, 60, 60), hour(1, 60, 57, (71, 72), (91, 91)), hour(2, 60, 60)]
    assert [(how, question.since_ms, question.until_ms) for how, question in server.asked] == [
        ("counts", BEGIN_MS, times[-1] + 1),
        ("times", BEGIN_MS + HOUR_MS, BEGIN_MS + 2 * HOUR_MS),
    ]


def test_what_waits_or_was_refused_is_told_apart_from_what_was_lost(place: Place) -> None:
    times = place.fill(60)
    place.journal.append(reading(times[-1] + 1000), is_held=True)
    place.progress.requeue("readings", [(1, 10)])
    place.refuse(20, 21)
    server = Stored([Point(time) for time in times[30:]])
    assert list(place.audit(server).hours("readings")) == [
        hour(0, 61, 30, (11, 19), (22, 30), pending=10, held=1, refused=2)
    ]


def test_what_is_pending_and_at_the_server_all_the_same_is_no_hole(place: Place) -> None:
    """After `solar replay`."""
    times = place.fill(60)
    place.progress.requeue("readings", [(1, 60)])
    assert list(place.audit(Stored([Point(time) for time in times])).hours("readings")) == [hour(0, 60, 60)]


def test_what_waits_does_not_hide_what_was_lost(place: Place) -> None:
    """As many points as were sent, but not the same ones."""
    times = place.fill(60)
    place.progress.requeue("readings", [(1, 5)])
    server = Stored([Point(time) for time in times[:-5]])
    assert list(place.audit(server).hours("readings")) == [hour(0, 60, 55, (56, 60))]


def test_what_is_older_than_the_server_keeps_is_not_lost(place: Place) -> None:
    times = place.fill(60)
    audit = place.audit(
        Stored([Point(time) for time in times[40:]]), retention_seconds=3600, now_ms=times[30] + HOUR_MS
    )
    assert list(audit.hours("readings")) == [hour(0, 60, 20, (31, 40), expired=30)]


def test_points_that_only_the_server_has_are_no_hole(place: Place) -> None:
    times = place.fill(120)
    place.journal.append(reading(BEGIN_MS + 5 * HOUR_MS))
    place.progress.mark_done("readings", [(121, 121)])
    strangers = [times[7] + 1, times[8] + 1, BEGIN_MS + 3 * HOUR_MS, BEGIN_MS + 5 * HOUR_MS]
    server = Stored([Point(time) for time in (*times, *strangers)])
    assert list(place.audit(server).hours("readings")) == [
        hour(0, 60, 62, surplus=2),
        hour(1, 60, 60),
        hour(3, 0, 1, surplus=1),
        hour(5, 1, 1),
    ]


def test_a_stretch_is_compared_to_the_millisecond(place: Place) -> None:
    times = place.fill(120)
    server = Stored([Point(time) for time in times[31:]])
    found = list(place.audit(server).hours("readings", times[30], times[61]))
    assert found == [hour(0, 30, 29, (31, 31)), hour(1, 1, 1)]
    assert list(place.audit(server).hours("readings", times[-1] + 1)) == []


def test_the_same_point_under_two_models_counts_once(place: Place) -> None:
    times = place.fill(60)
    assert list(place.audit(Stored([Point(time) for time in (*times, *times)])).hours("readings")) == [hour(0, 60, 60)]


def test_each_record_is_looked_for_under_the_site_that_it_was_taken_at(place: Place) -> None:
    times = [BEGIN_MS + minute * MINUTE_MS for minute in range(60)]
    for first, site in ((0, "home"), (20, "hut"), (40, "home")):
        place.journal.append_all(map(reading, times[first : first + 20]), site=site)
    place.progress.mark_done("readings", [(1, 60)])
    server = Stored([Point(time, "hut" if 20 <= n < 40 else "home") for n, time in enumerate(times) if n != 30])
    found = [(each.site, each.in_journal, each.lost_ids.ranges) for each in place.audit(server).hours("readings")]
    assert found == [("home", 40, ()), ("hut", 20, ((31, 31),))]


def test_readings_without_a_battery_voltage_are_counted_by_what_they_have(place: Place) -> None:
    times = [BEGIN_MS + n * MINUTE_MS for n in range(4)]
    values: list[dict[str, float | None]] = [
        {},
        {"battery_volts": None, "load_amps": 1.0},
        {"battery_volts": None},
        {"battery_volts": None, "load_amps": 2.0},
    ]
    place.journal.append_all(reading(time, **each) for time, each in zip(times, values, strict=True))
    place.progress.mark_done("readings", [(1, 4)])
    server = Stored([Point(times[0]), Point(times[1], fields=("load_amps",))])
    assert list(place.audit(server).hours("readings")) == [hour(0, 3, 2, (4, 4))]
    assert server.asked[0][1].fields == ("battery_volts", "load_amps")


def test_days_and_events_are_compared_too(place: Place) -> None:
    for day in (1, 2, 3):
        place.journal.append(Day(time_ms=BEGIN_MS + day * 24 * HOUR_MS, date=f"2026-01-0{day}"))
        place.journal.append(Event(time_ms=BEGIN_MS + day, boot=1, uptime_ms=0, kind="started", message="hello"))
    for stream in ("days", "events"):
        place.progress.mark_done(stream, [(1, 3)])
    server = Stored(
        [
            Point(BEGIN_MS + 48 * HOUR_MS, fields=("date",), measurement="solar_day"),
            Point(BEGIN_MS + 1, fields=("message",), measurement="solar_event"),
        ]
    )
    audit = place.audit(server)
    assert [each.lost_ids.ranges for each in audit.hours("days")] == [((1, 1),), (), ((3, 3),)]
    assert [each.lost_ids.ranges for each in audit.hours("events")] == [((2, 3),)]
    assert list(audit.hours("readings")) == []


def test_years_are_asked_for_in_bounded_pieces(place: Place) -> None:
    """Two stretches a year apart: nothing is asked about the time between; many losses are looked at in parts."""
    year_ms = 365 * 24 * HOUR_MS
    times = [BEGIN_MS + n * 1000 for n in range(3 * 3600)] + [BEGIN_MS + year_ms + n * 1000 for n in range(11)]
    place.journal.append_all(map(reading, times))
    place.progress.mark_done("readings", [(1, len(times))])
    server = Stored([Point(time) for time in times if time % 10_000])
    found = list(place.audit(server).hours("readings"))
    assert [each.missing for each in found] == [{"lost": n} for n in (360, 360, 360, 2)]
    assert [how for how, _ in server.asked] == ["counts", "times", "times", "counts", "times"]
    hours = [(question.until_ms - question.since_ms) / HOUR_MS for how, question in server.asked if how == "times"]
    assert hours[:2] == [2, 1]
    assert 2 * 3600 < TIMES_AT_ONCE < 3 * 3600


Kind = st.sampled_from(["stored", "stored", "stored", "lost", "pending", "pending stored", "refused", "held", "empty"])


@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(Kind, min_size=1, max_size=60),
    step_minutes=st.integers(1, 50),
    has_volts=st.lists(st.booleans(), min_size=60, max_size=60),
    changes_at=st.integers(0, 60),
)
def test_exactly_what_was_lost_is_found(
    kinds: list[str], step_minutes: int, has_volts: list[bool], changes_at: int
) -> None:
    """Whatever was sent, refused, held or replayed, with or without the usual field, under one site or two."""
    kinds.sort(key=lambda kind: kind == "held")
    times = [BEGIN_MS + n * step_minutes * MINUTE_MS for n in range(len(kinds))]
    ids: Callable[..., list[int]] = lambda *wanted: [n for n, kind in enumerate(kinds, 1) if kind in wanted]  # noqa: E731
    points = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, Place(Path(directory)) as place:
        readings = []
        for n, (kind, time) in enumerate(zip(kinds, times, strict=True), 1):
            name = "battery_volts" if has_volts[n - 1] else "load_amps"
            values: dict[str, float | None] = {"battery_volts": None} | ({} if kind == "empty" else {name: 1.0})
            readings.append(reading(time, **values))
            if kind in ("stored", "pending stored"):
                points.append(Point(time, "home" if n <= changes_at else "hut", (name,)))
        held = len(ids("held"))
        for n, each in enumerate(readings):
            site = "home" if n < changes_at else "hut"
            place.journal.append(each, is_held=n >= len(kinds) - held, site=site)
        place.progress.mark_done("readings", IdRanges.of_ids(ids("stored", "lost", "empty")))
        place.refuse(*ids("refused"))
        found = list(place.audit(Stored(points)).hours("readings"))
    assert IdRanges.of(each for hour in found for each in hour.lost_ids) == IdRanges.of_ids(ids("lost"))
    assert sum(hour.in_journal for hour in found) == len(kinds) - len(ids("empty"))
    assert sum(hour.at_server for hour in found) == len(points)
    for reason in ("lost", "pending", "refused", "held"):
        assert sum(hour.missing.get(reason, 0) for hour in found) == len(ids(reason)), reason
    assert not any(hour.surplus for hour in found)
