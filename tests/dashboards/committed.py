"""The questions in the committed files, each with where it stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FOLDER = Path(__file__).parents[2] / "dashboards"
TEMPLATE = FOLDER / "influxdb" / "solar.yml"


class Question(NamedTuple):
    """`name` tells file, panel and number; `text` is as the file has it; `title` is the panel's."""

    name: str
    text: str
    title: str = ""


def boards(language: str) -> dict[str, dict[str, Any]]:
    """Grafana's dashboards by name."""
    folder = FOLDER / "grafana" / language / "dashboards"
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def template() -> list[dict[str, Any]]:
    """The template's resources."""
    return list(yaml.safe_load_all(TEMPLATE.read_text()))


def alert_rules(language: str) -> list[dict[str, Any]]:
    """The alert rules of the only group."""
    (group,) = yaml.safe_load((FOLDER / "grafana" / language / "alerting" / "solar.yaml").read_text())["groups"]
    return list(group["rules"])


def panel_questions(language: str) -> Iterator[Question]:
    for board, content in boards(language).items():
        for panel in content["panels"]:
            for target in panel.get("targets", []):
                yield Question(
                    f"{board}: {panel['title']} {panel['id']}{target['refId']}", target["query"], panel["title"]
                )


def other_questions(language: str) -> Iterator[Question]:
    """Those of the variables and the alert rules."""
    for board, content in boards(language).items():
        for variable in content["templating"]["list"]:
            if variable["type"] == "query":
                yield Question(f"{board}: variable {variable['name']}", variable["query"]["query"])
    for rule in alert_rules(language):
        yield Question(f"alert rule: {rule['title']}", rule["data"][0]["model"]["query"])


def template_questions() -> Iterator[Question]:
    for resource in template():
        spec = resource["spec"]
        if resource["kind"] == "Variable" and spec["type"] == "query":
            yield Question(f"template: variable {spec['name']}", spec["query"])
        for chart in spec.get("charts", []):
            for number, query in enumerate(chart.get("queries", [])):
                yield Question(f"template: {spec['name']}: {chart['name']} {number}", query["query"], chart["name"])


def all_flux() -> list[Question]:
    return [*panel_questions("flux"), *other_questions("flux"), *template_questions()]
