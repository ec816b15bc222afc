"""What the audit asks a server for, and what is found in its answer. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import NamedTuple

HOUR_MS = 3_600_000

Value = float | str


class Total(NamedTuple):
    """The count, sum, min or max of a field's values over an hour; with a `text`, only of those that are this text.

    The function "value" stands for every value by itself.
    """

    function: str
    field: str
    text: str | None = None


Found = tuple[int, Total, Value]
"""A time in milliseconds (for a total: when its hour begins or ends), and what the server has for it."""
Hours = dict[int, dict[Total, float]]
"""Totals by hour: when it begins, in milliseconds since 1970 (UTC)."""
Asked = Mapping[tuple[str, str | None], Sequence[str]]
"""Totals of the same points: the fields by function and text."""

_JOINED: dict[str, Callable[[float, float], float]] = {"count": add, "sum": add, "min": min, "max": max}


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a measurement and a site, from `since_ms` on and before `until_ms`."""

    measurement: str
    site: str
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request: POST, or GET without a body. `authorization` is a secret."""

    url: str
    body: bytes | None = None
    authorization: str | None = field(default=None, repr=False)
    content_type: str = "application/x-www-form-urlencoded"


class QueryFailed(Exception):
    """The server says, in the form of its language, that there is no answer, or only a part of it."""


def hour_of(time_ms: int) -> int:
    """When the hour begins that contains this time."""
    return time_ms // HOUR_MS * HOUR_MS


def add_to(hours: Hours, time_ms: int, total: Total, value: float) -> None:
    """Add the total of one of several series, or of a part of the hour."""
    of_hour = hours.setdefault(hour_of(time_ms), {})
    of_hour[total] = _JOINED[total.function](of_hour[total], value) if total in of_hour else value
