"""InfluxQL: the audit's queries to InfluxDB 1.x and 3.x, and their answers in JSON. Pure.

An error may come with status 200, inside the JSON. An answer of more than 10,000 rows, or than `max-row-limit`, is
shortened and says `partial`.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from uploader.audit.query import Asked, Found, Points, QueryFailed, Request, Total
from uploader.server.target import Target

_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True)
class InfluxQL:
    target: Target
    answers_in = "json"
    cannot_say: ClassVar = {400, 405, 501}
    is_exact = True

    def request(self, points: Points, asked: Asked) -> Request:
        """A statement for each function and text. Its columns: `sum load_amps`, `count regulator_state boost`."""
        return self._request("; ".join(_statement(points, *each, names) for each, names in asked.items()))

    def read(self, points: Points, body: bytes) -> Iterator[Found]:
        for row in _rows(body):
            time_ms = int(row.pop("time"))
            for column, value in row.items():
                if value is not None:
                    yield time_ms, Total(*column.split(" ", 2)), value

    def retention(self) -> Request:
        return self._request(f"SHOW RETENTION POLICIES ON {_name(self.target.database)}")

    def read_retention(self, body: bytes) -> int | None:
        """Seconds, 0 for ever; None if there is no such policy. Raises KeyError for an answer without policies."""
        for row in _rows(body):
            duration = row["duration"]
            if self.target.policy == row.get("name") or (not self.target.policy and row.get("default")):
                parts = re.findall(r"(\d+)([hms])", duration)
                return sum(int(amount) * _UNIT_SECONDS[unit] for amount, unit in parts)
        return None

    def _request(self, text: str) -> Request:
        params = {"db": self.target.database, "rp": self.target.policy, "epoch": "ms"}
        url = f"{self.target.base_url}/query?{urlencode({name: each for name, each in params.items() if each})}"
        authorization = self.target.basic_header or self.target.token_header
        return Request(url, urlencode({"q": text}).encode(), authorization)


def _statement(points: Points, function: str, text: str | None, names: Sequence[str]) -> str:
    columns = []
    for name in names:
        called = f"{function} {name}" if text is None else f"{function} {name} {text}"
        columns.append(f"{_name(name) if function == 'value' else f'{function}({_name(name)})'} AS {_name(called)}")
    statement = (
        f'SELECT {", ".join(columns)} FROM {_name(points.measurement)} WHERE "site" = {_string(points.site)} '
        f"AND time >= {points.since_ms}ms AND time < {points.until_ms}ms"
    )
    if text is not None:
        statement += "".join(f" AND {_name(name)} = {_string(text)}" for name in names)
    return statement if function == "value" else f"{statement} GROUP BY time(1h) fill(none)"


def _name(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _string(text: str) -> str:
    escaped = re.sub(r"(['\\])", r"\\\1", text)
    return f"'{escaped}'"


def _rows(body: bytes) -> Iterator[dict[str, Any]]:
    """The rows of all statements."""
    results = json.loads(body)["results"]
    if not results:
        raise ValueError("no results")
    for result in results:
        if "error" in result:
            raise QueryFailed(result["error"])
        for series in result.get("series", ()):
            if result.get("partial") or series.get("partial"):
                raise QueryFailed("the server shortens its answers (max-row-limit)")
            for values in series.get("values", ()):
                yield dict(zip(series["columns"], values, strict=True))
