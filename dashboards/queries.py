"""The dashboards' queries as text, each in Flux and in InfluxQL.

Rules: A time without readings stays empty (`createEmpty: true`, `fill(null)`), and nothing is carried forward. A site
is one line whatever its `model` tag says, so a query that compares one reading with the next groups only by site.

    asked by            bucket             period and step              site
    Grafana             the data source's  the dashboard's              variable `site`, one, several or all
    InfluxDB template   v.solar_bucket     written into each query      v.solar_site, one
    alert rules         the data source's  written into each query      all, told apart by their tag
"""

from collections.abc import Callable
from dataclasses import dataclass

RECENT = "15m"  # "now" is at most this old; older is silence


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks: the Flux expressions for bucket, period, step, site and seconds between readings."""

    bucket: str
    start: str
    stop: str
    every: str
    site: str
    reading_seconds: str


GRAFANA = Scope(
    bucket="v.defaultBucket",
    start="v.timeRangeStart",
    stop="v.timeRangeStop",
    every="v.windowPeriod",
    site="r.site =~ /^${site:regex}$/",
    reading_seconds='"${reading_seconds}"',
)


def template_scope(period: str, every: str) -> Scope:
    """The scope of a cell in the InfluxDB template, whose period and step are its own: "24h", "2m"."""
    return Scope(
        bucket="v.solar_bucket",
        start=f"-{period}",
        stop="now()",
        every=every,
        site="r.site == v.solar_site",
        reading_seconds="v.solar_reading_seconds",
    )


@dataclass(frozen=True, slots=True)
class Query:
    """One query in both languages. `is_table`: the answer is rows to read, not a line over time."""

    flux: Callable[[Scope], str]
    influxql: str
    is_table: bool = False


INFLUXQL_SITE = '"site" =~ /^${site:regex}$/'


def rows(scope: Scope, measurement: str, field: str, start: str | None = None) -> str:
    """Flux for one field's points in the scope; from `start` until now if it is given."""
    stop = "now()" if start else scope.stop
    return (
        f"from(bucket: {scope.bucket})\n"
        f"  |> range(start: {start or scope.start}, stop: {stop})\n"
        f'  |> filter(fn: (r) => r._measurement == "{measurement}" and r._field == "{field}")\n'
        f"  |> filter(fn: (r) => {scope.site})\n"
    )


BY_SITE = '  |> group(columns: ["site"])\n  |> sort(columns: ["_time"])\n'


def latest(field: str) -> Query:
    """The newest value of the last 15 minutes; nothing if there is none."""
    return Query(
        flux=lambda scope: rows(scope, "solar", field, f"-{RECENT}") + "  |> last()\n" + BY_SITE + "  |> last()\n",
        influxql=(
            f'SELECT last("{field}") AS "value" FROM "solar" WHERE time > now() - {RECENT} AND {INFLUXQL_SITE} '
            'GROUP BY "site"'
        ),
    )


def trend(field: str, aggregate: str = "mean", measurement: str = "solar") -> Query:
    """One value per step: `aggregate` is mean, min, max or last (last also for text). Empty steps are null."""
    return Query(
        flux=lambda scope: (
            rows(scope, measurement, field)
            + f"  |> aggregateWindow(every: {scope.every}, fn: {aggregate}, createEmpty: true)\n"
        ),
        influxql=(
            f'SELECT {aggregate}("{field}") AS "value" FROM "{measurement}" WHERE $timeFilter AND {INFLUXQL_SITE} '
            'GROUP BY time($__interval), "site" fill(null)'
        ),
    )


def daily(field: str) -> Query:
    """The regulator's own daily records, one point per day, unchanged."""
    return Query(
        flux=lambda scope: rows(scope, "solar_day", field),
        influxql=f'SELECT "{field}" AS "value" FROM "solar_day" WHERE $timeFilter AND {INFLUXQL_SITE} GROUP BY "site"',
    )


SITES_FLUX = (
    'import "influxdata/influxdb/schema"\n\n'
    'schema.tagValues(bucket: {bucket}, tag: "site", predicate: (r) => r._measurement == "solar", start: -1y)\n'
)
SITES_INFLUXQL = 'SHOW TAG VALUES FROM "solar" WITH KEY = "site"'
