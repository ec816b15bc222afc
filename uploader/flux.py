"""Flux: the audit's questions to InfluxDB 2.x and Cloud, and what its CSV says. Pure.

Every count is of one field, as a point has no count of its own: `aggregateWindow(fn: count)` runs within the storage.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv: tables follow each other with a blank line in
between and a header each where their columns differ; an error may come after 200, as a table with a column `error`.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from uploader.question import Counts, Question, Request, add_count, required
from uploader.target import Target

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS_PER_SECOND = 1_000_000_000


class Flux:
    """The dialect of InfluxDB 2.x."""

    answers_in = "csv"

    def __init__(self, target: Target) -> None:
        self._target = target

    def counts(self, question: Question) -> Request:
        return self._request(
            f"""{self._points(question)}
    |> aggregateWindow(every: 1h, fn: count, timeSrc: "_start", createEmpty: false)
    |> group(columns: ["_field", "_time"])
    |> sum()
    |> group()
    |> keep(columns: ["_time", "_field", "_value"])
"""
        )

    def read_counts(self, body: bytes) -> Counts:
        counts: Counts = {}
        for row in _rows(body):
            number = int(required(row, "_value"))
            add_count(counts, _ms(required(row, "_time")), required(row, "_field"), number)
        return counts

    def times(self, question: Question) -> Request:
        return self._request(f'{self._points(question)}\n    |> keep(columns: ["_time"])\n')

    def read_times(self, body: bytes) -> set[int]:
        return {_ms(required(row, "_time")) for row in _rows(body)}

    def retention(self) -> Request:
        name = _string(self._target.bucket)
        return self._request(
            f'buckets() |> filter(fn: (r) => r.name == {name}) |> keep(columns: ["name", "retentionPeriod"])\n'
        )

    def read_retention(self, body: bytes) -> int | None:
        """Seconds; None when points are kept for ever, or the server does not tell."""
        for row in _rows(body):
            if nanoseconds := int(required(row, "retentionPeriod") or 0):
                return nanoseconds // _NANOSECONDS_PER_SECOND
        return None

    def _points(self, question: Question) -> str:
        fields = " or ".join(f"r._field == {_string(name)}" for name in question.fields)
        return f"""from(bucket: {_string(self._target.bucket)})
    |> range(start: {_time(question.since_ms)}, stop: {_time(question.until_ms)})
    |> filter(fn: (r) => r._measurement == {_string(question.measurement)} and r.site == {_string(question.site)})
    |> filter(fn: (r) => {fields})"""

    def _request(self, text: str) -> Request:
        body = {"query": text, "type": "flux", "dialect": {"header": True, "annotations": [], "delimiter": ","}}
        return Request(
            "/api/v2/query",
            [("org", self._target.org)],
            "application/json",
            json.dumps(body).encode(),
            self._target.token_header,
        )


def _string(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text).replace("${", "\\${")
    return f'"{escaped}"'


def _time(time_ms: int) -> str:
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _ms(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def _rows(body: bytes) -> Iterator[dict[str, str]]:
    header: list[str] | None = None
    for cells in csv.reader(io.StringIO(body.decode("utf-8", "replace"), newline="")):
        if not cells:
            header = None
        elif cells[0].startswith("#"):
            continue
        elif header is None:
            header = cells
        else:
            row = dict(zip(header, cells, strict=False))
            if "error" in row and "reference" in row:
                raise ValueError(row["error"])
            yield row
