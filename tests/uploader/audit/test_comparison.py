"""The comparison of a real journal with what a server has stored."""

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.health.audit_findings import counts
from journal.id_ranges import NONE, IdRanges
from journal.reading import Check, Day, Event, Reading
from journal.writer import JournalWriter
from tests.uploader.audit.stored import Point, Stored
from uploader.audit.comparison import Comparison, Hour
from uploader.audit.query import HOUR_MS
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.line_protocol import Line

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
        self.journal = JournalWriter.create(directory / "journal.db")
        self.progress = Progress.open(directory / "uploader.db")
        self.journal.boot_number("one")
        self.progress.see(self.journal)

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

    def audit(self, server: Stored, *, now_ms: int = 0, with_values: bool = False) -> Comparison:
        return Comparison(
            journal=self.journal,
            progress=self.progress,
            server=server,
            now_ms=now_ms,
            with_values=with_values,
        )


@pytest.fixture
def place(tmp_path: Path) -> Any:
    with Place(tmp_path) as made:
        yield made


@dataclass
class Told:
    """An Hour, with numbers of records instead of their ids, but for those that `--repair` sends again."""

    number: float
    in_journal: int
    at_server: int
    lost: tuple[tuple[int, int], ...]
    surplus: int
    missing: dict[str, int]


def hour(
    number: int, in_journal: int, at_server: int, *lost: tuple[int, int], surplus: int = 0, **missing: int
) -> Told:
    return Told(number, in_journal, at_server, lost, surplus, missing)


def told(hours: Iterable[Hour]) -> list[Told]:
    found = []
    for each in hours:
        assert (each.stream, each.site, each.different, each.fields) == ("readings", "home", {}, ())
        missing = counts(each.missing)
        missing.pop("lost", None)
        number = (each.begin_ms - BEGIN_MS) / HOUR_MS
        found.append(Told(number, each.in_journal, each.at_server, lost(each), each.surplus, {**missing}))
    return found


def lost(hour: Hour) -> tuple[tuple[int, int], ...]:
    return hour.missing.get("lost", NONE).ranges


def changed(hour: Hour) -> tuple[tuple[int, int], ...]:
    return hour.different.get("changed", NONE).ranges


def test_an_hour_in_which_a_record_lacks_the_counted_field_is_counted_by_all_fields(place: Place) -> None:
    """It was examined: 200 kB a day where one reading an hour had no battery_volts."""
    times = place.fill(60)
    lacking = replace(reading(times[-1] + MINUTE_MS), battery_volts=None, load_amps=1.0)
    place.journal.append(lacking)
    place.progress.mark_done("readings", [(61, 61)])
    points = [Point(time) for time in times] + [Point(lacking.time_ms, fields=("load_amps",))]
    server = Stored(points)
    assert told(place.audit(server).hours("readings")) == [hour(0, 60, 60), hour(1, 1, 1)]
    assert [how for how, *_ in server.asked] == ["totals"]
    assert told(place.audit(Stored(points[:-1])).hours("readings")) == [hour(0, 60, 60), hour(1, 1, 0, (61, 61))]


def test_after_pruning_all_that_is_left_is_compared(place: Place) -> None:
    """The first id of a span that was pruned has no time. So only its last record was looked for."""
    times = place.fill(180)
    place.journal.prune([(1, 180)], times[10], 2000)
    assert sum(each.missing["lost"].count for each in place.audit(Stored()).hours("readings")) == 170


def test_a_server_that_has_everything_has_no_hole_and_one_short_query_to_answer(place: Place) -> None:
    server = Stored([Point(time) for time in place.fill(180)])
    assert told(place.audit(server).hours("readings")) == [hour(0, 60, 60), hour(1, 60, 60), hour(2, 60, 60)]
    assert [how for how, *_ in server.asked] == ["totals"]


