"""The journal's records as the audit compares them: their fields and values, and what they sum up to in each hour.

Servers count values of fields, not points. A few fields are enough if each record with a line has at least one of them.
For readings this is usually battery_volts. To compare values, all fields are needed.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from journal.journal import Journal
from journal.reading import STREAMS
from uploader.audit.query import Hours, Value, hour_of, summary, text_key
from uploader.progress.id_ranges import IdRanges
from uploader.server.line_protocol import FIELDS, TEXT_FIELDS, stored

FIRST = {"readings": "battery_volts", "events": "message", "days": "date", "checks": "logger_uptime_seconds"}
NOT_SENT = frozenset((None, math.inf, -math.inf))


@dataclass(frozen=True, slots=True)
class Row:
    """A record with something to send. `values`: those of the counted fields, as the server keeps them."""

    id: int
    time_ms: int
    values: dict[str, Value]


def fields_to_count(journal: Journal, stream: str, ids: IdRanges) -> tuple[str, ...]:
    """Fields of which each of these records has one, if it has any: FIRST, and as few others as that takes."""
    usual = _values(journal, stream, ("id", FIRST[stream]), ids)
    lacking = IdRanges.of_ids(record_id for record_id, value in usual if value in NOT_SENT)
    chosen = [FIRST[stream]]
    names = FIELDS[STREAMS[stream]]
    for values in _values(journal, stream, names, lacking):
        present = [name for name, value in zip(names, values, strict=True) if value not in NOT_SENT]
        if not any(name in chosen for name in present):
            chosen += present[:1]
    return tuple(chosen)


def rows(journal: Journal, stream: str, names: Sequence[str], ids: IdRanges) -> Iterator[Row]:
    """The records with these ids that have one of these fields."""
    for record_id, time_ms, *values in _values(journal, stream, ("id", "time_ms", *names), ids):
        kept = {name: value for name, each in zip(names, values, strict=True) if (value := stored(each)) is not None}
        if kept:
            yield Row(record_id, time_ms, kept)


def tally(
    journal: Journal, stream: str, names: Sequence[str], ids: IdRanges, *, with_values: bool, with_texts: bool
) -> tuple[Counter[int], Hours]:
    """How many of the records with one of these fields are in each hour, and how often each field occurs.

    `with_values`: also sum, minimum and maximum of the numbers. `with_texts`: also how often each text occurs.
    """
    records, hours = Counter[int](), Hours()
    of_ids = _values(journal, stream, ("time_ms", *names), ids)
    for hour, of_hour in groupby(of_ids, key=lambda values: hour_of(values[0])):
        kept = [values for values in of_hour if not NOT_SENT.issuperset(values[1:])]
        if not kept:
            continue
        records[hour] += len(kept)
        _, *columns = zip(*kept, strict=True)
        for name, column in zip(names, columns, strict=True):
            present = [value for value in column if value not in NOT_SENT]
            summary(hours, hour, name).add("count", len(present))
            if with_texts and name in TEXT_FIELDS:
                for text, count in Counter(map(stored, present)).items():
                    summary(hours, hour, text_key(name, str(text))).add("count", count)
            elif with_values and present and name not in TEXT_FIELDS:
                for function, apply in (("sum", sum), ("min", min), ("max", max)):
                    summary(hours, hour, name).add(function, apply(present))
    return records, hours


def _values(journal: Journal, stream: str, names: Sequence[str], ids: IdRanges) -> Iterator[tuple[Any, ...]]:
    for first, last in ids:
        yield from journal.values(stream, names, first, last)
