"""The queries about the logging itself: what arrived, how recently, where the gaps are, what happened.

A reading counts as arrived if it has `battery_volts`, the first value that a regulator answers.
"""

from dashboards.queries import BY_SITE, INFLUXQL_SITE, Query, Scope, rows

LONG_GAP_SECONDS = 660
"""Above the longest wait between readings while the battery is low (journal/saving.py)."""
PRESENCE = "battery_volts"


def newest() -> Query:
    """How long ago the newest reading was taken, in seconds. InfluxQL has no age: there it is the reading's time."""
    return Query(
        flux=lambda scope: (
            rows(scope, "solar", PRESENCE, "-30d")
            + "  |> last()\n"
            + BY_SITE
            + '  |> last(column: "_time")\n'
            + _now_value("float(v: int(v: now()) - int(v: r._time)) / 1000000000.0")
        ),
        influxql=(
            f'SELECT last("{PRESENCE}") AS "value" FROM "solar" WHERE time > now() - 30d AND {INFLUXQL_SITE} '
            'GROUP BY "site"'
        ),
        is_table=True,
    )


def presence() -> Query:
    """Readings in each five minutes, 0 if there were none. For InfluxQL's alarm, instead of an age."""
    return Query(
        flux=lambda scope: (
            rows(scope, "solar", PRESENCE) + BY_SITE + "  |> aggregateWindow(every: 5m, fn: count, createEmpty: true)\n"
        ),
        influxql=(
            f'SELECT count("{PRESENCE}") AS "value" FROM "solar" WHERE $timeFilter AND {INFLUXQL_SITE} '
            'GROUP BY time(5m), "site" fill(0)'
        ),
    )


def received_today() -> Query:
    """Readings of the last 24 hours that are in the database, in percent of those that were due."""
    return Query(
        flux=lambda scope: (
            rows(scope, "solar", PRESENCE, "-24h")
            + '  |> group(columns: ["site"])\n'
            + "  |> count()\n"
            + _now_value(_percent_received(scope, 86400))
        ),
        influxql=(
            f'SELECT count("{PRESENCE}") * ${{reading_seconds}} / 864 AS "value" FROM "solar" '
            f'WHERE time > now() - 24h AND {INFLUXQL_SITE} GROUP BY "site"'
        ),
    )


def received_by_hour() -> Query:
    """Readings of each hour in percent of those that were due; an hour without readings is 0."""
    return Query(
        flux=lambda scope: (
            rows(scope, "solar", PRESENCE)
            + BY_SITE
            + "  |> aggregateWindow(every: 1h, fn: count, createEmpty: true)\n"
            + f"  |> map(fn: (r) => ({{r with _value: {_percent_received(scope, 3600)}}}))\n"
        ),
        influxql=(
            f'SELECT count("{PRESENCE}") * ${{reading_seconds}} / 36 AS "value" FROM "solar" '
            f'WHERE $timeFilter AND {INFLUXQL_SITE} GROUP BY time(1h), "site" fill(0)'
        ),
    )


def _percent_received(scope: Scope, seconds: int) -> str:
    return f"float(v: r._value) * float(v: {scope.reading_seconds}) / {seconds / 100}"


def _now_value(value: str) -> str:
    """One value per site, with the time now: Grafana needs a time to see a series."""
    return f"  |> map(fn: (r) => ({{site: r.site, _time: now(), _value: {value}}}))\n"


INFLUXQL_GAPS = (
    f'(SELECT elapsed("{PRESENCE}", 1s) AS "gap" FROM "solar" WHERE $timeFilter AND {INFLUXQL_SITE} GROUP BY "site")'
)


def longest_gap() -> Query:
    """The longest time between two readings that ended in each step, seconds."""
    return Query(
        flux=lambda scope: _gaps(scope) + f"  |> aggregateWindow(every: {scope.every}, fn: max, createEmpty: true)\n",
        influxql=(
            f'SELECT max("gap") AS "value" FROM {INFLUXQL_GAPS} WHERE $timeFilter '
            'GROUP BY time($__interval), "site" fill(null)'
        ),
    )


def _gaps(scope: Scope) -> str:
    return (
        rows(scope, "solar", PRESENCE)
        + BY_SITE
        + '  |> elapsed(unit: 1s, columnName: "gap")\n'
        + "  |> map(fn: (r) => ({r with _value: r.gap}))\n"
    )


def long_gaps() -> Query:
    """Each time of more than eleven minutes without a reading: when it ended, where, seconds.

    Not sorted in InfluxQL: InfluxDB 1.6.7 finds none at all if it must sort the newest first.
    """
    return Query(
        flux=lambda scope: (
            _gaps(scope)
            + f"  |> filter(fn: (r) => r.gap > {LONG_GAP_SECONDS})\n"
            + '  |> keep(columns: ["_time", "site", "gap"])\n'
            + _newest_first()
        ),
        influxql=f'SELECT "gap", "site" FROM {INFLUXQL_GAPS} WHERE $timeFilter AND "gap" > {LONG_GAP_SECONDS}',
        is_table=True,
    )


def events() -> Query:
    """The logger's messages, newest first."""
    return Query(
        flux=lambda scope: (
            rows(scope, "solar_event", "message")
            + '  |> rename(columns: {_value: "message"})\n'
            + '  |> keep(columns: ["_time", "site", "kind", "message"])\n'
            + _newest_first()
        ),
        influxql=(
            f'SELECT "kind", "message", "site" FROM "solar_event" WHERE $timeFilter AND {INFLUXQL_SITE} '
            "ORDER BY time DESC LIMIT 100"
        ),
        is_table=True,
    )


SITE_FIELDS = (
    "pending_records", "held_records", "dead_letters", "damaged_percent", "reading_seconds", "disk_free_bytes",
    "computer_celsius", "undervoltage_since_start", "clock_trusted",
)  # fmt: skip


def sites() -> Query:
    """The newest check of each site in the last day; nothing of a site that is silent for longer."""
    columns = ", ".join(f'"{name}"' for name in ("_time", "site", "version", *SITE_FIELDS))
    fields = ", ".join(f'"{name}"' for name in ("version", *SITE_FIELDS))
    return Query(
        flux=lambda scope: (
            f"from(bucket: {scope.bucket})\n"
            "  |> range(start: -24h, stop: now())\n"
            '  |> filter(fn: (r) => r._measurement == "solar_logger")\n'
            f"  |> filter(fn: (r) => {scope.site})\n"
            '  |> pivot(rowKey: ["_time", "site", "version"], columnKey: ["_field"], valueColumn: "_value")\n'
            + BY_SITE
            + '  |> last(column: "_time")\n'
            + f"  |> keep(columns: [{columns}])\n"
            + "  |> group()\n"
        ),
        influxql=(
            f'SELECT last("logger_uptime_seconds") AS "logger_uptime_seconds", {fields} FROM "solar_logger" '
            f'WHERE time > now() - 24h AND {INFLUXQL_SITE} GROUP BY "site"'
        ),
        is_table=True,
    )


def _newest_first() -> str:
    return '  |> group()\n  |> sort(columns: ["_time"], desc: true)\n  |> limit(n: 100)\n'