def test_an_hour_that_is_lost_whole_is_found_without_asking_for_times(place: Place) -> None:
    times = place.fill(180)
    server = Stored([Point(time) for time in times if not 60 <= (time - BEGIN_MS) / MINUTE_MS < 120])
    assert told(place.audit(server).hours("readings")) == [hour(0, 60, 60), hour(1, 60, 0, (61, 120)), hour(2, 60, 60)]
    assert [how for how, *_ in server.asked] == ["totals"]


def test_single_lost_readings_are_found_by_their_times(place: Place) -> None:
    times = place.fill(180)
    server = Stored([Point(time) for time in times if time not in (times[70], times[71], times[90])])
    found = told(place.audit(server).hours("readings"))
    assert found == [hour(0, 60, 60), hour(1, 60, 57, (71, 72), (91, 91)), hour(2, 60, 60)]
    assert [(how, points.since_ms, points.until_ms) for how, points, _ in server.asked] == [
        ("totals", BEGIN_MS, BEGIN_MS + 3 * HOUR_MS),
        ("samples", BEGIN_MS + HOUR_MS, BEGIN_MS + 2 * HOUR_MS),
    ]


def test_what_waits_or_was_refused_is_told_apart_from_what_was_lost(place: Place) -> None:
    times = place.fill(60)
    place.journal.append(reading(times[-1] + 1000), is_held=True)
    place.progress.requeue("readings", [(1, 10)])
    place.refuse(20, 21)
    server = Stored([Point(time) for time in times[30:]])
    assert told(place.audit(server).hours("readings")) == [
        hour(0, 61, 30, (11, 19), (22, 30), pending=10, held=1, refused=2)
    ]


def test_what_is_pending_and_at_the_server_all_the_same_is_no_hole(place: Place) -> None:
    """After `solar replay`."""
    times = place.fill(60)
    place.progress.requeue("readings", [(1, 60)])
    assert told(place.audit(Stored([Point(time) for time in times])).hours("readings")) == [hour(0, 60, 60)]


def test_what_waits_does_not_hide_what_was_lost(place: Place) -> None:
    """As many points as were sent, but not the same ones."""
    times = place.fill(60)
    place.progress.requeue("readings", [(1, 5)])
    server = Stored([Point(time) for time in times[:-5]])
    assert told(place.audit(server).hours("readings")) == [hour(0, 60, 55, (56, 60))]


def test_what_is_older_than_the_server_keeps_is_not_lost(place: Place) -> None:
    times = place.fill(60)
    server = Stored([Point(time) for time in times[40:]], keeps_seconds=3600)
    audit = place.audit(server, now_ms=times[30] + HOUR_MS)
    assert told(audit.hours("readings")) == [hour(0, 60, 20, (31, 40), expired=30)]


def test_points_that_only_the_server_has_are_no_hole(place: Place) -> None:
    times = place.fill(120)
    place.journal.append(reading(BEGIN_MS + 5 * HOUR_MS))
    place.progress.mark_done("readings", [(121, 121)])
    strangers = [times[7] + 1, times[8] + 1, BEGIN_MS + 3 * HOUR_MS, BEGIN_MS + 5 * HOUR_MS]
    server = Stored([Point(time) for time in (*times, *strangers)])
    assert told(place.audit(server).hours("readings")) == [
        hour(0, 60, 62, surplus=2),
        hour(1, 60, 60),
        hour(3, 0, 1, surplus=1),
        hour(5, 1, 1),
    ]


def test_a_stretch_is_compared_to_the_millisecond(place: Place) -> None:
    times = place.fill(120)
    server = Stored([Point(time) for time in times[31:]])
    found = told(place.audit(server).hours("readings", times[30], times[61]))
    assert found == [hour(0, 30, 29, (31, 31)), hour(1, 1, 1)]
    assert list(place.audit(server).hours("readings", times[-1] + 1)) == []


def test_points_from_before_the_period_do_not_hide_what_is_lost_in_the_same_hour(place: Place) -> None:
    """As many as the journal has in the period, but others."""
    times = place.fill(60)
    server = Stored([Point(time) for time in times[:30]])
    assert told(place.audit(server).hours("readings", times[30])) == [hour(0, 30, 0, (31, 60))]


