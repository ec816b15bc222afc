"""The journal's records as the audit compares them: their values, and what they sum up to in each hour.

Servers count values of fields, not points. A few fields are enough if each record with a line has at least one of them.
For readings this is usually battery_volts. To compare values, all fields are needed.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.audit.query import Hours, Value, hour_of, summary, text_key
from uploader.server.line_protocol import FIELDS, TEXT_FIELDS, stored

FIRST = {"readings": "battery_volts", "events": "message", "days": "date", "checks": "logger_uptime_seconds"}
NOT_SENT = frozenset((None, math.inf, -math.inf))


@dataclass(frozen=True, slots=True)
class Row:
    """A record with something to send. `values`: those of the counted fields, as the server keeps them."""

    id: int
    time_ms: int
    values: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Tally:
    """What records sum up to. `names`: the counted fields; `records`: how many of the records are in each hour."""

    names: tuple[str, ...]
    records: Counter[int]
    hours: Hours


def tally(
    journal: Journal, stream: str, names: tuple[str, ...], ids: IdRanges, *, with_values: bool, with_texts: bool
) -> Tally:
    """How many of these records are in each hour, and how often each field occurs. More fields are counted if a record
    with something to send has none of these.

    `with_values`: also sum, minimum and maximum of the numbers. `with_texts`: also how often each text occurs.
    """
    records, hours, lacking = Counter[int](), Hours(), list[int]()
    columns = ("id", "time_ms", *names)
    for hour, of_hour in groupby(_values(journal, stream, columns, ids), key=lambda values: hour_of(values[1])):
        ids_of, _, *values_of = zip(*of_hour, strict=True)
        without: Sequence[int] = range(len(ids_of))
        for name, column in zip(names, values_of, strict=True):
            without = [n for n in without if column[n] in NOT_SENT]
            _add(hours, hour, name, column, with_values=with_values, with_texts=with_texts)
        lacking += [ids_of[n] for n in without]
        records[hour] += len(ids_of) - len(without)
    if others := _others(journal, stream, IdRanges.of_ids(lacking)):
        return tally(journal, stream, names + others, ids, with_values=with_values, with_texts=with_texts)
    return Tally(names, +records, hours)


def _add(hours: Hours, hour: int, name: str, column: Sequence[Any], *, with_values: bool, with_texts: bool) -> None:
    """Add a field's values of one hour to its summary."""
    present = [value for value in column if value not in NOT_SENT]
    if not present:
        return
    of_field = summary(hours, hour, name)
    of_field.add("count", len(present))
    if with_texts and name in TEXT_FIELDS:
        for text, count in Counter(map(stored, present)).items():
            summary(hours, hour, text_key(name, str(text))).add("count", count)
    elif with_values and name not in TEXT_FIELDS:
        for function, apply in (("sum", sum), ("min", min), ("max", max)):
            of_field.add(function, apply(present))


def _others(journal: Journal, stream: str, ids: IdRanges) -> tuple[str, ...]:
    """As few fields as it takes for each of these records to have one, if it has any."""
    names = FIELDS[STREAMS[stream]]
    chosen: list[str] = []
    for values in _values(journal, stream, names, ids):
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


def _values(journal: Journal, stream: str, names: Sequence[str], ids: IdRanges) -> Iterator[tuple[Any, ...]]:
    for first, last in ids:
        yield from journal.values(stream, names, first, last)
