"""Spans do not grow for ever, and a look at what may be sent is one look."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal import spans
from journal.boots import Anchor
from journal.journal import Journal
from journal.reading import Day, Reading
from journal.sites import OPEN_END
from journal.writer import JournalWriter
from logger.clock.undated_boots import UndatedBoots


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture(scope="module")
def ten_years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An old journal of ten years of daily starts, to be copied: it takes seconds to make."""
    path = tmp_path_factory.mktemp("ten-years") / "journal.db"
    live(path, range(3650))
    return path


def live(path: Path, boots: Iterator[int] | range, *, is_held: bool = False) -> None:
    """Three readings in each boot, one boot after the other."""
    with JournalWriter.create(path) as journal:
        for boot in boots:
            number = journal.boot_number(f"boot {boot}")
            times = (boot * 10_000 + n for n in range(3))
            readings = [Reading(time_ms=time, boot=number, uptime_ms=time) for time in times]
            journal.append_all(readings, is_held=is_held)


def hold(path: Path, number: int) -> None:
    """The records of this boot are held; all others have an anchor."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE spans SET is_held = 1 WHERE boot = ?", (number,))
        connection.execute(
            """
            UPDATE boots
            SET anchor_uptime_ms = 0, anchor_time_ms = 0, anchor_source = 'a test', anchor_uncertainty_seconds = 0
            WHERE id != ?
            """,
            (number,),
        )
    connection.close()


def bounds(path: Path) -> list[tuple[int, int]]:
    with Journal.open(path) as journal:
        return [(span.first_id, span.last_id) for span in journal.spans("readings")]


def test_ten_years_of_daily_starts_are_a_few_spans(path: Path) -> None:
    for start in range(40):
        live(path, range(start, start + 1))
    assert bounds(path) == [(1, 114), (115, 117), (118, 120)]


def test_the_spans_of_an_old_journal_are_joined_at_the_next_start(path: Path, ten_years: Path) -> None:
    shutil.copy(ten_years, path)
    assert len(bounds(path)) == 3650
    live(path, range(3650, 3651))
    assert len(bounds(path)) == 3
    with Journal.open(path) as journal:
        assert journal.id_ranges("readings", 20_000_001, 20_010_002) == [(6002, 6005)]
        assert list(journal.released("readings")) == [(1, 3651 * 3)]


def test_spans_are_joined_only_where_the_times_ascend_and_not_beside_a_held_one(path: Path) -> None:
    live(path, iter((1, 2, 9, 5, 6, 7)))
    live(path, range(10, 11), is_held=True)
    before = bounds(path)
    assert before == [(1, 9), (10, 15), (16, 18), (19, 21)]
    live(path, range(11, 12))
    assert bounds(path)[:-1] == before


def test_all_spans_are_joined_but_a_held_one_and_those_that_give_its_date(path: Path, ten_years: Path) -> None:
    shutil.copy(ten_years, path)
    hold(path, 1825)
    live(path, range(3650, 3651))
    beside = [(5470, 5472), (5473, 5475), (5476, 5478)]
    assert bounds(path) == [(1, 5469), *beside, (5479, 10947), (10948, 10950), (10951, 10953)]


def test_a_held_boot_gets_the_same_date_whether_spans_were_joined_or_not(
    path: Path, ten_years: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ten_years, path)
    hold(path, 1825)
    whole = path.with_name("whole.db")
    shutil.copy(path, whole)
    with JournalWriter.create(path) as journal:
        dated = UndatedBoots(journal).date()
    monkeypatch.setattr(spans, "merge", lambda connection: None)
    with JournalWriter.create(whole) as journal:
        assert dated == UndatedBoots(journal).date() != []
        assert journal.date(1825) == 3
    assert len(bounds(whole)) > len(bounds(path))


def test_what_was_held_and_is_dated_in_portions_is_one_span(path: Path) -> None:
    with JournalWriter.create(path) as journal:
        boot = journal.boot_number("a")
        journal.append_all((Reading(time_ms=n, boot=boot, uptime_ms=n) for n in range(100)), is_held=True)
        journal.write_anchor(boot, Anchor(0, 10**9, "a test"))
        while journal.date(boot, limit=7):
            pass
    assert bounds(path) == [(1, 100)]


def test_a_held_span_that_begins_while_somebody_looks_is_not_taken_for_released(path: Path) -> None:
    """The looker used to read the spans, then the last id: what came between was sent with a wrong time."""
    live(path, range(1))
    with JournalWriter.create(path) as writer, Journal.open(path) as looker:

        def meanwhile(statement: str) -> None:
            if "max(id)" in statement and "spans" not in statement and writer.count("readings") == 3:
                number = writer.boot_number("next")
                writer.append(Reading(time_ms=1, boot=number, uptime_ms=1), is_held=True)

        looker._connection.set_trace_callback(meanwhile)
        released = looker.released("readings")
        assert list(released) == [(1, 3)]


@pytest.mark.parametrize("held", [None, 2, 1825, 3649])
@pytest.mark.parametrize("starts", [10, 3650])
def test_looking_at_what_may_be_sent_costs_the_same_after_ten_years(
    path: Path, ten_years: Path, starts: int, held: int | None
) -> None:
    if starts == 3650:
        shutil.copy(ten_years, path)
    else:
        live(path, range(starts))
    if held:
        hold(path, held)
    live(path, range(starts, starts + 1))
    with Journal.open(path) as journal:
        work = [0]
        journal._connection.set_progress_handler(lambda: work.__setitem__(0, work[0] + 1) or 0, 10)
        journal.released("readings")
        assert work[0] < 60


def test_each_record_has_the_site_it_was_taken_at_and_a_day_keeps_its_own(path: Path) -> None:
    for site in ("hut", "cabin", "cabin"):
        with JournalWriter.create(path, site) as journal:
            journal.append(Reading(time_ms=1, boot=journal.boot_number(site), uptime_ms=1))
            journal.append(Day(time_ms=1, date="2026-11-20"))
            journal.append(Day(time_ms=2, date=f"of {site}"))
    with Journal.open(path) as journal:
        assert [tuple(each) for each in journal.sites("readings")] == [(1, 1, "hut"), (2, OPEN_END, "cabin")]
        assert [each.site for each in journal.sites("days")] == ["hut", "cabin", "hut", "cabin"]
        assert journal.sites("events") == []
