"""Question: what the audit wants to know of the server; Request: how it is asked over HTTP; Dialect: who words it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

HOUR_MS = 3_600_000

Counts = dict[int, dict[str, int]]
"""Points by hour (milliseconds since 1970, UTC) and field."""


@dataclass(frozen=True, slots=True)
class Question:
    """The points of a measurement and a site, with one of these fields, at or after `since_ms`, before `until_ms`."""

    measurement: str
    site: str
    fields: tuple[str, ...]
    since_ms: int
    until_ms: int

    def between(self, since_ms: int, until_ms: int) -> Self:
        return replace(self, since_ms=since_ms, until_ms=until_ms)


@dataclass(frozen=True, slots=True)
class Request:
    """A POST. `authorization` is a secret."""

    path: str
    params: list[tuple[str, str]]
    content_type: str
    body: bytes
    authorization: str | None = field(repr=False)


class StrangeAnswer(ValueError):
    """Not what InfluxDB would answer."""


class Dialect(Protocol):
    """Words requests and reads the bodies of their answers; a `read_…` raises ValueError in the server's own words."""

    answers_in: str
    """What stands in the Content-Type of an answer."""

    def counts(self, question: Question) -> Request: ...

    def read_counts(self, body: bytes) -> Counts: ...

    def times(self, question: Question) -> Request: ...

    def read_times(self, body: bytes) -> set[int]: ...

    def retention(self) -> Request: ...

    def read_retention(self, body: bytes) -> int | None: ...


def add_count(counts: Counts, time_ms: int, name: str, number: int) -> None:
    """Add points to those of the hour that the time is in."""
    of_hour = counts.setdefault(time_ms // HOUR_MS * HOUR_MS, {})
    of_hour[name] = of_hour.get(name, 0) + number


def required(row: Mapping[str, object], name: str) -> str:
    """A column of an answer's row. Raises StrangeAnswer where there is none."""
    if name not in row:
        raise StrangeAnswer(f"no column {name}")
    return str(row[name])
