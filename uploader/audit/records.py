"""The journal's records as the audit compares them: their values, and their totals in each hour.

Servers count values of fields, not points. To count records, one field is enough if each of them has it: for readings
battery_volts. To compare values, all fields are needed.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from journal.journal import Journal
from uploader.audit.query import Hours, Total, Value, add_to, hour_of
from uploader.progress.id_ranges import IdRanges
from uploader.server.line_protocol import (
    COLUMNS,
    ENERGY_DAY,
    ENERGY_FIELDS,
    ENERGY_OF_BATTERY,
    TEXT_FIELDS,
    lines,
    stored,
)

FIRST = {"readings": "battery_volts", "events": "message", "days": "date", "checks": "logger_uptime_seconds"}
ENERGY = (*ENERGY_FIELDS, "balance_amp_hours", "balance_watt_hours", "coverage_percent", *ENERGY_OF_BATTERY)
NOT_SENT = frozenset((None, math.inf, -math.inf))
_FIELD = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|[^,]+)')


@dataclass(frozen=True, slots=True)
class Row:
    """A record with something to send. `values`: what was sent, by field; those of a day's second point begin with its
    measurement and a point."""

    id: int
    time_ms: int
    values: dict[str, Value]


def tally(journal: Journal, stream: str, names: Sequence[str], ids: IdRanges) -> tuple[Counter[int], Hours]:
    """How many of these records are in each hour, and the totals of these fields."""
    records, hours = Counter[int](), Hours()
    for first, last in ids:
        rows_of_range = journal.values(stream, ("time_ms", *names), first, last)
        for hour, of_hour in groupby(rows_of_range, key=lambda values: hour_of(values[0])):
            times, *columns = zip(*of_hour, strict=True)
            records[hour] += len(times)
            for name, column in zip(names, columns, strict=True):
                for total, value in _totals(name, [each for each in column if each not in NOT_SENT]):
                    add_to(hours, hour, total, value)
    return records, hours


def _totals(name: str, values: Sequence[Any]) -> Iterator[tuple[Total, float]]:
    yield Total("count", name), len(values)
    if name in TEXT_FIELDS:
        for text, count in Counter(map(stored, values)).items():
            yield Total("count", name, str(text)), count
    elif values:
        for function, apply in (("sum", sum), ("min", min), ("max", max)):
            yield Total(function, name), apply(values)


def rows(journal: Journal, stream: str, ids: IdRanges) -> Iterator[Row]:
    """The records with these ids that have a line, read from the line."""
    sites = journal.sites(stream)
    for first, last in ids:
        for line in lines(journal.values(stream, COLUMNS[stream], first, last), stream, sites):
            values = {name: value for text in line.text.split("\n") for name, value in _fields(text)}
            yield Row(line.id, line.time_ms, values)


def _fields(text: str) -> Iterator[tuple[str, Value]]:
    """Name and value of each field in a line. A text's escapes are those of JSON."""
    measurement_and_tags, fields_and_time = re.split(r"(?<!\\) ", text, maxsplit=1)
    prefix = f"{ENERGY_DAY}." if measurement_and_tags.startswith(ENERGY_DAY) else ""
    for name, value in _FIELD.findall(fields_and_time.rpartition(" ")[0]):
        yield prefix + name, json.loads(value) if value.startswith('"') else float(value)
