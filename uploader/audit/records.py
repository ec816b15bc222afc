"""The journal's records as the audit compares them: their values, and their totals in each hour.

Servers count values of fields, not points. To count records, one field is enough if each of them has it: for readings
battery_volts. Else, and to compare values, all fields are needed.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from journal.id_ranges import IdRanges
from journal.journal import Journal
from uploader.audit.query import Hours, Total, Value, add_to, hour_of
from uploader.server.line_protocol import COLUMNS, ENERGY_DAY, TEXT_FIELDS, Line, lines, one_line

FIRST = {"readings": "battery_volts", "events": "message", "days": "date", "checks": "logger_uptime_seconds"}
SECOND = f"{ENERGY_DAY}."
"""How the names of the fields in a day's second point begin."""
NOT_SENT = frozenset((None, math.inf, -math.inf))
_FIELD = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|[^,]+)')


def tally(journal: Journal, stream: str, names: Sequence[str], ids: IdRanges) -> tuple[Counter[int], Hours, bool]:
    """How many of these records are in each hour and have one of these fields, the fields' totals, and whether a record
    has none of them."""
    records, hours, is_lacking = Counter[int](), Hours(), False
    for first, last in ids:
        rows_of_range = journal.values(stream, ("time_ms", *names), first, last)
        for hour, of_hour in groupby(rows_of_range, key=lambda values: hour_of(values[0])):
            times, *columns = zip(*of_hour, strict=True)
            without: Sequence[int] = range(len(times))
            for name, column in zip(names, columns, strict=True):
                without = [n for n in without if column[n] in NOT_SENT]
                for total, value in _totals(name, [each for each in column if each not in NOT_SENT]):
                    add_to(hours, hour, total, value)
            records[hour] += len(times) - len(without)
            is_lacking = is_lacking or bool(without)
    return records, hours, is_lacking


def _totals(name: str, values: Sequence[Any]) -> Iterator[tuple[Total, float]]:
    yield Total("count", name), len(values)
    if name in TEXT_FIELDS:
        for text, count in Counter(map(one_line, values)).items():
            yield Total("count", name, text), count
    elif values:
        for function, apply in (("sum", sum), ("min", min), ("max", max)):
            yield Total(function, name), apply(values)


def sent(journal: Journal, stream: str, ids: IdRanges) -> Iterator[tuple[Line, dict[str, Value]]]:
    """The lines of these records, and what each has by field."""
    sites = journal.sites(stream)
    for first, last in ids:
        for line in lines(journal.values(stream, COLUMNS[stream], first, last), stream, sites):
            yield line, {name: value for text in line.text.split("\n") for name, value in _fields(text)}


def _fields(text: str) -> Iterator[tuple[str, Value]]:
    """Name and value of each field in a line. A text's escapes are those of JSON."""
    tags, fields_and_time = re.split(r"(?<!\\) ", text, maxsplit=1)
    prefix = SECOND if tags.startswith(ENERGY_DAY) else ""
    for name, value in _FIELD.findall(fields_and_time.rpartition(" ")[0]):
        yield prefix + name, json.loads(value) if value.startswith('"') else float(value)
