"""Flux: the audit's queries to InfluxDB 2.x and Cloud, and their answers in CSV. Pure.

InfluxDB counts values of a field, not points. `aggregateWindow(fn: count)` runs inside the storage, so it is fast.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv, which influxdb-client reads. An error may come
after status 200, as a table with a column `error`.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from uploader.audit.query import Asked, Found, Points, QueryFailed, Request, Total
from uploader.server.target import Target

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Flux:
    target: Target
    answers_in = "csv"
    cannot_say: ClassVar = {400, 422, 500}
    is_exact = True

    def request(self, points: Points, asked: Asked) -> Request:
        """One script, with a result for each function and text, which names them: `sum`, `count boost`."""
        return self._request("\n".join(self._result(points, *each, names) for each, names in asked.items()))

    def read(self, points: Points, body: bytes) -> Iterator[Found]:
        for row in _rows(body):
            function, *text = row["result"].split(" ", 1)
            value = row["_value"]
            total = Total(function, row["_field"], *text)
            yield (row["_time"] - _EPOCH) // timedelta(milliseconds=1), total, "" if value is None else value

    def retention(self) -> Request:
        name = _string(self.target.bucket)
        return self._request(
            f'buckets() |> filter(fn: (r) => r.name == {name}) |> keep(columns: ["name", "retentionPeriod"])\n'
        )

    def read_retention(self, body: bytes) -> int | None:
        """Seconds (the server says nanoseconds), 0 for ever; None if the token may not see the bucket."""
        for row in _rows(body):
            return (row["retentionPeriod"] or 0) // 10**9
        return None

    def _result(self, points: Points, function: str, text: str | None, names: Sequence[str]) -> str:
        fields = " or ".join(f"r._field == {_string(name)}" for name in names)
        script = f"""from(bucket: {_string(self.target.bucket)})
    |> range(start: {_time(points.since_ms)}, stop: {_time(points.until_ms)})
    |> filter(fn: (r) => r._measurement == {_string(points.measurement)} and r.site == {_string(points.site)})
    |> filter(fn: (r) => {fields})
"""
        if text is not None:
            script += f"    |> filter(fn: (r) => r._value == {_string(text)})\n"
        if function != "value":
            window = f'aggregateWindow(every: 1h, fn: {function}, timeSrc: "_start", createEmpty: false)'
            script += f"    |> {window}\n    |> group()\n"
        result = function if text is None else f"{function} {text}"
        return f"""{script}    |> keep(columns: ["_time", "_field", "_value"])
    |> yield(name: {_string(result)})
"""

    def _request(self, text: str) -> Request:
        dialect = {"header": True, "annotations": ["datatype", "group", "default"], "delimiter": ","}
        body = json.dumps({"query": text, "type": "flux", "dialect": dialect}).encode()
        url = f"{self.target.base_url}/api/v2/query?{urlencode({'org': self.target.org})}"
        return Request(url, body, self.target.token_header, "application/json")


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("${", "\\${")


def _time(time_ms: int) -> str:
    return (_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec="milliseconds")


def _rows(body: bytes) -> Iterator[dict[str, Any]]:
    """Values by column, each of its column's type. None: an empty text, which looks like no value in CSV."""
    from influxdb_client.client import flux_csv_parser as parser

    answer = parser.FluxCsvParser(io.BytesIO(body), parser.FluxSerializationMode.stream)
    try:
        for record in answer.generator():  # type: ignore[no-untyped-call]
            yield record.values
    except parser.FluxQueryException as error:
        raise QueryFailed(error.message) from error
    except (parser.FluxCsvParserException, csv.Error, LookupError, ValueError) as error:
        raise ValueError("not annotated CSV") from error