def test_the_same_point_under_two_models_counts_once(place: Place) -> None:
    times = place.fill(60)
    assert told(place.audit(Stored([Point(time) for time in (*times, *times)])).hours("readings")) == [hour(0, 60, 60)]


def test_each_record_is_looked_for_under_the_site_that_it_was_taken_at(place: Place) -> None:
    times = [BEGIN_MS + minute * MINUTE_MS for minute in range(60)]
    for first, site in ((0, "home"), (20, "hut"), (40, "home")):
        place.journal.append_all(map(reading, times[first : first + 20]), site=site)
    place.progress.mark_done("readings", [(1, 60)])
    server = Stored([Point(time, "hut" if 20 <= n < 40 else "home") for n, time in enumerate(times) if n != 30])
    found = [(each.site, each.in_journal, lost(each)) for each in place.audit(server).hours("readings")]
    assert found == [("home", 40, ()), ("hut", 20, ((31, 31),))]


def test_readings_without_a_battery_voltage_are_counted_by_what_they_have(place: Place) -> None:
    times = [BEGIN_MS + n * MINUTE_MS for n in range(4)]
    values: list[dict[str, float | None]] = [
        {},
        {"battery_volts": None, "load_amps": 1.0, "alarm": 0},
        {"battery_volts": None},
        {"battery_volts": None, "load_amps": 2.0},
    ]
    place.journal.append_all(reading(time, **each) for time, each in zip(times, values, strict=True))
    place.progress.mark_done("readings", [(1, 4)])
    server = Stored([Point(times[0]), Point(times[1], fields=("load_amps",))])
    assert told(place.audit(server).hours("readings")) == [hour(0, 3, 2, (4, 4))]
    assert [(how, "load_amps" in asked) for how, _, asked in server.asked] == [("totals", False), ("samples", True)]


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
    assert [lost(each) for each in audit.hours("days")] == [((1, 1),), (), ((3, 3),)]
    assert [lost(each) for each in audit.hours("events")] == [((2, 3),)]
    assert list(audit.hours("readings")) == []


def test_years_are_asked_for_in_bounded_pieces(place: Place) -> None:
    """Two stretches a year apart: nothing is asked about the time between; losses are looked at hour by hour."""
    year_ms = 365 * 24 * HOUR_MS
    times = [BEGIN_MS + n * 1000 for n in range(3 * 3600)] + [BEGIN_MS + year_ms + n * 1000 for n in range(11)]
    place.journal.append_all(map(reading, times))
    place.progress.mark_done("readings", [(1, len(times))])
    server = Stored([Point(time) for time in times if time % 10_000])
    found = list(place.audit(server).hours("readings"))
    assert [counts(each.missing) for each in found] == [{"lost": n} for n in (360, 360, 360, 2)]
    assert [how for how, *_ in server.asked] == ["totals", "samples", "samples", "samples", "totals", "samples"]
    assert {points.until_ms - points.since_ms for how, points, _ in server.asked if how == "samples"} == {HOUR_MS}


def valued(n: int, **changes: float | str | None) -> dict[str, float | str]:
    """What the server has of the reading with the id `n` of `Place.fill_values`."""
    values: dict[str, float | str | None] = {
        "battery_volts": 25 + n / 10,
        "load_watts": 0.1 * n,
        "regulator_state": "float" if n % 3 else "boost",
        "alarm": 0.0,
    }
    return {name: value for name, value in (values | changes).items() if value is not None}


def fill_values(place: Place, count: int) -> None:
    place.journal.append_all(reading(BEGIN_MS + n * MINUTE_MS, **valued(n)) for n in range(1, count + 1))  # type: ignore[arg-type]
    place.progress.mark_done("readings", [(1, count)])


def points(count: int, changes: dict[int, dict[str, float | str | None]]) -> list[Point]:
    return [Point(BEGIN_MS + n * MINUTE_MS, fields=valued(n, **changes.get(n, {}))) for n in range(1, count + 1)]


