"""Every Flux question and the template itself, given to the InfluxDB 2 that INFLUXDB_TEST_URL names."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dashboards.committed import Question, all_flux, template
from tests.dashboards.macros import Period, flux
from tests.dashboards.simulated import HOUR_MS, READING_SECONDS, SimulatedDay
from tests.servers import InfluxDB2

QUESTIONS = all_flux()
OVER_TIME = [question for question in QUESTIONS if "fn: mean" in question.text or "fn: last" in question.text]


@pytest.fixture(scope="module")
def influxdb_2(influxdb_2_server: InfluxDB2, day: SimulatedDay) -> Iterator[InfluxDB2]:
    """It holds the day, in a bucket that is deleted in the end."""
    with influxdb_2_server.with_bucket() as influxdb:
        path = f"/api/v2/write?org={influxdb.org}&bucket={influxdb.bucket}&precision=ms"
        influxdb.ask(path, "\n".join(day.lines).encode(), "text/plain")
        yield influxdb


def rows(question: Question, influxdb: InfluxDB2, day: SimulatedDay) -> list[dict[str, str]]:
    hours = 90 * 24 if "solar_day" in question.text else 24
    period = Period(day.stop_ms - hours * HOUR_MS, day.stop_ms, "10m", "home", READING_SECONDS)
    return influxdb.rows(flux(question.text, period, influxdb.bucket))


def names(questions: list[Question]) -> list[str]:
    return [question.name for question in questions]


@pytest.mark.parametrize("question", QUESTIONS, ids=names(QUESTIONS))
def test_every_question_is_answered(question: Question, influxdb_2: InfluxDB2, day: SimulatedDay) -> None:
    found = rows(question, influxdb_2, day)
    named = {"Gaps longer than eleven minutes": "gap", "Events": "message", "Sites": "clock_trusted"}
    assert any(row[named.get(question.title, "_value")] for row in found)
    assert not any(row.get("error") for row in found)


@pytest.mark.parametrize("question", OVER_TIME, ids=names(OVER_TIME))
def test_a_gap_stays_empty(question: Question, influxdb_2: InfluxDB2, day: SimulatedDay) -> None:
    found = [row for row in rows(question, influxdb_2, day) if row["site"] == "home"]
    empty = [row for row in found if not row["_value"]]
    assert empty
    assert len(empty) < len(found)


def test_the_template_is_accepted_whole(influxdb_2_server: InfluxDB2) -> None:
    contents: list[dict[str, Any]] = template()
    body = {"dryRun": True, "orgID": influxdb_2_server.org_id(), "template": {"contents": contents}}
    summary = json.loads(influxdb_2_server.ask("/api/v2/templates/apply", json.dumps(body).encode()))["summary"]
    charts = {board["name"]: len(board["charts"]) for board in summary["dashboards"]}
    specs = [resource["spec"] for resource in contents if resource["kind"] == "Dashboard"]
    assert charts == {spec["name"]: len(spec["charts"]) for spec in specs}
    names = {variable["name"] for variable in summary["variables"]}
    assert names == {"solar_bucket", "solar_site", "solar_reading_seconds"}
