"""Query: the points that the audit asks about; Request and Found: question and answer in a server's language. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from journal.errors import UploadError

HOUR_MS = 3_600_000

Value = float | str
Sample = tuple[int, str, Value]
"""A field's value in one point: time in milliseconds, field, value."""


class Found(NamedTuple):
    """One value of an answer: a field's value in a point; or, with a `function`, its result for the field over an hour.

    `key`: the field, or a `text_key`. `function`: count, sum, min or max.
    """

    time_ms: int
    key: str
    value: Value
    function: str = ""


@dataclass(slots=True)
class Summary:
    """Count, sum, minimum and maximum of a field in one hour. A value that was not asked for keeps this default."""

    count: int = 0
    sum: float = 0.0
    min: float = float("inf")
    max: float = float("-inf")

    def add(self, function: str, value: float) -> None:
        """Add the value of one of several series, or of a part of the hour."""
        match function:
            case "count":
                self.count += int(value)
            case "sum":
                self.sum += value
            case "min":
                self.min = min(self.min, value)
            case "max":
                self.max = max(self.max, value)


Hours = dict[int, dict[str, Summary]]
"""Summaries by hour (milliseconds since 1970, UTC) and field, or `text_key` for one text of a text field."""


@dataclass(frozen=True, slots=True)
class Query:
    """The points of a measurement and a site that have one of these fields, from `since_ms` on and before `until_ms`.

    All fields are counted. `numbers`: their sum, minimum and maximum too. `texts` are pairs of a field and a text; each
    pair is counted by itself.
    """

    measurement: str
    site: str
    fields: tuple[str, ...]
    since_ms: int
    until_ms: int
    numbers: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()

    def between(self, since_ms: int, until_ms: int) -> Self:
        return replace(self, since_ms=since_ms, until_ms=until_ms)


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. `authorization` is a secret."""

    url: str
    body: bytes | None = None
    authorization: str | None = field(default=None, repr=False)
    content_type: str = "application/x-www-form-urlencoded"
    method: str = "POST"


class StrangeAnswer(UploadError):
    """The answer does not have the form of this language."""


def text_key(name: str, text: str) -> str:
    return f"{name}={text}"


def hour_of(time_ms: int) -> int:
    """When the hour begins that contains this time."""
    return time_ms // HOUR_MS * HOUR_MS


def summary(hours: Hours, time_ms: int, key: str) -> Summary:
    """The summary of the hour that contains this time; a new one if there is none."""
    return hours.setdefault(hour_of(time_ms), {}).setdefault(key, Summary())


def required(row: Mapping[str, Any], name: str) -> Any:
    """A column of an answer's row. Raises StrangeAnswer if it is missing."""
    if name not in row:
        raise StrangeAnswer(f"no column {name}")
    return row[name]