def test_equal_values_cost_one_query_however_the_server_adds_them_up(place: Place) -> None:
    fill_values(place, 170)
    server = Stored(list(reversed(points(170, {}))))
    found = list(place.audit(server, with_values=True).hours("readings"))
    assert [(each.in_journal, each.at_server, each.different) for each in found] == [
        (59, 59, {}),
        (60, 60, {}),
        (51, 51, {}),
    ]
    assert [how for how, *_ in server.asked] == ["totals"]
    of_text = {(*total,) for total in server.asked[0][2] if total[1] == "regulator_state"}
    assert of_text == {("count", "regulator_state", text) for text in (None, "boost", "float")}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"battery_volts": 25 + 70.0001 / 10}, id="a number by a little"),
        pytest.param({"load_watts": 0.1 * 70 + 1e-9}, id="a number by next to nothing"),
        pytest.param({"regulator_state": "boost"}, id="a text for another that the hour has"),
        pytest.param({"regulator_state": "equalise"}, id="a text that the journal has not"),
        pytest.param({"alarm": None}, id="a field that is lost"),
    ],
)
def test_a_changed_value_is_found_and_only_its_hour_is_fetched(
    place: Place, change: dict[str, float | str | None]
) -> None:
    fill_values(place, 170)
    server = Stored(points(170, {70: change}))
    found = list(place.audit(server, with_values=True).hours("readings"))
    assert [(counts(each.different), changed(each), each.fields) for each in found] == [
        ({}, (), ()),
        ({"changed": 1}, ((70, 70),), tuple(change)),
        ({}, (), ()),
    ]
    assert not any(each.missing for each in found)
    assert [(how, points.since_ms) for how, points, _ in server.asked][1:] == [("samples", BEGIN_MS + HOUR_MS)]
    assert {*server.asked[-1][2]} == {"battery_volts", *change}
    assert not any(each.different for each in place.audit(server).hours("readings"))


def test_sums_that_rounding_makes_different_are_no_difference(place: Place) -> None:
    """Values of both signs: their sum is near 0, and its last digits depend on the order."""
    amps = [0.1 * n if n % 2 else -0.1 * n for n in range(1, 51)]
    assert sum(amps) != sum(reversed(amps))
    times = [BEGIN_MS + n * MINUTE_MS for n in range(50)]
    place.journal.append_all(reading(time, load_amps=each) for time, each in zip(times, amps, strict=True))
    place.progress.mark_done("readings", [(1, 50)])
    stored = [
        Point(time, fields={"battery_volts": 25.0, "load_amps": each}) for time, each in zip(times, amps, strict=True)
    ]
    (found,) = place.audit(Stored(stored[::-1]), with_values=True).hours("readings")
    assert (found.in_journal, found.at_server, found.different) == (50, 50, {})


def test_changes_that_leave_sum_and_extremes_are_not_seen(place: Place) -> None:
    """What docs/audit.md says of it."""
    fill_values(place, 60)
    swapped = {10: {"battery_volts": 25 + 20 / 10}, 20: {"battery_volts": 25 + 10 / 10}}
    server = Stored(points(60, swapped))  # type: ignore[arg-type]
    assert not any(each.different for each in place.audit(server, with_values=True).hours("readings"))


def test_a_difference_that_is_on_its_way_or_refused_is_no_change_at_the_server(place: Place) -> None:
    fill_values(place, 50)
    server = Stored(points(50, {n: {"battery_volts": 1.0} for n in (10, 20, 30)}))
    place.progress.requeue("readings", [(10, 10)])
    place.refuse(20)
    (found,) = place.audit(server, with_values=True).hours("readings")
    assert (counts(found.different), changed(found)) == ({"pending": 1, "refused": 1, "changed": 1}, ((30, 30),))


