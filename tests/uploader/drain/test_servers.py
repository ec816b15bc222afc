"""The drain in front of real servers: each record arrives once, with every field."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from journal.id_ranges import IdRanges
from journal.reading import Check, Day, Event
from journal.writer import JournalWriter
from tests.fault_proxy import Fault, FaultProxy
from tests.servers import Database, VictoriaMetrics
from tests.uploader.site import EPOCH_MS, Clock, Site, influx
from uploader.drain.drain import Drain
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress
from uploader.server.outcomes import Sent
from uploader.server.target import Target


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
