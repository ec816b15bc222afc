"""InfluxQL: the audit's questions to InfluxDB 1.x and 3.x, and what its JSON says. Pure.

An error may come with 200, inside the JSON. An answer that the server has cut (`max-row-limit`) says `partial`.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlencode

from uploader.question import Counts, Question, Request, StrangeAnswer, add_count, required
from uploader.target import Target

_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


class InfluxQL:
    """The dialect of InfluxDB 1.x, which 3.x speaks too."""

    answers_in = "json"

    def __init__(self, target: Target) -> None:
        self._target = target

    def counts(self, question: Question) -> Request:
        fields = ", ".join(f"count({_name(name)}) AS {_name(name)}" for name in question.fields)
        return self._request(f"SELECT {fields} {_points(question)} GROUP BY time(1h) fill(none)")

    def read_counts(self, body: bytes) -> Counts:
        counts: Counts = {}
        for row in _rows(body):
            time_ms = int(required(row, "time"))
            for name, number in row.items():
                if name != "time" and number:
                    add_count(counts, time_ms, name, int(str(number)))
        return counts

    def times(self, question: Question) -> Request:
        return self._request(f"SELECT {', '.join(map(_name, question.fields))} {_points(question)}")

    def read_times(self, body: bytes) -> set[int]:
        return {int(required(row, "time")) for row in _rows(body)}

    def retention(self) -> Request:
        return self._request(f"SHOW RETENTION POLICIES ON {_name(self._target.database)}")

    def read_retention(self, body: bytes) -> int | None:
        """Seconds; None when points are kept for ever. Raises StrangeAnswer for who answers the same to everything."""
        for row in _rows(body):
            duration = required(row, "duration")
            if self._target.policy == row.get("name") or (not self._target.policy and row.get("default")):
                parts = re.findall(r"(\d+)([hms])", duration)
                return sum(int(amount) * _UNIT_SECONDS[unit] for amount, unit in parts) or None
        return None

    def _request(self, text: str) -> Request:
        params = [("db", self._target.database), ("rp", self._target.policy), ("epoch", "ms")]
        return Request(
            "/query",
            [(name, value) for name, value in params if value],
            "application/x-www-form-urlencoded",
            urlencode({"q": text}).encode(),
            self._target.basic_header or self._target.token_header,
        )


def _points(question: Question) -> str:
    return (
        f'FROM {_name(question.measurement)} WHERE "site" = {_string(question.site)} '
        f"AND time >= {question.since_ms}ms AND time < {question.until_ms}ms"
    )


def _name(text: str) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


def _string(text: str) -> str:
    escaped = re.sub(r"(['\\])", r"\\\1", text)
    return f"'{escaped}'"


def _rows(body: bytes) -> Iterator[dict[str, object]]:
    parsed = json.loads(body)
    results = parsed.get("results") if isinstance(parsed, dict) else None
    if not isinstance(results, list) or len(results) != 1:
        raise StrangeAnswer("no results")
    (result,) = results
    if "error" in result:
        raise ValueError(result["error"])
    for series in result.get("series", ()):
        if result.get("partial") or series.get("partial"):
            raise ValueError("the server cuts its answers short (max-row-limit)")
        for values in series.get("values", ()):
            yield dict(zip(series["columns"], values, strict=True))
