"""The committed files: freshly built, complete, and what Grafana and InfluxDB can read."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as sdk

from admin.cli import run
from admin.commands.dashboards import BANK_VOLTS
from dashboards import arrival
from dashboards.build import files
from dashboards.grafana_json import LANGUAGES, Language
from dashboards.panels import Board, boards
from dashboards.provisioning import DATASOURCE_UID
from journal.saving import LEAST_GAP_SECONDS
from tests.dashboards.committed import FOLDER, alert_rules, all_flux, panel_questions, template
from tests.dashboards.committed import boards as committed_boards
from uploader.server.line_protocol import MEASUREMENTS

BOARDS = [(language, name) for language in LANGUAGES for name in ("solar-site", "solar-logging")]
PATHS = sorted(files())


def panels(language: Language, name: str) -> list[dict[str, Any]]:
    return [panel for panel in committed_boards(language)[name]["panels"] if panel["type"] != "row"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_committed_is_what_is_built(path: str) -> None:
    assert (FOLDER / path).read_text(encoding="utf-8") == files()[path], "run: python -m dashboards.build"


def test_nothing_old_is_left_behind() -> None:
    there = [path for kind in ("influxdb", "grafana") for path in (FOLDER / kind).rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(FOLDER)) for path in there) == PATHS


@pytest.mark.parametrize("bank_volts", BANK_VOLTS)
def test_the_program_writes_for_each_battery_what_would_be_built_for_it(bank_volts: int, tmp_path: Path) -> None:
    assert run(["dashboards", "--bank-volts", str(bank_volts), "--output", str(tmp_path / "new" / "one")]) == 0
    there = [path for path in (tmp_path / "new" / "one").rglob("*") if path.is_file()]
    written = {str(path.relative_to(tmp_path / "new" / "one")): path.read_text("utf-8") for path in there}
    assert written == files(bank_volts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("bank_volts", "limit"), [(12, 11.8), (24, 23.6), (48, 47.2)])
def test_the_low_voltage_alarm_fits_the_battery_and_is_one_number_in_its_file(
    language: Language, bank_volts: int, limit: float
) -> None:
    text = files(bank_volts)[f"grafana/{language}/alerting/solar.yaml"]
    assert re.findall(rf"^ *- {limit}$", text, re.MULTILINE)
    assert text.count(str(limit)) == 1


@pytest.mark.parametrize(("language", "name"), BOARDS)
def test_grafanas_own_library_reads_a_dashboard_and_finds_all_of_it(language: Language, name: str) -> None:
    register_default_plugins()
    content = committed_boards(language)[name]
    read = sdk.Dashboard.from_json(content)
    assert read.uid == f"{name}-{language}"
    assert [panel.title for panel in read.panels or []] == [panel["title"] for panel in content["panels"]]


@pytest.mark.parametrize(("language", "name"), BOARDS)
def test_every_panel_has_its_own_id_a_place_a_unit_thresholds_and_the_chosen_data_source(
    language: Language, name: str
) -> None:
    everything = committed_boards(language)[name]["panels"]
    ids = [panel["id"] for panel in everything]
    assert len(set(ids)) == len(ids)
    covered = [cell for panel in everything for cell in _cells(panel["gridPos"])]
    assert len(set(covered)) == len(covered), "panels lie on each other"
    for panel in panels(language, name):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"], panel["title"]
        steps = [step["value"] for step in defaults["thresholds"]["steps"]]
        assert steps[0] is None
        assert steps[1:] == sorted(steps[1:]), panel["title"]
        assert panel["datasource"] == {"type": "influxdb", "uid": "${datasource}"}
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"]


def _cells(place: dict[str, int]) -> list[tuple[int, int]]:
    assert place["x"] + place["w"] <= 24
    return [(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])]


@pytest.mark.parametrize(("language", "name"), BOARDS)
def test_a_line_is_not_drawn_across_a_gap_but_across_the_pace_of_a_low_battery(language: Language, name: str) -> None:
    """Readings ten minutes apart can lie in steps of a minute that are eleven apart."""
    lines = [panel for panel in panels(language, name) if panel["type"] == "timeseries"]
    assert lines
    for panel in lines:
        assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] == (LEAST_GAP_SECONDS + 60) * 1000
        assert panel["interval"] == "1m"


def test_no_influxql_question_fills_a_gap() -> None:
    for question in panel_questions("influxql"):
        filled = re.findall(r"fill\((\w+)\)", question.text)
        assert filled == ([] if "GROUP BY time" not in question.text else filled[:1])
        assert set(filled) <= {"null", "0"}
        assert ("0" in filled) == ("count(" in question.text and "GROUP BY time" in question.text)


def test_the_pace_of_a_low_battery_is_no_gap() -> None:
    assert arrival.LONG_GAP_SECONDS == LEAST_GAP_SECONDS


def test_only_fields_that_are_uploaded_are_asked_for() -> None:
    known = {measurement: {field.name for field in fields(record)} for record, measurement in MEASUREMENTS.items()}
    asked = [re.search(r'_measurement == "(\w+)" and r._field == "(\w+)"', one.text) for one in all_flux()]
    pairs = {found.groups() for found in asked if found}
    assert len(pairs) > 15
    assert {(measurement, field) for measurement, field in pairs if field not in known[measurement]} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alarm_asks_the_provisioned_data_source_and_names_the_site(language: Language) -> None:
    (source,) = yaml.safe_load((FOLDER / "grafana" / language / "datasources" / "solar.yaml").read_text())[
        "datasources"
    ]
    assert source["uid"] == DATASOURCE_UID
    rules = alert_rules(language)
    assert [rule["title"] for rule in rules] == ["Battery voltage low", "Battery charge low", "Site silent"]
    assert [rule["noDataState"] for rule in rules] == ["OK", "OK", "Alerting"]
    for rule in rules:
        assert [query["datasourceUid"] for query in rule["data"]] == [DATASOURCE_UID, "__expr__", "__expr__"]
        assert rule["condition"] == "C"
        assert "{{ .Labels.site }}" in rule["annotations"]["summary"]
        assert "$" not in rule["annotations"]["summary"], "Grafana would put an environment variable there"


def test_every_secret_comes_from_the_environment() -> None:
    for language, secret in (("flux", "token"), ("influxql", "password")):
        text = (FOLDER / "grafana" / language / "datasources" / "solar.yaml").read_text()
        (source,) = yaml.safe_load(text)["datasources"]
        assert source["secureJsonData"] == {secret: f"${{INFLUXDB_{secret.upper()}}}"}


def test_the_template_creates_dashboards_and_variables_and_nothing_that_holds_data_or_rights() -> None:
    assert [resource["kind"] for resource in template()] == ["Variable"] * 3 + ["Dashboard"] * 2


def test_a_cell_of_the_template_lies_on_no_other() -> None:
    for resource in template()[3:]:
        cells = [
            (chart["xPos"] + x, chart["yPos"] + y)
            for chart in resource["spec"]["charts"]
            for x in range(chart["width"])
            for y in range(chart["height"])
        ]
        assert len(set(cells)) == len(cells)
        assert max(x for x, _ in cells) < 12


@pytest.mark.parametrize("board", boards(), ids=lambda board: board.name)
def test_what_is_now_today_last_week_and_daily_is_on_the_boards(board: Board) -> None:
    rows = {
        "solar-site": ["Now", "Today", "Last week", "Daily history"],
        "solar-logging": ["Now", "Last week", "The logger itself"],
    }
    assert [row.title for row in board.rows] == rows[board.name]
