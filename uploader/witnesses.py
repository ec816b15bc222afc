"""Witnesses: fields by which the records of a stream can be counted at the server, where only fields can be counted.

Every record that has a line has at least one of them. Mostly one field will do: battery_volts for the readings. Where
a record lacks all of them, its first field becomes one more.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from journal.journal import Journal
from uploader.id_ranges import IdRanges
from uploader.line_protocol import field_names
from uploader.question import HOUR_MS

FIRST = {"readings": "battery_volts", "events": "message", "days": "date"}
NOT_SENT = (None, math.inf, -math.inf)


@dataclass(frozen=True, slots=True)
class Row:
    """A record with something to send. `witnesses`: those fields of the witnesses that it has."""

    id: int
    time_ms: int
    witnesses: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """How many records an hour has, and how many of them have each witness."""

    records: int
    by_witness: Counter[str]


class Witnesses:
    """`names` grows while records are read."""

    def __init__(self, journal: Journal, stream: str) -> None:
        self.names: tuple[str, ...] = (FIRST[stream],)
        self._journal = journal
        self.stream = stream

    def rows(self, ids: IdRanges) -> Iterator[Row]:
        """The records with these ids, but for those without a field to send."""
        for first, last in ids:
            names = self.names
            for record_id, time_ms, *values in self._journal.values(
                self.stream, ("id", "time_ms", *names), first, last
            ):
                has = tuple(name for name, value in zip(names, values, strict=True) if value not in NOT_SENT)
                if has or (has := self._others(record_id)):
                    yield Row(record_id, time_ms, has)

    def tally(self, ids: IdRanges) -> dict[int, Tally]:
        """These records counted by the hour in which they were taken."""
        while True:
            names, tallies = self.names, dict[int, Tally]()
            for row in self.rows(ids):
                tally = tallies.setdefault(row.time_ms // HOUR_MS * HOUR_MS, Tally(0, Counter()))
                tally.records += 1
                tally.by_witness.update(row.witnesses)
            if names == self.names:
                return tallies

    def _others(self, record_id: int) -> tuple[str, ...]:
        """A witness for a record that has none of those there were."""
        record = self._journal.get(self.stream, record_id)
        fields = field_names(record) if record else []
        known = tuple(name for name in fields if name in self.names)
        if fields and not known:
            self.names += (fields[0],)
            known = (fields[0],)
        return known
