"""Flux: the audit's queries to InfluxDB 2.x and Cloud, and their answers in CSV. Pure.

InfluxDB counts values of a field, not points. `aggregateWindow(fn: count)` runs inside the storage, so it is fast.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv, which influxdb-client reads. An error may come
after status 200, as a table with a column `error`.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from uploader.audit.query import Found, Query, Request, StrangeAnswer, required, text_key
from uploader.server.target import Target

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS_PER_SECOND = 1_000_000_000


class Flux:
    """The query language of InfluxDB 2.x and Cloud."""

    answers_in = "csv"
    is_exact = True

    def __init__(self, target: Target) -> None:
        self._target = target

    def summaries(self, query: Query) -> list[Request]:
        """One script, with a result for each function (its name is in a column) and one for the texts."""
        parts = [self._windows(query, query.fields, "count")]
        if query.numbers:
            parts += [self._windows(query, query.numbers, function) for function in ("sum", "min", "max")]
        if query.texts:
            names = sorted({name for name, _ in query.texts})
            parts.append(
                f"""{self._points(query, names)}
    |> window(every: 1h)
    |> duplicate(column: "_value", as: "text")
    |> group(columns: ["_field", "text", "_start"])
    |> count()
    |> group()
    |> rename(columns: {{_start: "_time"}})
    |> keep(columns: ["_time", "_field", "text", "_value"])
    |> set(key: "function", value: "count")
    |> yield(name: "text")
"""
            )
        return [self._request("\n".join(parts))]

    def samples(self, query: Query) -> list[Request]:
        columns = '["_time", "_field", "_value"]'
        return [self._request(f"{self._points(query, query.fields)}\n    |> keep(columns: {columns})\n")]

    def read(self, body: bytes) -> Iterator[Found]:
        for row in _rows(body):
            moment, name, value = (required(row, column) for column in ("_time", "_field", "_value"))
            key = text_key(name, row["text"] or "") if "text" in row else name
            yield Found(_ms(moment), key, "" if value is None else value, row.get("function", ""))

    def retention(self) -> Request:
        name = _string(self._target.bucket)
        return self._request(
            f'buckets() |> filter(fn: (r) => r.name == {name}) |> keep(columns: ["name", "retentionPeriod"])\n'
        )

    def read_retention(self, body: bytes) -> int | None:
        """Seconds, 0 for ever; None if the token may not see the bucket."""
        for row in _rows(body):
            return (required(row, "retentionPeriod") or 0) // _NANOSECONDS_PER_SECOND
        return None

    def _windows(self, query: Query, names: Iterable[str], function: str) -> str:
        return f"""{self._points(query, names)}
    |> aggregateWindow(every: 1h, fn: {function}, timeSrc: "_start", createEmpty: false)
    |> group()
    |> keep(columns: ["_time", "_field", "_value"])
    |> set(key: "function", value: "{function}")
    |> yield(name: "{function}")
"""

    def _points(self, query: Query, names: Iterable[str]) -> str:
        fields = " or ".join(f"r._field == {_string(name)}" for name in names)
        return f"""from(bucket: {_string(self._target.bucket)})
    |> range(start: {_time(query.since_ms)}, stop: {_time(query.until_ms)})
    |> filter(fn: (r) => r._measurement == {_string(query.measurement)} and r.site == {_string(query.site)})
    |> filter(fn: (r) => {fields})"""

    def _request(self, text: str) -> Request:
        dialect = {"header": True, "annotations": ["datatype", "group", "default"], "delimiter": ","}
        body = json.dumps({"query": text, "type": "flux", "dialect": dialect}).encode()
        url = f"{self._target.base_url}/api/v2/query?{urlencode({'org': self._target.org})}"
        return Request(url, body, self._target.token_header, "application/json")


def _string(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text).replace("${", "\\${")
    return f'"{escaped}"'


def _time(time_ms: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Values by column, each of its column's type. None: an empty text, which looks like no value in CSV."""
    from influxdb_client.client import flux_csv_parser as parser

    answer = parser.FluxCsvParser(io.BytesIO(body), parser.FluxSerializationMode.stream)
    try:
        for record in answer.generator():  # type: ignore[no-untyped-call]
            yield record.values
    except parser.FluxQueryException as error:
        raise ValueError(error.message) from error
    except (parser.FluxCsvParserException, csv.Error, LookupError, ValueError) as error:
        raise StrangeAnswer("not annotated CSV") from error
