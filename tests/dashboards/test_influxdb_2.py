"""Every Flux question and the template itself, given to the InfluxDB 2 that INFLUXDB_TEST_URL names."""

import csv
import io
import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from tests.dashboards.committed import Question, all_flux, template
from tests.dashboards.macros import Period, flux
from tests.dashboards.simulated import HOUR_MS, READING_SECONDS, SimulatedDay

QUESTIONS = all_flux()
OVER_TIME = [question for question in QUESTIONS if "fn: mean" in question.text or "fn: last" in question.text]


@dataclass(frozen=True)
class InfluxDB2:
    """A server, and a fresh bucket in it."""

    url: str
    token: str
    org: str
    bucket: str = ""

    def ask(self, path: str, body: bytes | None, kind: str = "application/json", method: str | None = None) -> str:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def rows(self, text: str) -> list[dict[str, str]]:
        answer = self.ask(f"/api/v2/query?org={self.org}", text.encode(), "application/vnd.flux")
        tables = answer.replace("\r\n", "\n").strip("\n").split("\n\n")
        return [row for table in tables for row in csv.DictReader(io.StringIO(table))]


@pytest.fixture(scope="module")
def server() -> InfluxDB2:
    if "INFLUXDB_TEST_URL" not in os.environ:
        pytest.skip("needs an InfluxDB 2: INFLUXDB_TEST_URL, INFLUXDB_TEST_TOKEN, INFLUXDB_TEST_ORG")
    values = [os.environ[f"INFLUXDB_TEST_{name}"] for name in ("URL", "TOKEN", "ORG")]
    return InfluxDB2(*values)


@pytest.fixture(scope="module")
def influxdb_2(server: InfluxDB2, day: SimulatedDay) -> Iterator[InfluxDB2]:
    """It holds the day, in a bucket that is deleted in the end."""
    name = f"dashboards-{uuid4()}"
    body = json.dumps({"orgID": org_id(server), "name": name, "retentionRules": []}).encode()
    bucket_id = json.loads(server.ask("/api/v2/buckets", body))["id"]
    try:
        path = f"/api/v2/write?org={server.org}&bucket={name}&precision=ms"
        server.ask(path, "\n".join(day.lines).encode(), "text/plain")
        yield InfluxDB2(server.url, server.token, server.org, name)
    finally:
        server.ask(f"/api/v2/buckets/{bucket_id}", None, method="DELETE")


def org_id(server: InfluxDB2) -> str:
    (found,) = json.loads(server.ask(f"/api/v2/orgs?org={server.org}", None))["orgs"]
    return str(found["id"])


def rows(question: Question, influxdb: InfluxDB2, day: SimulatedDay) -> list[dict[str, str]]:
    hours = 90 * 24 if "solar_day" in question.text else 24
    period = Period(day.stop_ms - hours * HOUR_MS, day.stop_ms, "10m", "home", READING_SECONDS)
    return influxdb.rows(flux(question.text, period, influxdb.bucket))


def names(questions: list[Question]) -> list[str]:
    return [question.name for question in questions]


@pytest.mark.parametrize("question", QUESTIONS, ids=names(QUESTIONS))
def test_every_question_is_answered(question: Question, influxdb_2: InfluxDB2, day: SimulatedDay) -> None:
    found = rows(question, influxdb_2, day)
    value = {"Gaps longer than five minutes": "gap", "Events": "message"}.get(question.title, "_value")
    assert any(row[value] for row in found)
    assert not any(row.get("error") for row in found)


@pytest.mark.parametrize("question", OVER_TIME, ids=names(OVER_TIME))
def test_a_gap_stays_empty(question: Question, influxdb_2: InfluxDB2, day: SimulatedDay) -> None:
    found = [row for row in rows(question, influxdb_2, day) if row["site"] == "home"]
    empty = [row for row in found if not row["_value"]]
    assert empty
    assert len(empty) < len(found)


def test_the_template_is_accepted_whole(server: InfluxDB2) -> None:
    contents: list[dict[str, Any]] = template()
    body = {"dryRun": True, "orgID": org_id(server), "template": {"contents": contents}}
    summary = json.loads(server.ask("/api/v2/templates/apply", json.dumps(body).encode()))["summary"]
    charts = {board["name"]: len(board["charts"]) for board in summary["dashboards"]}
    specs = [resource["spec"] for resource in contents if resource["kind"] == "Dashboard"]
    assert charts == {spec["name"]: len(spec["charts"]) for spec in specs}
    names = {variable["name"] for variable in summary["variables"]}
    assert names == {"solar_bucket", "solar_site", "solar_reading_seconds"}
