"""The fields to count: servers count values of fields, not points.

A few are enough if each record with a line has at least one of them. For readings this is usually battery_volts; if a
record has none of them, its first field is added. To compare values, all fields are needed.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from journal.journal import Journal
from journal.reading import STREAMS
from uploader.audit.query import HOUR_MS, Hours, Value, summary, text_key
from uploader.progress.id_ranges import IdRanges
from uploader.server.line_protocol import FIELDS, field_names, stored

FIRST = {"readings": "battery_volts", "events": "message", "days": "date", "checks": "logger_uptime_seconds"}
NOT_SENT = (None, math.inf, -math.inf)


@dataclass(frozen=True, slots=True)
class Row:
    """A record with something to send. `values`: those of the counted fields."""

    id: int
    time_ms: int
    values: dict[str, Value | None]


class Witnesses:
    """The counted fields. `names` grows while records are read, unless it has every field from the start."""

    def __init__(self, journal: Journal, stream: str, *, is_every_field: bool) -> None:
        self.names: tuple[str, ...] = FIELDS[STREAMS[stream]] if is_every_field else (FIRST[stream],)
        self.stream = stream
        self._journal = journal

    def rows(self, ids: IdRanges) -> Iterator[Row]:
        """The records with these ids, except those without a field to send."""
        names = self.names
        for record_id, time_ms, *values in self._values(ids, names):
            kept = {name: stored(value) for name, value in zip(names, values, strict=True) if value not in NOT_SENT}
            if kept or (kept := dict.fromkeys(self._others(record_id))):
                yield Row(record_id, time_ms, kept)

    def tally(self, ids: IdRanges, *, with_values: bool) -> tuple[Counter[int], Hours]:
        """How many of these records are in each hour, and how often each field occurs. `with_values`: also sum, minimum
        and maximum of the numbers, and how often each text occurs."""
        while True:
            names, records, hours = self.names, Counter[int](), Hours()
            for hour, rows in groupby(self._values(ids, names), key=lambda row: row[1] // HOUR_MS * HOUR_MS):
                ids_of, _, *columns = zip(*rows, strict=True)
                lacking: Sequence[int] = range(len(ids_of))
                for name, column in zip(names, columns, strict=True):
                    lacking = [n for n in lacking if column[n] in NOT_SENT]
                    _add(hours, hour, name, column, with_values=with_values)
                for n in lacking:
                    self._others(ids_of[n])
                records[hour] += len(ids_of) - len(lacking)
            if names == self.names:
                return +records, hours

    def _values(self, ids: IdRanges, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for first, last in ids:
            yield from self._journal.values(self.stream, ("id", "time_ms", *names), first, last)

    def _others(self, record_id: int) -> list[str]:
        """The counted fields of a record that has none of the present ones: its first field is added, if it has any."""
        record = self._journal.get(self.stream, record_id)
        fields = field_names(record) if record else []
        if fields and not any(name in self.names for name in fields):
            self.names += (fields[0],)
        return [name for name in fields if name in self.names]


def _add(hours: Hours, hour: int, name: str, column: Sequence[Any], *, with_values: bool) -> None:
    """Add a field's values of one hour to its summary."""
    present = [value for value in column if value not in NOT_SENT]
    if not present:
        return
    summary(hours, hour, name).add("count", len(present))
    if not with_values:
        return
    if isinstance(present[0], str):
        for text, number in Counter(map(stored, present)).items():
            summary(hours, hour, text_key(name, str(text))).add("count", number)
        return
    for function, apply in (("sum", sum), ("min", min), ("max", max)):
        summary(hours, hour, name).add(function, apply(present))
