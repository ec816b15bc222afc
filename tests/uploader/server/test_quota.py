"""A quota that is used up, or a limit of the server: no reading is blamed, and all go out when there is room again."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.reading import Event
from tests.scripted_influx import Answer, ScriptedInflux, error
from tests.servers import free_port, influxdb_1
from tests.uploader.site import EPOCH_MS, Site, influx
from uploader.drain.drain import Drain
from uploader.progress.batch_size import BatchSize
from uploader.server.target import Target

ANSWERS = {
    "a plan's rate": error(
        429, "org 04014de4ed590000 has exceeded limited_write plan limit", "too many requests", Retry_After="5"
    ),
    "a token's": Answer(429, json.dumps({"code": "temporarily unavailable", "message": "Token is over quota"})),
    "by size": error(413, "write quota of this organization is exceeded", "request too large"),
    "forbidden": error(403, "storage quota exceeded for bucket", "forbidden"),
    "unprocessable": error(422, "monthly quota exceeded", "unprocessable entity"),
    "cardinality": error(503, "series cardinality exceeds your plan's service quota", "unavailable"),
    "tables": error(400, "dml handler error: service limit reached: couldn't create new table; limit is 500"),
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def try_for_hours(site: Site, drain: Drain) -> None:
    for _ in range(100):
        site.clock.now += drain.drain_once().wait_seconds


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_quota_blames_no_reading_and_is_named(answer: Answer, site: Site) -> None:
    times = site.append(50)
    is_used_up = True
    with (
        ScriptedInflux(answers=lambda lines: answer if is_used_up else None) as server,
        influx(server.target) as writer,
    ):
        drain = site.drain(writer)
        try_for_hours(site, drain)
        assert site.progress.dead_letters.count() == 0
        assert "a quota or limit of the server is used up" in (site.progress.state().reason or "")
        assert site.progress.batch_size() == BatchSize()
        is_used_up = False
        site.run(drain)
        assert server.times() == times
    assert site.progress.dead_letters.count() == 0


def test_a_limit_for_some_records_alone_holds_no_others_back(site: Site) -> None:
    site.append(300)
    boot = site.journal.boot_number("boot")
    for n in range(3):
        site.journal.append(Event(time_ms=EPOCH_MS + n, boot=boot, uptime_ms=n, kind="started", message="hello"))

    def answers(lines: list[str]) -> Answer | None:
        return ANSWERS["tables"] if lines[0].startswith("solar_event") else None

    with ScriptedInflux(answers=answers) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(3):
            site.append(1)
            try_for_hours(site, drain)
        assert server.times() == [EPOCH_MS + n * 10_000 for n in range(303)]


def test_a_database_that_takes_no_new_series_blames_no_reading(site: Site, tmp_path: Path) -> None:
    times = site.append(50)
    port = free_port()
    with influxdb_1(tmp_path, port, most_series=1) as server, influx(Target(server.url, "", "o", "db")) as writer:
        server.query("CREATE DATABASE db")
        writer.write(["other,site=elsewhere v=1 1"])
        drain = site.drain(writer)
        try_for_hours(site, drain)
        assert site.progress.dead_letters.count() == 0
        assert "max-series-per-database" in (site.progress.state().reason or "")
    with influxdb_1(tmp_path, port) as server:
        site.run(drain)
        assert [row["time"] for row in server.query("SELECT battery_volts FROM solar", "db")] == times
    assert site.progress.dead_letters.count() == 0


def test_a_database_with_little_room_left_is_not_asked_again_and_again(site: Site, tmp_path: Path) -> None:
    """It takes readings and events whose series it has. The other events are dead letters soon."""
    boot = site.journal.boot_number("boot")
    port = free_port()
    with influxdb_1(tmp_path, port, most_series=40) as server, influx(Target(server.url, "", "o", "db")) as writer:
        server.query("CREATE DATABASE db")
        drain = site.drain(writer)
        requests = 0
        for minute in range(60):
            site.append(1)
            for n in range(20) if minute < 6 else ():
                kind = f"kind {n * (minute + 1)}"
                at = minute * 100 + n
                site.journal.append(Event(time_ms=EPOCH_MS + at, boot=boot, uptime_ms=at, kind=kind, message="hello"))
            until = site.clock.now + 60
            while site.clock.now < until and not (step := drain.drain_once()).is_idle:
                site.clock.now += step.wait_seconds
                requests += 1
            site.clock.now = max(site.clock.now, until)
        stored = len(server.query("SELECT message FROM solar_event", "db"))
        assert drain.pending()["events"].count == 0
        assert site.progress.dead_letters.count() == 120 - stored
        assert len(server.query("SELECT battery_volts FROM solar", "db")) == 60
    assert stored > 20
    assert requests < 400
