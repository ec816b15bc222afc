"""Every InfluxQL question of the committed dashboards, asked of a real InfluxDB 1.x about a simulated day."""

import pytest

from dashboards.arrival import SITE_FIELDS
from tests.dashboards.committed import Question, alert_rules, other_questions, panel_questions
from tests.dashboards.conftest import Ask, Rows
from tests.dashboards.macros import Period, influxql
from tests.dashboards.simulated import HOUR_MS, READING_SECONDS, SimulatedDay

PANELS = list(panel_questions("influxql"))
OTHERS = list(other_questions("influxql"))
OVER_TIME = [question for question in PANELS if "$__interval" in question.text]
STEP_MS = 600_000
GAPS, EVENTS, SITES = "Gaps longer than eleven minutes", "Events", "Sites"


def asked(question: Question, ask: Ask, day: SimulatedDay, site: str = "home") -> Rows:
    hours = 90 * 24 if "solar_day" in question.text else 24
    return ask(
        influxql(question.text, Period(day.stop_ms - hours * HOUR_MS, day.stop_ms, "10m", site, READING_SECONDS))
    )


def the(title: str) -> Question:
    (found,) = [question for question in PANELS if question.title == title]
    return found


def names(questions: list[Question]) -> list[str]:
    return [question.name for question in questions]


def test_there_are_questions() -> None:
    assert len(PANELS) > 30
    assert len(OVER_TIME) > 10


@pytest.mark.parametrize("question", PANELS, ids=names(PANELS))
def test_every_panel_gets_rows_with_the_columns_it_shows(
    question: Question, ask_influxql: Ask, day: SimulatedDay
) -> None:
    check = {"time", "site", "version", "logger_uptime_seconds", *SITE_FIELDS}
    columns = {SITES: check, GAPS: {"time", "gap", "site"}, EVENTS: {"time", "kind", "message", "site"}}
    expected = columns.get(question.title, {"time", "value", "site"})
    rows = asked(question, ask_influxql, day)
    assert {frozenset(row) for row in rows} == {frozenset(expected)}
    assert any(None not in row.values() for row in rows)


@pytest.mark.parametrize("question", PANELS, ids=names(PANELS))
def test_all_sites_come_apart(question: Question, ask_influxql: Ask, day: SimulatedDay) -> None:
    sites = {row["site"] for row in asked(question, ask_influxql, day, site=".*")}
    assert sites == ({"home"} if question.title == GAPS else {"home", "hut"})


@pytest.mark.parametrize("question", OVER_TIME, ids=names(OVER_TIME))
def test_a_gap_stays_empty(question: Question, ask_influxql: Ask, day: SimulatedDay) -> None:
    """Neither interpolated nor carried forward; how long it was appears when it has ended."""
    rows = asked(question, ask_influxql, day)
    inside = [row["value"] for row in rows if day.gap_start_ms <= row["time"] <= day.gap_stop_ms - STEP_MS]
    outside = [row["value"] for row in rows if not day.gap_start_ms - STEP_MS < row["time"] < day.gap_stop_ms]
    assert len(inside) >= 11
    assert set(inside) == {None}
    assert None not in outside[1:-1]


def test_an_hour_without_readings_received_nothing_and_a_whole_one_everything(
    ask_influxql: Ask, day: SimulatedDay
) -> None:
    whole_hours = asked(the("Readings per hour"), ask_influxql, day)[1:-1]
    empty = [row for row in whole_hours if day.gap_start_ms <= row["time"] <= day.gap_stop_ms - HOUR_MS]
    full = [row for row in whole_hours if not day.gap_start_ms - HOUR_MS < row["time"] < day.gap_stop_ms]
    assert {row["value"] for row in empty} == {0}
    assert {row["value"] for row in full} == {100}


def test_what_is_missing_of_the_last_day_is_told_in_percent(ask_influxql: Ask, day: SimulatedDay) -> None:
    (row,) = asked(the("Received in 24 hours"), ask_influxql, day)
    assert row["value"] == pytest.approx(100 * 22 / 24, abs=0.2)


def test_the_gap_is_listed_with_its_end_and_length(ask_influxql: Ask, day: SimulatedDay) -> None:
    assert asked(the(GAPS), ask_influxql, day) == [
        {"time": day.gap_stop_ms, "gap": 2 * 3600 + READING_SECONDS, "site": "home"}
    ]


def test_the_longest_gap_is_the_gap(ask_influxql: Ask, day: SimulatedDay) -> None:
    lengths = {row["value"] for row in asked(the("Longest gap"), ask_influxql, day)}
    assert lengths == {None, READING_SECONDS, 2 * 3600 + READING_SECONDS}


def test_events_come_newest_first_with_their_quotes(ask_influxql: Ask, day: SimulatedDay) -> None:
    silent, started = day.stop_ms - 10 * HOUR_MS, day.stop_ms - 20 * HOUR_MS
    assert asked(the(EVENTS), ask_influxql, day) == [
        {"time": silent, "site": "home", "kind": "regulator_silent", "message": 'it "regulator_silent", they say'},
        {"time": started, "site": "home", "kind": "started", "message": 'it "started", they say'},
    ]


def test_the_table_of_sites_has_the_newest_check_of_each(ask_influxql: Ask, day: SimulatedDay) -> None:
    rows = sorted(asked(the(SITES), ask_influxql, day, site=".*"), key=lambda row: row["site"])
    found = [(row["site"], row["time"], row["version"], row["pending_records"], row["damaged_percent"]) for row in rows]
    assert found == [("home", day.stop_ms, "0.2.0", 3, 0.5), ("hut", day.stop_ms, "0.2.0", 3, 0.5)]


@pytest.mark.parametrize("question", OTHERS, ids=names(OTHERS))
def test_variables_and_alert_rules_know_both_sites(question: Question, ask_influxql: Ask, day: SimulatedDay) -> None:
    rows = asked(question, ask_influxql, day)
    assert {row.get("site", row["value"]) for row in rows} == {"home", "hut"}


def test_the_alarm_for_silence_sees_none_in_the_gap_and_some_before(ask_influxql: Ask, day: SimulatedDay) -> None:
    (rule,) = [rule for rule in alert_rules("influxql") if rule["title"] == "Site silent"]
    (condition,) = rule["data"][2]["model"]["conditions"]
    (question,) = [question for question in OTHERS if "Site silent" in question.name]
    rows = [row for row in asked(question, ask_influxql, day) if row["site"] == "home"]
    inside = {row["value"] for row in rows if day.gap_start_ms <= row["time"] <= day.gap_stop_ms - 300_000}
    before = {row["value"] for row in rows[1:] if row["time"] <= day.gap_start_ms - 300_000}
    assert condition["evaluator"] == {"type": "lt", "params": [1]}
    assert inside == {0}
    assert before == {10}
