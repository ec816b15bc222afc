"""When Grafana raises an alarm: a low battery, and silence.

Each rule asks for all sites at once (A), reduces the answer to one number per site (B) and compares it (C). So Grafana
has one alarm per site. A message says `.Labels.site`, not `$labels.site`: Grafana would take the dollar for an
environment variable.
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from grafana_foundation_sdk.builders import alerting, expr
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import alerting as models
from grafana_foundation_sdk.models import dashboard

from dashboards import arrival
from dashboards.grafana_json import Language, Target
from dashboards.panels import LOW_CHARGE_PERCENT, LOW_VOLTS_12
from dashboards.provisioning import DATASOURCE_UID
from dashboards.queries import GRAFANA, Query, trend
from dashboards.yaml_text import yaml_text

ALL_SITES = replace(GRAFANA, site="exists r.site", every="5m")
DATASOURCE = dashboard.DataSourceRef(type_val="influxdb", uid=DATASOURCE_UID)
EXPRESSION = dashboard.DataSourceRef(type_val="__expr__", uid="__expr__")
MINUTE = 60
DAY = 24 * 60 * MINUTE
SITE = "{{ .Labels.site }}"
MEAN = '{{ printf "%.1f" .Values.B.Value }}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Raised for a site whose `query`, over `period_seconds` made one number, is beyond `limit` for `lasting`."""

    uid: str
    title: str
    query: Query
    period_seconds: int
    reduced_by: Literal["mean", "last"]
    beyond: Literal["lt", "gt"]
    limit: float
    lasting: str
    no_data: Literal["OK", "Alerting"]
    message: str


def alarms(language: Language, bank_volts: int) -> tuple[Alarm, ...]:
    """Two for a low battery, one for silence."""
    volts = round(LOW_VOLTS_12 * bank_volts / 12, 2)
    return (
        _low(
            "solar-low-volts",
            "Battery voltage low",
            trend("battery_volts"),
            volts,
            f"The battery of {SITE} is low: {MEAN} V, averaged over 15 minutes.",
        ),
        _low(
            "solar-low-charge",
            "Battery charge low",
            trend("state_of_charge_percent"),
            LOW_CHARGE_PERCENT,
            f"The battery of {SITE} is {MEAN} % full, by the regulator's own estimate.",
        ),
        _silent(language),
    )


def _low(uid: str, title: str, query: Query, limit: float, message: str) -> Alarm:
    return Alarm(
        uid=uid,
        title=title,
        query=query,
        period_seconds=15 * MINUTE,
        reduced_by="mean",
        beyond="lt",
        limit=limit,
        lasting="10m",
        no_data="OK",  # silence has its own alarm
        message=message,
    )


def _silent(language: Language) -> Alarm:
    """By age in Flux. InfluxQL cannot calculate an age: there it is no reading in five minutes, for fifteen minutes."""
    by_age = language == "flux"
    return Alarm(
        uid="solar-silent",
        title="Site silent",
        query=arrival.newest() if by_age else arrival.presence(),
        period_seconds=(30 if by_age else 7) * DAY,
        reduced_by="last",
        beyond="gt" if by_age else "lt",
        limit=15 * MINUTE if by_age else 1,
        lasting="1m" if by_age else "15m",
        no_data="Alerting",
        message=f"No reading from {SITE} for 15 minutes. Check its power, the cable to the regulator, and the network. "
        "If only the network is down, the readings arrive when it is back.",
    )


def alerting_rules(language: Language, bank_volts: int) -> str:
    """The file for Grafana's provisioning. Each owner chooses in Grafana where alarms are sent."""
    rules = [_rule(alarm, language) for alarm in alarms(language, bank_volts)]
    group = {"orgId": 1, "name": "solar", "folder": "Solar", "interval": "1m", "rules": rules}
    return yaml_text({"apiVersion": 1, "groups": [group]})


def _rule(alarm: Alarm, language: Language) -> dict[str, Any]:
    evaluator = expr.ExprTypeThresholdConditionsEvaluator().type(alarm.beyond).params([alarm.limit])
    condition = expr.ExprTypeThresholdConditions().evaluator(evaluator)
    dropping_nulls = expr.ExprTypeReduceSettings().mode("dropNN")
    reduced = expr.TypeReduce().datasource(EXPRESSION).ref_id("B").expression("A").reducer(alarm.reduced_by)
    compared = expr.TypeThreshold().datasource(EXPRESSION).ref_id("C").expression("B").conditions([condition])
    period = models.RelativeTimeRange(from_val=alarm.period_seconds, to=0)
    rule = (
        alerting.Rule(alarm.title)
        .uid(f"{alarm.uid}-{language}")
        .condition("C")
        .with_query(
            alerting.Query("A")
            .datasource_uid(DATASOURCE_UID)
            .model(_target(alarm, language))
            .relative_time_range(period)
        )
        .with_query(alerting.Query("B").datasource_uid("__expr__").model(reduced.settings(dropping_nulls)))
        .with_query(alerting.Query("C").datasource_uid("__expr__").model(compared))
        .for_val(alarm.lasting)
        .no_data_state(alarm.no_data)
        .exec_err_state("Error")
        .annotations({"summary": alarm.message})
        .labels({"application": "solar"})
    )
    plain: dict[str, Any] = json.loads(json.dumps(rule.build(), cls=JSONEncoder))
    return {key: value for key, value in plain.items() if key not in ("folderUID", "orgID", "ruleGroup")}


def _target(alarm: Alarm, language: Language) -> Target:
    text = alarm.query.flux(ALL_SITES) if language == "flux" else alarm.query.influxql.replace("${site:regex}", ".*")
    return Target("A", language, text, datasource=DATASOURCE)
