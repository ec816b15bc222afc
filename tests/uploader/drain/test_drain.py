"""The drain against real and scripted servers: what must be stored is, once, and what cannot be is kept."""

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from journal.errors import JournalFull
from journal.id_ranges import NONE, IdRanges
from journal.reading import Check, Day, Event, Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from tests.fault_proxy import Fault, FaultProxy
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.servers import Database, VictoriaMetrics
from tests.uploader.site import EPOCH_MS, Clock, Site, influx
from uploader.drain.drain import Drain
from uploader.drain.reporter import Reporter
from uploader.progress.batch_size import BatchSize
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.outcomes import Misconfigured, Outcome, Rejected, Sent, Unreachable
from uploader.server.target import Target


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def at(*times: int) -> set[str]:
    """The ends of the lines with these times."""
    return {str(time) for time in times}


def times_of(lines: list[str]) -> list[int]:
    return [int(line.rsplit(" ", 1)[1]) for line in lines]


# The whole way, with real servers


def test_readings_arrive_in_influxdb_1_with_every_field(site: Site, database: Database) -> None:
    times = site.append(250)
    with influx(database.target) as writer:
        site.run(site.drain(writer))
    rows = database.rows("solar")
    assert [row["time"] for row in rows] == times
    assert rows[3] == {
        "time": times[3],
        "site": "home",
        "model": "PL80",
        "battery_volts": 25.0,
        "charge_amps": 1.5,
        "regulator_state": "boost",
    }
    assert site.progress.done.of("readings") == IdRanges(((1, 250),))


def test_days_and_events_arrive_too(site: Site, database: Database) -> None:
    site.append(3)
    day = Day(time_ms=EPOCH_MS, date="2023-11-14", model="PL80", charge_amp_hours=120.0)
    site.journal.append(replace(day, measured_charge_watt_hours=3012.5, coverage_percent=99.0))
    boot = site.journal.boot_number("boot")
    site.journal.append(Event(time_ms=EPOCH_MS, boot=boot, uptime_ms=1, kind="started", message="version 1, a b"))
    with influx(database.target) as writer:
        site.run(site.drain(writer))
    (row,), (event,) = database.rows("solar_day"), database.rows("solar_event")
    assert (row["date"], row["charge_amp_hours"], row["model"]) == ("2023-11-14", 120.0, "PL80")
    assert database.rows("solar_energy_day") == [
        {"time": EPOCH_MS, "site": "home", "model": "PL80", "charge_watt_hours": 3012.5, "coverage_percent": 99.0}
    ]
    assert (event["kind"], event["message"], event["site"]) == ("started", "version 1, a b", "home")


def test_the_loggers_own_checks_arrive_too(site: Site, database: Database) -> None:
    boot = site.journal.boot_number("boot")
    checks = {"version": "0.2.0", "pending_records": 7, "disk_free_bytes": 10**10, "damaged_percent": 0.25}
    site.journal.append(Check(time_ms=EPOCH_MS, boot=boot, uptime_ms=1, **checks))  # type: ignore[arg-type]
    site.journal.append(Check(time_ms=EPOCH_MS + 1, boot=boot, uptime_ms=2, version="0.2.0"), is_held=True)
    with influx(database.target) as writer:
        site.run(site.drain(writer))
    assert database.rows("solar_logger") == [{"time": EPOCH_MS, "site": "home", **checks}]


def test_an_older_journal_is_sent_and_so_are_its_checks_once_the_logger_has_migrated_it(
    tmp_path: Path, database: Database
) -> None:
    """The uploader may be the first of the two to be upgraded, and keeps its journal open."""
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.executescript((Path(__file__).parents[2] / "journals" / "journal-v3.sql").read_text())
    with (
        Progress.open(tmp_path / "uploader.db") as progress,
        influx(database.target) as writer,
    ):
        clock = Clock()
        path = tmp_path / "journal.db"
        drain = Drain(path, writer, progress, reporter=Reporter("x"), monotonic=clock.monotonic, now_ms=clock.now_ms)

        def run() -> None:
            while not (step := drain.drain_once()).is_idle:
                clock.wait(step.wait_seconds)
            clock.wait(step.wait_seconds)

        run()
        assert (len(database.rows("solar")), database.rows("solar_logger")) == (5, [])
        with JournalWriter.create(tmp_path / "journal.db") as journal:
            journal.append(Check(time_ms=EPOCH_MS, boot=1, uptime_ms=10**9, version="0.2.0", readings=60))
            run()
        assert [row["readings"] for row in database.rows("solar_logger")] == [60]


def test_victoria_metrics_gets_each_reading_once(site: Site, victoria_metrics: VictoriaMetrics) -> None:
    site.journal.site = "once"
    times = site.append(1234)
    with influx(victoria_metrics.target) as writer:
        site.run(site.drain(writer))
    assert victoria_metrics.samples("once") == times


