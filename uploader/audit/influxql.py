"""InfluxQL: the audit's queries to InfluxDB 1.x and 3.x, and their answers in JSON. Pure.

An error may come with status 200, inside the JSON. A shortened answer (`max-row-limit`) says `partial`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from uploader.audit.query import Found, Query, Request, StrangeAnswer, required, text_key
from uploader.server.target import Target

_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


class InfluxQL:
    """The query language of InfluxDB 1.x and 3.x."""

    answers_in = "json"
    is_exact = True

    def __init__(self, target: Target) -> None:
        self._target = target

    def summaries(self, query: Query) -> list[Request]:
        """One statement, and one more for each text; its column is named by the text's key."""
        columns = [_call("count", name) for name in query.fields]
        columns += [_call(function, name) for name in query.numbers for function in ("sum", "min", "max")]
        by_hour = "GROUP BY time(1h) fill(none)"
        statements = [f"SELECT {', '.join(columns)} {_points(query)} {by_hour}"]
        for name, text in query.texts:
            column = _call("count", name, text_key(name, text))
            statements.append(f"SELECT {column} {_points(query)} AND {_name(name)} = {_string(text)} {by_hour}")
        return [self._request("; ".join(statements))]

    def samples(self, query: Query) -> list[Request]:
        return [self._request(f"SELECT {', '.join(map(_name, query.fields))} {_points(query)}")]

    def read(self, body: bytes) -> Iterator[Found]:
        """A column is named `field`, or `function key`."""
        for row in _rows(body):
            time_ms = int(required(row, "time"))
            for column, value in row.items():
                if column != "time" and value is not None:
                    function, is_function, key = column.partition(" ")
                    yield Found(time_ms, key, value, function) if is_function else Found(time_ms, column, value)

    def retention(self) -> Request:
        return self._request(f"SHOW RETENTION POLICIES ON {_name(self._target.database)}")

    def read_retention(self, body: bytes) -> int | None:
        """Seconds, 0 for ever; None if there is no such policy. Raises StrangeAnswer for an answer without policies."""
        for row in _rows(body):
            duration = required(row, "duration")
            if self._target.policy == row.get("name") or (not self._target.policy and row.get("default")):
                parts = re.findall(r"(\d+)([hms])", duration)
                return sum(int(amount) * _UNIT_SECONDS[unit] for amount, unit in parts)
        return None

    def _request(self, text: str) -> Request:
        params = {"db": self._target.database, "rp": self._target.policy, "epoch": "ms"}
        url = f"{self._target.base_url}/query?{urlencode({name: each for name, each in params.items() if each})}"
        authorization = self._target.basic_header or self._target.token_header
        return Request(url, urlencode({"q": text}).encode(), authorization)


def _points(query: Query) -> str:
    return (
        f'FROM {_name(query.measurement)} WHERE "site" = {_string(query.site)} '
        f"AND time >= {query.since_ms}ms AND time < {query.until_ms}ms"
    )


def _call(function: str, name: str, key: str = "") -> str:
    return f"{function}({_name(name)}) AS {_name(f'{function} {key or name}')}"


def _name(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


def _string(text: str) -> str:
    escaped = re.sub(r"(['\\])", r"\\\1", text)
    return f"'{escaped}'"


def _rows(body: bytes) -> Iterator[dict[str, Any]]:
    """The rows of all statements."""
    parsed = json.loads(body)
    results = parsed.get("results") if isinstance(parsed, dict) else None
    if not results or not isinstance(results, list):
        raise StrangeAnswer("no results")
    for result in results:
        if "error" in result:
            raise ValueError(result["error"])
        for series in result.get("series", ()):
            if result.get("partial") or series.get("partial"):
                raise ValueError("the server shortens its answers (max-row-limit)")
            for values in series.get("values", ()):
                yield dict(zip(series["columns"], values, strict=True))
