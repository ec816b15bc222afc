"""The drain against real and scripted servers: what must be stored is, once, and what cannot be is kept."""

from pathlib import Path

import pytest

from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.servers import Database, VictoriaMetrics
from tests.uploader.site import Site, influx
from uploader.id_ranges import IdRanges


@pytest.fixture
def site(tmp_path: Path):  # type: ignore[no-untyped-def]
    with Site(tmp_path) as made:
        yield made


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
    assert site.progress.done("readings") == IdRanges(((1, 250),))


def test_victoria_metrics_gets_each_reading_once(site: Site, victoria_metrics: VictoriaMetrics) -> None:
    site.name = "once"
    times = site.append(1234)
    with influx(victoria_metrics.target) as writer:
        site.run(site.drain(writer))
    assert victoria_metrics.samples("once") == times


def test_one_bad_reading_among_5000_is_one_dead_letter_after_at_most_27_requests(site: Site) -> None:
    times = site.append(5000)
    bad = times[4321]
    with ScriptedInflux(refuses=lambda line: line.endswith(str(bad))) as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert server.times() == [time for time in times if time != bad]
        assert len(server.requests) <= 27
    (letter,) = site.progress.dead_letters.all()
    assert (letter.stream, letter.id, letter.time_ms, letter.status) == ("readings", 4322, bad, 422)
    assert "field type conflict" in letter.words


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "unable to parse"),
        error(401, "unauthorized"),
        error(403, "forbidden"),
        error(404, "bucket not found", "not found"),
        page(413, "Too Large"),
        error(422, "partial write"),
        error(429, "busy", Retry_After="1"),
        error(500, "oops"),
        error(503, "busy", Retry_After="1"),
        page(200, "Log in"),
        page(302, "Moved", Location="http://portal.example"),
        page(502, "Bad Gateway"),
        Answer(200, "{}", stores=True),
        Answer(trick="cut body"),
        Answer(trick="lose", stores=True),
        Answer(delay_seconds=1.5, stores=True),
    ],
    ids=lambda answer: f"{answer.status}{answer.trick}{answer.delay_seconds or ''}",
)
def test_after_one_such_answer_everything_is_stored_once(site: Site, answer: Answer) -> None:
    times = site.append(150)
    with ScriptedInflux([answer]) as server, influx(server.target, read_seconds=1.0) as writer:
        site.run(site.drain(writer))
        assert server.times() == times
    assert site.progress.dead_letters.count() == 0