def test_faults_on_the_way_to_a_real_server_lose_nothing(site: Site, database: Database) -> None:
    faults = [
        Fault(cut_request_after=50),
        Fault(cut_request_after=1000),
        Fault(loses_answer=True),
        Fault(cut_answer_after=10),
        Fault(stalls=True),
        Fault(delay_seconds=0.1),
    ]
    times = site.append(700)
    with (
        FaultProxy(database.target.url, faults) as proxy,
        influx(Target(proxy.url, "", "o", database.name), read_seconds=0.3) as writer,
    ):
        site.run(site.drain(writer))
    assert proxy.faults == []
    assert [row["time"] for row in database.rows("solar")] == times
    assert site.progress.dead_letters.all() == []


def test_only_a_lost_answer_makes_a_double_send(site: Site, victoria_metrics: VictoriaMetrics) -> None:
    """And the repeated request is the same one: the samples are the same, twice."""
    site.journal.site = "lost answer"
    times = site.append(100)
    with (
        FaultProxy(victoria_metrics.target.url, [Fault(loses_answer=True)]) as proxy,
        influx(Target(proxy.url, "t", "o", "b")) as writer,
    ):
        site.run(site.drain(writer))
    assert victoria_metrics.samples("lost answer") == sorted(times * 2)


def test_a_partial_write_of_influxdb_1_ends_in_dead_letters_for_the_bad_ones_alone(
    site: Site, database: Database
) -> None:
    """The field is a string there already, so every reading that has it is refused; the others are stored."""
    with influx(database.target) as writer:
        assert writer.write([f'solar,site=home,model=PL80 battery_volts="x" {EPOCH_MS - 1}']) == Sent()
        times = site.append(60, battery_volts=lambda n: 25.0 if n in {7, 8, 40} else None)
        site.run(site.drain(writer))
    refused = {times[7], times[8], times[40]}
    assert [row["time"] for row in database.rows("solar")] == [EPOCH_MS - 1, *(t for t in times if t not in refused)]
    letters = site.progress.dead_letters.all()
    assert {letter.time_ms for letter in letters} == refused
    assert all("field type conflict" in letter.words for letter in letters)


def test_a_backlog_beyond_retention_is_expired_in_few_requests_and_no_alarm(site: Site, database: Database) -> None:
    database.server.query(f"CREATE RETENTION POLICY short ON {database.name} DURATION 1h REPLICATION 1 DEFAULT")
    site.append(3000)
    with influx(database.target) as writer:
        steps = site.run(site.drain(writer))
    assert site.progress.dead_letters.count() == 0
    assert site.progress.state().expired == 3000
    assert len(steps) < 20


# Newest first


def test_after_an_outage_the_first_request_carries_the_newest_then_the_backlog_goes_oldest_first(site: Site) -> None:
    times = site.append(1000)
    with ScriptedInflux([error(503, "busy")] * 3) as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        sent = [times_of(lines) for lines in server.requests[3:]]
    assert sent[0] == times[-100:]
    assert list(itertools.chain(*sent[1:])) == times[:-100]


def test_the_newest_at_the_moment_of_the_first_success_go_first(site: Site) -> None:
    site.append(300)
    with ScriptedInflux([error(503, "busy")] * 2) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(2):
            drain.drain_once()
            site.append(10)
        last = site.append(5)[-1]
        drain.drain_once()
        assert times_of(server.requests[2])[-1] == last


def test_while_the_backlog_drains_new_readings_go_out_every_minute_and_no_more_often(site: Site) -> None:
    backlog = site.append(4000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, every_seconds=60)
        new: list[int] = []
        for _ in range(7):
            drain.drain_once()
            site.clock.now += 15
            new += site.append(1)
        sent = [times_of(lines) for lines in server.requests]
    assert sent[0] == backlog[-100:]
    assert sent[4] == new[:4]
    assert list(itertools.chain(*sent[1:4], *sent[5:])) == backlog[: sum(map(len, sent)) - 104]


def test_after_hours_offline_the_very_newest_go_first(site: Site) -> None:
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.append(1)
        drain.drain_once()
        server.script = [error(503, "busy")] * 200
        while server.script:
            times = site.append(6)
            site.clock.now += max(drain.drain_once().wait_seconds, 60.0)
        for _ in range(2):  # what has just failed again and again waits until something else is taken
            drain.drain_once()
        assert times[-1] in {times_of(lines)[-1] for lines in server.requests[-2:]}