def test_what_sending_again_does_not_mend_is_told_apart(place: Place) -> None:
    """A field that the journal has no value for stays at the server; so does all, where nothing is overwritten."""
    fill_values(place, 50)
    server = Stored(points(50, {10: {"load_amps": 3.0}, 20: {"alarm": 1.0, "load_amps": 3.0}, 30: {"alarm": 1.0}}))
    (found,) = place.audit(server, with_values=True).hours("readings")
    assert (counts(found.different), changed(found)) == ({"stuck": 1, "changed": 2}, ((20, 20), (30, 30)))
    assert found.fields == ("alarm", "load_amps")
    keeps_all = Stored(
        points(50, {30: {"alarm": 1.0, "regulator_state": 0.0}}),
        is_exact=False,
    )
    (found,) = place.audit(keeps_all, with_values=True).hours("readings")
    assert (counts(found.different), changed(found), found.fields) == ({"stuck": 1}, (), ("alarm",))


def test_a_server_that_rounds_is_compared_to_what_it_keeps(place: Place) -> None:
    fill_values(place, 50)
    rounded = {n: {"load_watts": 0.1 * n * (1 + 1e-11), "regulator_state": 0.0} for n in range(1, 51)}
    server = Stored(points(50, rounded), is_exact=False)  # type: ignore[arg-type]
    (found,) = place.audit(server, with_values=True).hours("readings")
    assert (found.different, [how for how, *_ in server.asked]) == ({}, ["totals"])


def test_of_days_and_events_every_value_is_compared(place: Place) -> None:
    times = [BEGIN_MS + n * 30 * HOUR_MS for n in (1, 2, 3)]
    for n, time in enumerate(times, 1):
        place.journal.append(Day(time_ms=time, date=f"2026-01-0{n}", charge_amp_hours=n))
        place.journal.append(Event(time_ms=time, boot=1, uptime_ms=0, kind="started", message=f"line\nbreak {n}"))
    for stream in ("days", "events"):
        place.progress.mark_done(stream, [(1, 3)])
    days: list[dict[str, float | str]] = [
        {"date": f"2026-01-0{n}", "date_is_estimated": 0.0, "charge_amp_hours": float(n)} for n in (1, 2, 3)
    ]
    days[1]["charge_amp_hours"] = 7.0
    server = Stored(
        [Point(time, fields=of_day, measurement="solar_day") for time, of_day in zip(times, days, strict=True)]
        + [
            Point(time, fields={"message": f"line break {n // 2 * 2}"}, measurement="solar_event")
            for n, time in enumerate(times, 1)
        ]
    )
    audit = place.audit(server, with_values=True)
    assert [changed(each) for each in audit.hours("days")] == [(), ((2, 2),), ()]
    assert [changed(each) for each in audit.hours("events")] == [((1, 1),), (), ((3, 3),)]
    assert [how for how, *_ in server.asked] == ["samples"] * 2


def test_a_days_second_point_is_compared_too(place: Place) -> None:
    """A value that differs, a point that is lost, one that is as it was sent; none was sent of the last day."""
    energy = {"charge_watt_hours": 100.0, "load_watt_hours": 40.5, "balance_watt_hours": 59.5, "coverage_percent": 99.0}
    server = Stored(points := [])
    for n in (1, 2, 3, 4):
        time_ms = BEGIN_MS + n * 24 * HOUR_MS
        measured: dict[str, float] = {} if n == 4 else {"charge": 100.0, "load": 40.5}
        columns: Any = {f"measured_{name}_watt_hours": value for name, value in measured.items()}
        day = {"date": f"2026-01-0{n}", "date_is_estimated": 0.0, "coverage_percent": 99.0} | columns
        place.journal.append(Day(time_ms=time_ms, date=f"2026-01-0{n}", coverage_percent=99.0, **columns))
        points.append(Point(time_ms, fields=day, measurement="solar_day"))
        if n in (1, 3):
            changes = {"load_watt_hours": 41.0} if n == 1 else {}
            points.append(Point(time_ms, fields=energy | changes, measurement="solar_energy_day"))
    place.progress.mark_done("days", [(1, 4)])
    found = list(place.audit(server, with_values=True).hours("days"))
    assert [changed(each) for each in found] == [((1, 1),), ((2, 2),), (), ()]
    assert [each.fields for each in found] == [
        ("solar_energy_day.load_watt_hours",),
        tuple(sorted(f"solar_energy_day.{name}" for name in energy)),
        (),
        (),
    ]
    assert not any(each.missing or each.surplus for each in found)


