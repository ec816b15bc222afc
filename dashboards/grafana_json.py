"""Grafana's dashboards: panels.py as the JSON that Grafana reads, once for each query language."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard

from dashboards.arrival import LONG_GAP_SECONDS
from dashboards.panels import Board, Line, Panel, Row, Threshold
from dashboards.queries import GRAFANA, SITES_FLUX, SITES_INFLUXQL

Language = Literal["flux", "influxql"]
LANGUAGES: tuple[Language, ...] = ("flux", "influxql")
DATASOURCE = dashboard.DataSourceRef(type_val="influxdb", uid="${datasource}")
FINEST_STEP = "1m"  # the smallest step: with a smaller one, the time between two readings would look like a gap
PanelBuilder = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel


@dataclass(frozen=True, slots=True)
class Target(Dataquery, Builder[Dataquery]):
    """A query as Grafana's InfluxDB data source stores it; the SDK has no class for it."""

    ref_id: str
    language: Language
    text: str
    is_table: bool = False
    alias: str = ""
    datasource: dashboard.DataSourceRef = DATASOURCE

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        stored: dict[str, object] = {"datasource": self.datasource, "refId": self.ref_id, "query": self.text}
        if self.language == "influxql":
            stored |= {"rawQuery": True, "resultFormat": "table" if self.is_table else "time_series"}
        return stored | ({"alias": self.alias} if self.alias else {})


def board_json(board: Board, language: Language) -> str:
    """The file for Grafana's provisioning, ending in a newline."""
    built = (
        builders.Dashboard(f"{board.title} ({'Flux' if language == 'flux' else 'InfluxQL'})")
        .uid(f"{board.name}-{language}")
        .description(board.note)
        .tags(["solar"])
        .time(f"now-{board.period}", "now")
        .timezone("browser")
        .refresh("1m")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .variables(_variables(language))
        .link(
            builders.DashboardLink("Solar").type(dashboard.DashboardLinkType.DASHBOARDS).tags(["solar"]).keep_time(True)
        )
    )
    ids = iter(range(1, 1000))
    top = 0
    for row in board.rows:
        built.with_row(builders.Row(row.title).id(next(ids)).grid_pos(_position(0, top, 24, 1)))
        top += 1
        left = height = 0
        for panel in row.panels:
            height = _height(panel)
            if left + panel.columns > 24:
                left, top = 0, top + height
            position = _position(left, top, panel.columns, height)
            built.with_panel(_panel(panel, row, language).id(next(ids)).grid_pos(position))
            left += panel.columns
        top += height
    return json.dumps(built.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _position(x: int, y: int, width: int, height: int) -> dashboard.GridPos:
    return dashboard.GridPos(h=height, w=width, x=x, y=y)


def _height(panel: Panel) -> int:
    return 4 if panel.kind == "stat" else 8


def _variables(language: Language) -> list[Builder[dashboard.VariableModel]]:
    query = SITES_FLUX.format(bucket="v.defaultBucket") if language == "flux" else SITES_INFLUXQL
    return [
        builders.DatasourceVariable("datasource").label("Data source").type("influxdb"),
        builders.QueryVariable("site")
        .label("Site")
        .datasource(DATASOURCE)
        .query({"query": query, "refId": "sites"})
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(dashboard.VariableOption(text="All", value="$__all")),
        builders.TextBoxVariable("reading_seconds").label("Seconds between readings").default_value("10"),
    ]


def _panel(panel: Panel, row: Row, language: Language) -> PanelBuilder:
    built = _kind(panel, language)
    built.title(panel.title).description(panel.note).datasource(DATASOURCE).unit(panel.unit.grafana)
    built.decimals(panel.unit.decimals).thresholds(_thresholds(panel.thresholds)).interval(FINEST_STEP)
    for ref_id, line in zip("ABCDEF", panel.lines, strict=False):
        built.with_target(_target(ref_id, line, language))
        if language == "flux" and panel.kind != "table":
            name = f"{line.label} ${{__field.labels.site}}".strip()
            built.override_by_query(ref_id, [dashboard.DynamicConfigValue("displayName", name)])
    if row.fixed and panel.kind not in ("stat", "table"):
        built.time_from(row.period)
    return built


def _target(ref_id: str, line: Line, language: Language) -> Target:
    if language == "flux":
        return Target(ref_id, language, line.query.flux(GRAFANA))
    alias = "" if line.query.is_table else f"{line.label} $tag_site".strip()
    return Target(ref_id, language, line.query.influxql, line.query.is_table, alias)


def _kind(panel: Panel, language: Language) -> PanelBuilder:
    if panel.kind == "stat":
        return _stat(panel, language)
    if panel.kind == "states":
        return statetimeline.Panel().merge_values(True).show_value(common.VisibilityMode.AUTO)
    if panel.kind == "table":
        newest_first = common_builders.TableSortByFieldState().display_name("Time").desc(True)
        return table.Panel().sort_by([newest_first])
    return (
        timeseries.Panel()
        .draw_style(common.GraphDrawStyle.BARS if panel.kind == "bars" else common.GraphDrawStyle.LINE)
        .fill_opacity(60 if panel.kind == "bars" else 5)
        .line_width(1)
        .span_nulls(1000 * (LONG_GAP_SECONDS + 60))  # a step more: times are those of the steps
        .show_points(common.VisibilityMode.AUTO)
        .color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds_style(_thresholds_style(panel))
    )


def _thresholds_style(panel: Panel) -> common_builders.GraphThresholdsStyleConfig:
    has_thresholds = len(panel.thresholds) > 1
    mode = common.GraphThresholdsStyleMode.DASHED if has_thresholds else common.GraphThresholdsStyleMode.OFF
    return common_builders.GraphThresholdsStyleConfig().mode(mode)


def _stat(panel: Panel, language: Language) -> stat.Panel:
    reduced = common_builders.ReduceDataOptions().calcs(["lastNotNull"])
    built = stat.Panel().graph_mode(common.BigValueGraphMode.NONE).no_value("silent")
    if panel.unit.grafana == "string":
        reduced.fields("/.*/")
    if language == "influxql" and any(line.query.is_table for line in panel.lines):
        reduced.values(True).fields("/^Time$/")  # one row per site
        built.override_by_name("Time", [dashboard.DynamicConfigValue("unit", "dateTimeFromNow")])
    return built.reduce_options(reduced).color_scheme(builders.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))


def _thresholds(thresholds: Sequence[Threshold]) -> builders.ThresholdsConfig:
    steps = [dashboard.Threshold(value=value, color=color) for value, color in thresholds]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)