def test_when_all_is_sent_it_waits_for_the_next_minute(site: Site) -> None:
    site.append(10)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.append(3)
        idle = drain.drain_once()
        assert idle.is_idle
        assert idle.wait_seconds == 60
        site.clock.now += idle.wait_seconds
        drain.drain_once()
        assert [len(lines) for lines in server.requests] == [10, 3]


# What the server refuses


@pytest.mark.parametrize("refusal", ["422", "400", "400 partial"])
@pytest.mark.parametrize("bad", [0, 4321, 4999])
def test_one_bad_reading_among_5000_is_one_dead_letter_after_at_most_27_requests(
    bad: int, refusal: str, site: Site
) -> None:
    times = site.append(5000)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[bad])), refusal=refusal) as server:  # type: ignore[arg-type]
        with influx(server.target) as writer:
            site.run(site.drain(writer))
        assert server.times() == times[:bad] + times[bad + 1 :]
        assert len(server.requests) <= 27
    (letter,) = site.progress.dead_letters.all()
    assert (letter.stream, letter.id, letter.time_ms) == ("readings", bad + 1, times[bad])
    assert letter.status == (422 if refusal == "422" else 400)
    assert site.progress.done.of("readings") == IdRanges(((1, 5000),))


def test_one_bad_reading_in_a_batch_of_5000_takes_at_most_27_requests(site: Site) -> None:
    times = site.append(5000)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[3333])), refusal="400") as server:
        with influx(server.target) as writer:
            site.run(site.drain(writer, first_size=5000))
        assert len(server.requests[0]) == 5000
        assert len(server.requests) <= 27
        assert len(server.times()) == 4999


def test_new_readings_go_out_while_a_refused_batch_is_being_halved(site: Site) -> None:
    times = site.append(100)
    with (
        ScriptedInflux(refuses=lambda line: line.endswith(str(times[50])), refusal="400") as server,
        influx(server.target) as writer,
    ):
        drain = site.drain(writer)
        drain.drain_once()
        drain.drain_once()
        new = site.append(6)
        site.clock.now += 60
        drain.drain_once()
        assert times_of(server.requests[-1]) == new


def test_a_crash_while_halving_leaves_the_rest_pending(site: Site) -> None:
    times = site.append(100)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[50])), refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(5):
                drain.drain_once()
            site.restart()
            site.run(site.drain(writer))
        assert server.times() == times[:50] + times[51:]
    assert [letter.id for letter in site.progress.dead_letters.all()] == [51]


def test_a_letter_is_delivered_when_its_cause_was_mended(site: Site) -> None:
    times = site.append(20)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[5]))) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.progress.dead_letters.retry()
        site.run(drain)
        (letter,) = site.progress.dead_letters.all()
        assert (letter.tries, letter.is_waiting) == (2, False)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.run(drain)
        assert server.times() == times
    assert site.progress.dead_letters.all() == []


def test_a_letter_is_delivered_from_its_copy_when_the_journal_no_longer_has_it(site: Site) -> None:
    times = site.append(20)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[5]))) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.journal.prune(site.progress.done.of("readings").ranges, EPOCH_MS * 2, 1000)
        assert site.journal.get("readings", 6) is None
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.run(drain)
        assert server.times() == times


# Sizes


def test_413_halves_until_it_fits_and_remembers_across_a_restart(site: Site) -> None:
    times = site.append(3000)
    with ScriptedInflux(largest_body_bytes=2000) as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert server.times() == times
        assert server.statuses.count(413) <= 5
        learnt = site.progress.batch_size()
        site.restart()
        site.append(3000)
        before = len(server.statuses)
        site.run(site.drain(writer))
        assert server.statuses[before] == 204
    assert learnt.size >= 100
    assert site.progress.dead_letters.count() == 0


def test_a_reading_too_large_alone_is_a_dead_letter_and_the_others_go(site: Site) -> None:
    """The server takes 300 bytes, and this event is a novel. A proxy says so, so others must be taken meanwhile."""
    times = site.append(8)
    boot = site.journal.boot_number("boot")
    novel = "".join(chr(0x4E00 + n * 7) for n in range(1000))
    site.journal.append(Event(time_ms=EPOCH_MS, boot=boot, uptime_ms=1, kind="novel", message=novel))
    site.journal.append(Event(time_ms=EPOCH_MS + 1, boot=boot, uptime_ms=1, kind="short", message="ok"))
    with ScriptedInflux(largest_body_bytes=300) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        while not site.progress.dead_letters.count():
            site.clock.now += drain.drain_once().wait_seconds
            times += site.append(1)
        site.run(drain)
        assert server.times() == times
        assert server.times("solar_event") == [EPOCH_MS + 1]
    (letter,) = site.progress.dead_letters.all()
    assert (letter.stream, letter.id, letter.status) == ("events", 1, 413)
    assert letter.words == "the request is too large for the server or a proxy (413: 413 Request Entity Too Large)"