def test_of_the_loggers_own_rows_only_an_hour_with_other_sums_is_fetched(place: Place) -> None:
    """There is one in ten minutes, which is too many to fetch them all."""
    times = [BEGIN_MS + n * 10 * MINUTE_MS for n in range(12)]
    for n, time in enumerate(times):
        place.journal.append(Check(time_ms=time, boot=1, uptime_ms=0, version="0.1.0", logger_uptime_seconds=n))
    place.progress.mark_done("checks", [(1, 12)])
    stored = [
        Point(time, fields={"logger_uptime_seconds": float(n + (n == 7))}, measurement="solar_logger")
        for n, time in enumerate(times)
    ]
    server = Stored(stored)
    found = list(place.audit(server, with_values=True).hours("checks"))
    assert [changed(each) for each in found] == [(), ((8, 8),)]
    assert [(how, points.since_ms) for how, points, _ in server.asked] == [
        ("totals", BEGIN_MS),
        ("samples", BEGIN_MS + HOUR_MS),
    ]


Kind = st.sampled_from(["stored", "stored", "stored", "lost", "pending", "pending stored", "refused", "held", "empty"])


@settings(max_examples=40)
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
    assert IdRanges.of(each for hour in found for each in lost(hour)) == IdRanges.of_ids(ids("lost"))
    assert sum(hour.in_journal for hour in found) == len(kinds) - len(ids("empty"))
    assert sum(hour.at_server for hour in found) == len(points)
    for reason in ("lost", "pending", "refused", "held"):
        assert sum(counts(hour.missing).get(reason, 0) for hour in found) == len(ids(reason)), reason
    assert not any(hour.surplus for hour in found)


Change = st.sampled_from(
    [
        *[None] * 4,
        {"load_watts": 9999.0},
        {"battery_volts": 1.0, "load_watts": 0.0},
        {"regulator_state": "equalise"},
        {"alarm": None},
        {"load_amps": 3.0},
    ]
)


@settings(max_examples=40)
@given(changes=st.lists(Change, min_size=1, max_size=60), step_minutes=st.integers(1, 50), since=st.integers(0, 20))
def test_exactly_what_was_changed_is_found(
    changes: list[dict[str, float | str | None] | None], step_minutes: int, since: int
) -> None:
    """In every hour, also in the one that the period begins in the middle of."""
    times = [BEGIN_MS + n * step_minutes * MINUTE_MS for n in range(len(changes))]
    stored = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, Place(Path(directory)) as place:
        for n, (time, change) in enumerate(zip(times, changes, strict=True), 1):
            place.journal.append(reading(time, **valued(n)))  # type: ignore[arg-type]
            stored.append(Point(time, fields=valued(n, **change or {})))
        place.progress.mark_done("readings", [(1, len(times))])
        since_ms = BEGIN_MS + since * MINUTE_MS
        found = list(place.audit(Stored(stored), with_values=True).hours("readings", since_ms))
    later = [(n, change) for n, (time, change) in enumerate(zip(times, changes, strict=True), 1) if time >= since_ms]
    ids = [n for n, change in later if change and "load_amps" not in change]
    assert IdRanges.of(each for hour in found for each in changed(hour)) == IdRanges.of_ids(ids)
    stuck = sum(hour.different["stuck"].count for hour in found if "stuck" in hour.different)
    assert stuck == sum(change == {"load_amps": 3.0} for _, change in later)
    assert {name for hour in found for name in hour.fields} == {name for _, change in later for name in change or ()}
    assert sum(hour.in_journal for hour in found) == sum(hour.at_server for hour in found) == len(later)
