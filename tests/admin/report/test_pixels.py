from contextlib import contextmanager
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin.report.axis import time_marks, value_marks
from admin.report.pixels import DAY_MS, Columns, column_count
from tests.admin.energy.conftest import in_zone

VALUES = st.floats(min_value=-1000, max_value=1000)


@given(st.lists(st.tuples(st.integers(0, 9999), VALUES), min_size=1), st.integers(1, 50))
def test_no_extreme_and_no_value_is_lost_and_none_is_made_up(values: list[tuple[int, float]], count: int) -> None:
    columns = Columns(0, 10_000, count)
    for time_ms, value in values:
        columns.add((1, time_ms, time_ms, value, value, value))
    drawn = [column for run in columns.runs(gap_ms=0) for column in run]
    assert [column.place for column in drawn] == sorted({int(time_ms / columns.width_ms) for time_ms, _ in values})
    assert all(0 <= column.place < count for column in drawn)
    assert sum(column.number for column in drawn) == len(values)
    for column in drawn:
        inside = [value for time_ms, value in values if int(time_ms / columns.width_ms) == column.place]
        assert (column.lowest, column.highest, column.number) == (min(inside), max(inside), len(inside))
        assert abs(column.mean - sum(inside) / len(inside)) < 1e-9
    assert (columns.lowest, columns.highest) == (min(value for _, value in values), max(value for _, value in values))


def places(columns: Columns, gap_ms: float) -> list[list[int]]:
    return [[column.place for column in run] for run in columns.runs(gap_ms)]


def test_a_gap_longer_than_usual_parts_the_curve() -> None:
    columns = Columns(0, 1000, 100)
    for time_ms in (0, 10, 20, 500, 510):
        columns.add((1, time_ms, time_ms, 1.0, 1.0, 1.0))
    assert places(columns, 100) == [[0, 1, 2], [50, 51]]
    assert places(columns, 500) == [[0, 1, 2, 50, 51]]


def test_readings_farther_apart_than_columns_are_still_one_curve() -> None:
    columns = Columns(0, 1000, 100)
    for time_ms in range(0, 1000, 50):
        columns.add((1, time_ms, time_ms, 1.0, 1.0, 1.0))
    assert len(places(columns, 60)) == 1


def test_a_gap_that_fits_into_a_column_is_none() -> None:
    columns = Columns(0, 10_000, 10)
    for time_ms in (0, 900, 1850):
        columns.add((1, time_ms, time_ms, 1.0, 1.0, 1.0))
    assert places(columns, 100) == [[0, 1]]


def test_over_months_a_column_is_whole_days() -> None:
    assert column_count(0, 30 * DAY_MS, 800) == 800
    assert column_count(0, 365 * DAY_MS, 800) == 365
    assert column_count(0, 1000 * DAY_MS, 800) == 500


@example(5e-324, 0.0)
@given(st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_marks_of_values_are_few_round_and_enclose_all(lowest: float, span: float) -> None:
    marks = value_marks(lowest, lowest + span)
    step = marks[1].at - marks[0].at
    tolerance = step * 1e-6
    assert marks[0].at <= lowest + tolerance
    assert marks[-1].at >= lowest + span - tolerance
    assert 2 <= len(marks) <= 7
    assert len({mark.label for mark in marks}) == len(marks)


@given(st.integers(1_700_000_000_000, 1_900_000_000_000), st.integers(60_000, 3000 * DAY_MS))
def test_marks_of_time_are_few_and_inside(since_ms: int, span_ms: int) -> None:
    marks = time_marks(since_ms, since_ms + span_ms)
    assert 1 <= len(marks) <= (9 if span_ms < 98 * DAY_MS or span_ms > 390 * DAY_MS else 13)
    assert all(since_ms <= mark.at <= since_ms + span_ms for mark in marks)
    assert [mark.at for mark in marks] == sorted({mark.at for mark in marks})


@pytest.mark.parametrize(
    ("zone", "since", "hours", "labels"),
    [
        ("Europe/Berlin", "2026-03-28T23:00Z", 5, "29 Mar 01:00 03:00 04:00 05:00"),
        ("Europe/Berlin", "2026-10-24T22:00Z", 5, "25 Oct 01:00 02:00 02:00 03:00"),
        ("Asia/Kathmandu", "2026-06-14T18:15Z", 2, "15 Jun 00:30 01:00 01:30"),
        ("Asia/Kathmandu", "2026-06-14T18:15Z", 12, "15 Jun 02:00 04:00 06:00 08:00 10:00"),
    ],
)
def test_marks_are_round_in_every_zone_and_none_stands_on_another(
    monkeypatch: pytest.MonkeyPatch, zone: str, since: str, hours: int, labels: str
) -> None:
    with contextmanager(in_zone)(zone, monkeypatch):
        since_ms = int(datetime.fromisoformat(since).timestamp() * 1000)
        marks = time_marks(since_ms, since_ms + hours * 3_600_000)
    assert " ".join(mark.label for mark in marks) == labels
    assert [mark.at for mark in marks] == sorted({mark.at for mark in marks})