def test_a_link_that_breaks_under_large_requests_still_makes_progress(site: Site, database: Database) -> None:
    """Whatever is longer than 900 bytes is cut, every time."""
    times = site.append(400)
    with (
        FaultProxy(database.target.url, then=Fault(cut_request_after=900)) as proxy,
        influx(Target(proxy.url, "", "o", database.name)) as writer,
    ):
        site.run(site.drain(writer, first_size=400))
    assert [row["time"] for row in database.rows("solar")] == times


def test_two_kilobytes_a_second_cut_again_and_again(site: Site, database: Database) -> None:
    """The same in small: 20 kB/s, every connection cut after 0.4 s; no request may take longer than that."""
    times = site.append(1200)
    with (
        FaultProxy(database.target.url, then=Fault(bytes_per_second=20_000, cut_after_seconds=0.4)) as proxy,
        influx(Target(proxy.url, "", "o", database.name), read_seconds=1) as writer,
    ):
        site.run(site.drain(writer, first_size=1200))
    assert [row["time"] for row in database.rows("solar")] == times


# Errors of the server itself


def error_500(line: str) -> Answer:
    return error(500, "internal error: index out of range", "internal error")


WAYS = {
    "500": error_500,
    "503": lambda line: error(503, "out of memory"),
    "502 of a proxy": lambda line: page(502, "Bad Gateway"),
    "403 of a proxy": lambda line: page(403, "Forbidden"),
    "400 of a proxy": lambda line: page(400, "Bad Request"),
    "reset": lambda line: Answer(trick="lose"),
    "422": lambda line: error(422, "partial write: field type conflict dropped=1"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bad", [0, 60, 299])
def test_whatever_one_reading_does_to_the_server_the_others_go_and_it_becomes_a_dead_letter(
    site: Site, way: str, bad: int
) -> None:
    times = site.append(300)
    end = str(times[bad])
    with (
        ScriptedInflux(
            answers=lambda lines: WAYS[way](end) if any(line.endswith(end) for line in lines) else None
        ) as server,
        influx(server.target) as writer,
    ):
        drain = site.drain(writer)
        for _ in range(600):
            step = drain.drain_once()
            if step.wait_seconds:  # time passes, and brings readings
                times += site.append(1)
            site.clock.now += step.wait_seconds
            if site.progress.dead_letters.count():
                break
        site.run(drain)
        assert server.times() == times[:bad] + times[bad + 1 :]
    assert [letter.id for letter in site.progress.dead_letters.all()] == [bad + 1]


ALWAYS = {**WAYS, "401": lambda line: error(401, "unauthorized"), "413 of a proxy": lambda line: page(413, "Too Large")}
del ALWAYS["422"]


@pytest.mark.parametrize("way", ALWAYS)
def test_a_server_that_fails_all_the_time_makes_nothing_a_culprit(site: Site, way: str) -> None:
    times = site.append(250)
    with ScriptedInflux(answers=lambda lines: ALWAYS[way]("")) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(200):
            times += site.append(1)
            site.clock.now += drain.drain_once().wait_seconds
        server.answers = lambda lines: None
        before = len(server.requests)
        site.run(drain)
        assert server.times() == times
        assert len(server.requests) - before < 60
    assert site.progress.dead_letters.count() == 0
    assert site.progress.state().trouble is None


@pytest.mark.parametrize("way", ALWAYS)
def test_one_reading_alone_is_not_at_fault_while_nothing_else_is_taken(site: Site, way: str) -> None:
    times = site.append(1)
    with ScriptedInflux(answers=lambda lines: ALWAYS[way]("")) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(60):
            site.clock.now += drain.drain_once().wait_seconds
        server.answers = lambda lines: None
        site.run(drain)
        assert server.times() == times


# Waiting


@pytest.mark.parametrize(("answer", "bounds"), [
    (error(401, "unauthorized"), (240, 360)),
    (error(403, "forbidden"), (240, 360)),
    (error(404, "bucket not found", "not found"), (240, 360)),
    (error(503, "busy", Retry_After="30"), (30, 32)),
    (error(429, "busy", Retry_After="5000"), (900, 900)),
    (error(503, "busy"), (0, 2)),
    (page(502, "Bad Gateway"), (0, 2)),
], ids=lambda value: str(getattr(value, "status", value)))  # fmt: skip
def test_it_waits_as_the_table_says(answer: Answer, bounds: tuple[float, float], site: Site) -> None:
    site.append(5)
    with ScriptedInflux([answer]) as server, influx(server.target) as writer:
        step = site.drain(writer).drain_once()
    assert bounds[0] <= step.wait_seconds <= bounds[1]
    state = site.progress.state()
    assert state.trouble == ("misconfigured" if answer.status in {401, 403, 404} else "unreachable")
    assert state.failing_since_ms == site.clock.now_ms()


def test_failing_is_written_down_once_and_ends_with_a_success(site: Site) -> None:
    site.append(5)
    with ScriptedInflux([error(503, "busy")] * 5) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        began = site.clock.now_ms()
        changes = []
        for _ in range(5):
            site.clock.now += drain.drain_once().wait_seconds
            changes.append(site.progress._connection.total_changes)
        assert site.progress.state().failing_since_ms == began
        assert len(set(changes)) == 1
        site.run(drain)
    state = site.progress.state()
    assert (state.trouble, state.reason, state.failing_since_ms) == (None, None, None)
    assert state.last_upload_ms == site.clock.now_ms()


def test_the_months_allowance_slows_the_backlog_but_not_the_newest(site: Site) -> None:
    site.append(10_000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.01)
        new: list[int] = []
        for _ in range(200):
            step = drain.drain_once()
            site.clock.now += step.wait_seconds
            new += site.append(1)
        stored = set(server.times())
        assert stored >= set(new[:-6])
        assert 1000 < len(stored) < 9000
    assert "0.01 MB" in (site.progress.state().note or "")


def test_that_the_backlog_waits_for_the_months_allowance_is_written_down_though_nothing_is_sent(site: Site) -> None:
    site.append(300)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        assert [drain.drain_once().is_idle for _ in range(3)] == [False, True, True]
        changes = site.progress._connection.total_changes
        assert "MB are used" in (site.progress.state().note or "")
        site.clock.now += 60
        assert drain.drain_once().is_idle
        assert site.progress._connection.total_changes == changes
        site.clock.now += 40 * 86400
        site.run(drain)
        assert drain.drain_once().is_idle
    assert site.progress.state().note is None


OLD = IdRanges.of([(1, 7)])


def test_writing_down_that_the_backlog_waits_does_not_undo_a_replay(site: Site) -> None:
    site.append(300)
    site.progress.settle(Settled("readings", NONE, OLD, expired=OLD), State(keeps="1 h"), BatchSize())
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        drain.drain_once()
        with Progress.open(site.directory / "uploader.db") as other:
            other.requeue("readings", OLD)
        assert drain.drain_once().is_idle
    state = site.progress.state()
    assert (state.expired, state.keeps, bool(state.note)) == (0, None, True)


def test_without_a_backlog_nobody_is_told_that_it_goes_out_slowly(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    times: list[int] = []
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        for _ in range(20):
            times += site.append(1)
            while not (step := drain.drain_once()).is_idle:
                pass
            assert step.wait_seconds == 60
            site.clock.now += step.wait_seconds
        assert server.times() == times
    assert site.progress.state().note is None
    assert not [record for record in caplog.records if "slowly" in record.message]


# Never doubled, never lost


def test_a_new_site_name_holds_for_what_is_taken_from_then_on(site: Site) -> None:
    times = site.append(30)
    with ScriptedInflux([Answer(trick="lose", stores=True)]) as server, influx(server.target) as writer:
        site.drain(writer).drain_once()
        site.journal.close()
        site.journal = JournalWriter.create(site.directory / "journal.db", "cabin")
        site.restart()
        drain = site.drain(writer)
        site.run(drain)
        new = site.append(5)
        site.clock.now += 60
        site.run(drain)
        assert sorted(server.points) == sorted(
            [("solar,model=PL80,site=home", time) for time in times]
            + [("solar,model=PL80,site=cabin", time) for time in new]
        )


def test_what_was_replayed_is_sent_again_over_itself(site: Site) -> None:
    times = site.append(30)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.progress.requeue("readings", [(10, 12)])
        site.clock.now += 60
        site.run(drain)
        assert times_of(server.requests[-1]) == times[9:12]
        assert server.times() == times


def test_ids_that_were_pruned_are_passed_over(site: Site) -> None:
    site.append(50)
    site.journal.prune([(1, 50)], EPOCH_MS * 2, 45)
    with ScriptedInflux() as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert len(server.times()) == site.journal.count("readings") < 50
    assert site.progress.done.of("readings") == IdRanges(((1, 50),))


def test_readings_without_a_single_value_are_passed_over(site: Site) -> None:
    site.append(3)
    connection = sqlite3.connect(site.directory / "journal.db")
    connection.execute(
        "UPDATE readings SET battery_volts = NULL, charge_amps = NULL, regulator_state = NULL WHERE id = 2"
    )
    connection.commit()
    connection.close()
    with ScriptedInflux() as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert len(server.requests[0]) == 2
    assert site.progress.done.of("readings") == IdRanges(((1, 3),))


def test_a_journal_that_was_replaced_is_sent_as_a_whole(site: Site) -> None:
    old = site.append(20)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.journal.close()
        (site.directory / "journal.db").rename(site.directory / "journal-damaged.db")
        site.journal = JournalWriter.create(site.directory / "journal.db")
        site.journal.boot_number("boot")
        new = site.append(20)
        site.run(drain)
        assert server.times() == old + new


def test_what_a_full_disk_kept_from_being_written_down_is_tried_again(site: Site) -> None:
    times = site.append(500)
    (pages,) = site.progress._connection.execute("PRAGMA page_count").fetchone()
    bad = at(*times)
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        site.progress._connection.execute(f"PRAGMA max_page_count = {pages}")
        drain = site.drain(writer)
        with pytest.raises(JournalFull):
            site.run(drain)
        site.progress._connection.execute("PRAGMA max_page_count = 100000")
        site.run(drain)
    assert site.progress.dead_letters.count() == 500


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_disk_with_hardly_any_room_does_not_have_the_same_readings_sent_again_and_again(tmp_path: Path) -> None:
    """One free block is enough to write down how the upload fares, but not to write down what was sent."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
    try:
        with (
            Site(tmp_path) as site,
            ScriptedInflux() as server,
            influx(server.target) as writer,
            (tmp_path / "fill").open("wb") as fill,
        ):
            site.append(10)
            site.run(site.drain(writer))
            times = site.append(100)
            os.posix_fallocate(fill.fileno(), 0, shutil.disk_usage(tmp_path).free - 4096)
            drain = site.drain(writer)
            before = len(server.requests)
            for _ in range(5):
                with pytest.raises(JournalFull, match="the disk is full"):
                    drain.drain_once()
            assert len(server.requests) == before + 1
            fill.truncate(0)
            site.run(drain)
            assert len(server.requests) == before + 2
            assert server.times()[-100:] == times
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_bad_reading_in_each_of_many_batches_blocks_nothing(site: Site) -> None:
    times = site.append(1500)
    bad = times[50::100]
    ends = at(*bad)
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in ends, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(400):
                site.clock.now += drain.drain_once().wait_seconds
        assert server.times() == [time for time in times if time not in bad]
    assert sorted(each.time_ms for each in site.progress.dead_letters.all()) == bad


def test_a_reading_revised_while_a_refused_batch_is_halved_goes_out_as_it_is_now(site: Site) -> None:
    times = site.append(50)
    bad = at(times[40])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            drain.drain_once()
            drain.drain_once()
            readings = [each for each in site.journal.records("readings", 1, 50) if isinstance(each, Reading)]
            site.journal.revise([replace(each, charge_amps=99.0) for each in readings], Decoding("other"))
            site.run(drain)
            site.clock.now += 60
            site.run(drain)
        assert {fields["charge_amps"] for fields in server.points.values()} == {"99.0"}
    (letter,) = site.progress.dead_letters.all()
    assert "charge_amps=99.0" in letter.line


def swap_journal(site: Site, name: str = "home") -> None:
    """The logger sets the journal aside and begins another one."""
    site.journal.close()
    (site.directory / "journal.db").rename(site.directory / "journal-damaged-1.db")
    site.journal = JournalWriter.create(site.directory / "journal.db", name)
    site.journal.boot_number("boot")


def test_no_suspicion_outlives_a_journal(site: Site) -> None:
    """The ids under suspicion are other readings now, and held ones among them."""
    times = site.append(64)
    bad = at(times[50])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            for _ in range(3):
                drain.drain_once()
            swap_journal(site)
            new = site.append(10)
            held = Reading(time_ms=EPOCH_MS + 10**9, boot=1, uptime_ms=1, battery_volts=1.0)
            site.journal.append_all([replace(held, uptime_ms=n) for n in range(50)], is_held=True)
            before = len(server.requests)
            drain.drain_once()
            assert times_of(server.requests[before]) == new
            site.run(drain)
        assert not [time for time in server.times() if time >= EPOCH_MS + 10**9]


def test_a_refusal_does_not_count_against_the_reading_of_the_same_id_in_another_journal(site: Site) -> None:
    """A reading that is refused twice is condemned: here it is two readings."""
    site.append(1)
    refusal = error(422, "partial write: field type conflict dropped=1")
    with ScriptedInflux([refusal] * 2) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        drain.drain_once()
        swap_journal(site)
        times = site.append(1)
        site.run(drain)
        assert server.times() == times
    assert site.progress.dead_letters.all() == []


def test_a_letter_of_another_journal_is_sent_as_itself_and_no_reading_of_the_same_id_in_its_place(site: Site) -> None:
    times = site.append(5)
    bad = at(times[2])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        (letter,) = site.progress.dead_letters.all()
        swap_journal(site, "cabin")
        new = [Reading(time_ms=time, boot=1, uptime_ms=time - EPOCH_MS, battery_volts=11.0) for time in times]
        site.journal.append_all(new, is_held=True)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.clock.now += 60
        site.run(drain)
        point = ("solar,model=PL80,site=home", times[2])
        assert server.points[point]["battery_volts"] == "25.0"
        assert len(server.points) == 5
    assert letter.line in server.requests[-1]
    assert site.progress.dead_letters.all() == []


@pytest.mark.parametrize(
    ("later_ms", "is_held", "volts"),
    [(0, False, "11.0"), (0, True, "25.0"), (1, False, "25.0")],
    ids=["the same point", "the same point, held", "the same id"],
)
def test_a_letter_is_sent_as_the_journal_has_its_point_now(
    site: Site, later_ms: int, is_held: bool, volts: str
) -> None:
    times = site.append(2)
    bad = at(times[1])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        swap_journal(site)
        here = Reading(time_ms=times[0], boot=1, uptime_ms=0, model="PL80", battery_volts=11.0)
        site.journal.append(here)
        site.journal.append(replace(here, time_ms=times[1] + later_ms, uptime_ms=10_000), is_held=is_held)
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        site.clock.now += 60
        site.run(drain)
        assert server.points["solar,model=PL80,site=home", times[1]]["battery_volts"] == volts
    assert site.progress.dead_letters.all() == []


def test_after_three_dead_letters_in_a_row_it_pauses(site: Site) -> None:
    """Whoever refuses one after the other is not asked to refuse a year of readings in a minute."""
    site.append(20)
    with ScriptedInflux(refuses=lambda line: True, refusal="400") as server, influx(server.target) as writer:
        drain = site.drain(writer)
        while site.progress.dead_letters.count() < 3:
            step = drain.drain_once()
    assert step.wait_seconds > 200
    assert "one reading after another" in (site.progress.state().reason or "")


def test_what_the_server_keeps_no_longer_is_not_sent_once_it_has_said_so(site: Site) -> None:
    """InfluxDB 2.7.12 and later say it; a replay asks again, as it may keep them longer now."""
    times = site.append(5000)
    bound_ms = times[4600] // 1000 * 1000
    bound = datetime.fromtimestamp(bound_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def expired(lines: list[str]) -> Answer | None:
        old = [line for line in lines if int(line.rsplit(" ", 1)[1]) < bound_ms]
        words = f"partial write: dropped {len(old)} points outside retention policy of duration 1h0m0s - oldest point "
        for line in lines if old else ():
            if line not in old:
                server._store(line)
        words += f"{'x' * 400} Retention Policy Lower Bound at {bound} dropped={len(old)} for database: 1"
        return error(422, words, "unprocessable entity") if old else None

    with ScriptedInflux(answers=expired) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        assert sum(step.sent for step in site.run(drain)) == len(server.points) == 400
        assert sum(map(len, server.requests)) < 1000
        assert len(server.requests) < 12
        assert writer.bytes_on_wire < 50_000
        state = site.progress.state()
        assert (state.expired, state.notes) == (
            4600,
            "the bucket keeps 1 h; 4,600 older records stay in the journal only",
        )
        assert site.progress.dead_letters.count() == 0
        server.answers = lambda lines: None
        with Progress.open(site.directory / "uploader.db") as admin:
            admin.requeue("readings", [(1, 5000)])
        site.clock.now += 60
        site.run(drain)
        assert server.times() == times
    assert site.progress.state().expired == 0


@pytest.mark.parametrize("with_sums", [range(10), range(8, 10), range(5, 10)], ids=["all", "new", "old-and-new"])
def test_a_day_of_two_points_that_is_too_old_is_one_record(site: Site, with_sums: range) -> None:
    """The server counts points. So days that it had stored were told, and taken, for too old."""
    for number in range(10):
        day = Day(time_ms=EPOCH_MS + number * 86_400_000, date=f"2023-11-{14 + number}", charge_amp_hours=120.0)
        site.journal.append(replace(day, measured_charge_amp_hours=119.0 if number in with_sums else None))
    bound_ms = EPOCH_MS + 7 * 86_400_000

    def expired(lines: list[str]) -> Answer | None:
        old = [line for line in lines if int(line.rsplit(" ", 1)[1]) < bound_ms]
        for line in lines if old else ():
            if line not in old:
                server._store(line)
        return error(422, f"partial write: points beyond retention policy dropped={len(old)}") if old else None

    with ScriptedInflux(answers=expired) as server, influx(server.target) as writer:
        steps = site.run(site.drain(writer))
        assert sum(step.sent for step in steps) == 3
        assert len(server.requests) == 1
    assert site.progress.state().expired == 7


def test_the_allowance_is_looked_at_again_when_the_clock_is_put_right(site: Site) -> None:
    """It used to wait for the end of the month that a wrong clock had shown: 30 days."""
    site.append(10_000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.01)
        for _ in range(60):
            site.clock.now += drain.drain_once().wait_seconds
        sent = len(server.times())
        assert sent < 9000
        site.clock.wall_ms = 40 * 86_400_000  # another month, with nothing used
        for _ in range(5):
            site.clock.now += drain.drain_once().wait_seconds
        assert len(server.times()) > sent + 50


ANSWERS = [
    Answer(),
    Answer(trick="lose", stores=True),
    Answer(trick="lose"),
    Answer(trick="cut body"),
    Answer(trick="cut answer", status=503, body="x" * 50),
    error(401, "unauthorized"),
    error(403, "forbidden"),
    error(404, "bucket not found", "not found"),
    page(413, "Too Large"),
    error(429, "busy", Retry_After="1"),
    error(500, "oops"),
    error(503, "busy", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    page(200, "Log in"),
    page(302, "Found", Location="http://portal.example"),
    Answer(200, "{}"),
    page(502, "Bad Gateway"),
    error(422, "partial write"),
]


@settings(
    max_examples=50,
    phases=set(Phase) - {Phase.shrink, Phase.explain},
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    script=st.lists(st.sampled_from(ANSWERS), max_size=20),
    count=st.integers(1, 200),
    bad=st.frozensets(st.integers(0, 199), max_size=3),
    refusal=st.sampled_from(["422", "400", "400 partial"]),
    restarts=st.integers(0, 3),
)
def test_whatever_the_server_answers_each_reading_is_stored_once_or_is_a_dead_letter(  # noqa: PLR0917
    script: list[Answer],
    count: int,
    bad: frozenset[int],
    refusal: str,
    restarts: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Site(tmp_path_factory.mktemp("site")) as site:
        times = site.append(count)
        refused = {times[n] for n in bad if n < count}
        ends = at(*refused)
        with ScriptedInflux(script, refuses=lambda line: line.rsplit(" ", 1)[-1] in ends, refusal=refusal) as server:  # type: ignore[arg-type]
            with influx(server.target) as writer:
                for _ in range(restarts):
                    drain = site.drain(writer)
                    for _ in range(3):
                        site.clock.now += drain.drain_once().wait_seconds
                    site.restart()
                site.run(site.drain(writer))
            letters = {letter.time_ms for letter in site.progress.dead_letters.all()}
            assert set(server.times()) | letters == set(times)
            assert refused <= letters
            assert refused.isdisjoint(server.times())
            assert letters == refused or _refuses_twice_in_a_row(script)
        assert site.progress.done.of("readings") == IdRanges(((1, count),))


def _refuses_twice_in_a_row(script: list[Answer]) -> bool:
    """Then a reading alone may be taken for a bad one; it is kept all the same."""
    statuses = [answer.status for answer in script if answer.status in {413, 422}]
    return any(before == after for before, after in itertools.pairwise(statuses))


def test_each_outcome_has_a_step_that_says_so(site: Site) -> None:
    site.append(2)
    script = [error(401, "no"), error(503, "busy"), error(422, "partial write"), page(413, "Too Large")]
    with ScriptedInflux(script) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        outcomes = [type(drain.drain_once().outcome) for _ in range(5)]
    # A proxy that does not take even one reading has a wrong setting.
    assert outcomes == [Misconfigured, Unreachable, Rejected, Misconfigured, Sent]


def test_a_wrong_token_does_not_use_up_the_month_with_large_requests(site: Site) -> None:
    site.append(3000)
    site.progress.note(site.progress.state(), BatchSize(5000))
    sizes: list[int] = []

    def refuse(lines: list[str]) -> Answer:
        sizes.append(len(lines))
        return error(401, "unauthorized access", "unauthorized")

    with ScriptedInflux(answers=refuse) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(20):
            site.clock.now += drain.drain_once().wait_seconds
    assert sizes[0] == 3000
    assert max(sizes[1:]) <= 100


@pytest.mark.parametrize("seed", range(2))
def test_a_line_on_which_most_requests_break_condemns_no_reading(seed: int, site: Site) -> None:
    """A reading failed alone five times by chance, while others went through, and became a dead letter."""
    chance = random.Random(seed)

    class Broken:
        bytes_on_wire = 0

        def write(self, lines: Sequence[str]) -> Outcome:
            return Unreachable("connection reset", is_strained=True) if chance.random() < 0.7 else Sent()

    site.append(1000)
    drain = site.drain(Broken())
    for _ in range(1500):
        site.clock.now += drain.drain_once().wait_seconds + 0.3
    assert site.progress.dead_letters.count() == 0
