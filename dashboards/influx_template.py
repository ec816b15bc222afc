"""The template for `influx apply`: panels.py as dashboards and variables of InfluxDB 2.

Each cell has its own period, because InfluxDB's dashboards store none. InfluxDB draws no thresholds into lines and has
no panel for states over time; only Grafana shows these.
"""

from collections.abc import Iterator, Sequence

from dashboards.panels import Board, Line, Panel, Row, Threshold
from dashboards.queries import SITES_FLUX, template_scope
from dashboards.yaml_text import yaml_documents

API = "influxdata.com/v2alpha1"
PALETTE = ("#31C0F6", "#A500A5", "#FF7E27")  # InfluxDB's own default colours for lines
Resource = dict[str, object]

BUCKETS_FLUX = (
    'buckets()\n  |> filter(fn: (r) => r.name !~ /^_/)\n  |> rename(columns: {name: "_value"})\n'
    '  |> keep(columns: ["_value"])\n'
)


def template(boards: Sequence[Board]) -> str:
    """The whole file, ending in a newline: three variables, then the dashboards."""
    return yaml_documents([*_variables(), *(_dashboard(board) for board in boards)])


def _variables() -> Iterator[Resource]:
    # No envRef here: InfluxDB 2.7 accepts one in `selected` and then ignores the value that `influx apply` gives it.
    sites = SITES_FLUX.format(bucket="v.solar_bucket")
    yield _variable("solar-bucket", type="query", language="flux", query=BUCKETS_FLUX, selected=["solar"])
    yield _variable("solar-site", type="query", language="flux", query=sites)
    yield _variable("solar-reading-seconds", type="constant", values=["10", "1", "5", "15", "30", "60"])


def _variable(name: str, **spec: object) -> Resource:
    spec = {"name": name.replace("-", "_"), **spec}
    return {"apiVersion": API, "kind": "Variable", "metadata": {"name": name}, "spec": spec}


def _dashboard(board: Board) -> Resource:
    spec = {"name": board.title, "description": board.note, "charts": list(_charts(board))}
    return {"apiVersion": API, "kind": "Dashboard", "metadata": {"name": board.name}, "spec": spec}


def _charts(board: Board) -> Iterator[Resource]:
    top = 0
    for row in board.rows:
        yield {"kind": "Markdown", "name": row.title, "note": f"## {row.title}", **_place(0, top, 12, 1)}
        top += 1
        left = height = 0
        for panel in row.panels:
            if panel.kind == "states":
                continue
            height = 2 if panel.kind == "stat" else 4
            width = panel.columns // 2
            if left + width > 12:
                left, top = 0, top + height
            yield _chart(panel, row) | _place(left, top, width, height)
            left += width
        top += height


def _place(x: int, y: int, width: int, height: int) -> Resource:
    return {"xPos": x, "yPos": y, "width": width, "height": height}


def _chart(panel: Panel, row: Row) -> Resource:
    chart: Resource = {
        "name": panel.title,
        "note": panel.note,
        "queries": [{"query": _query(line, row)} for line in panel.lines],
    }
    if panel.kind == "stat":
        return chart | {
            "kind": "Single_Stat",
            "suffix": panel.unit.suffix,
            "decimalPlaces": panel.unit.decimals,
            "colors": _colors(panel.thresholds),
        }
    if panel.kind == "table":
        return chart | {
            "kind": "Table",
            "colors": [{"id": "base", "name": "laser", "type": "text", "hex": PALETTE[0]}],
            "tableOptions": {"verticalTimeAxis": True, "sortBy": "_time", "wrapping": "wrap"},
            "timeFormat": "YYYY-MM-DD HH:mm:ss",
        }
    return chart | {
        "kind": "Xy",
        "geom": "bar" if panel.kind == "bars" else "line",
        "position": "overlaid",
        "xCol": "_time",
        "yCol": "_value",
        "colors": [{"name": "Nineteen Eighty Four", "type": "scale", "hex": hex_color} for hex_color in PALETTE],
        "axes": [
            {"name": "x", "base": "10", "scale": "linear"},
            {"name": "y", "base": "10", "scale": "linear", "suffix": panel.unit.suffix},
        ],
    }


def _query(line: Line, row: Row) -> str:
    flux = line.query.flux(template_scope(row.period, row.step))
    return flux + f'  |> set(key: "_field", value: "{line.label}")\n' if line.label else flux


def _colors(thresholds: Sequence[Threshold]) -> list[Resource]:
    """The lowest colour is InfluxDB's "base", whose value does not matter."""
    base, *others = thresholds
    colors: list[Resource] = [{"id": "base", "name": "base", "type": "text", "hex": base[1], "value": 0}]
    colors += [{"name": "step", "type": "text", "hex": color, "value": value} for value, color in others]
    return colors
