"""Writes records as CSV, JSON, JSON lines or an SQLite table, one after the other; none is kept in memory. Each
function returns how many it has written.

All have the same columns: id, time, the record's own fields, boot, uptime_ms, wall_ms, raw. An absent value is empty in
CSV, null elsewhere. `time` is ISO 8601 in UTC with milliseconds; `local_time` may stand in its place: this computer's
zone, as spreadsheets read it. `raw` is hexadecimal in CSV and JSON, bytes in SQLite.

CSV is RFC 4180 in UTF-8, with a line feed at the end of each line. A text that a spreadsheet would take for a formula
gets an apostrophe in front.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from admin.terminal.moments import iso, iso_minute, local_minute, local_second
from journal.reading import STREAMS, Record
from journal.texts import Texts

Value = int | float | str | bytes | None
Row = Sequence[Any]
"""A record's values, in the order of the columns; the time is in milliseconds."""

TIMES = ("time", "local_time")
_LAST = ("boot", "uptime_ms", "wall_ms", "raw")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_AT_ONCE = 200
"""So many rows are made and written at once."""


def columns(stream: str) -> tuple[str, ...]:
    """The columns of an export of a stream, in their order."""
    names = [field.name for field in fields(STREAMS[stream])]
    own = [name for name in names if name not in ("id", "time_ms", *_LAST)]
    return ("id", "time", *own, *(name for name in _LAST if name in names))


def stored(names: Sequence[str]) -> tuple[str, ...]:
    """The same as the journal names them."""
    return tuple("time_ms" if name in TIMES else name for name in names)


def row(record: Record, names: Iterable[str]) -> list[Value]:
    """The record's values under these names."""
    return [iso(record.time_ms) if name == "time" else getattr(record, name) for name in names]


def write_all(texts: Iterable[str], output: TextIO) -> int:
    """Many texts with each write: with PYTHONUNBUFFERED a write to standard output is a system call. Returns how many
    texts there were."""
    rest, written = iter(texts), 0
    while some := list(islice(rest, _AT_ONCE)):
        output.write("".join(some))
        written += len(some)
    return written


def write_csv(rows: Iterable[Row], names: Sequence[str], output: TextIO) -> int:
    output.write(",".join(names) + "\n")
    return write_all((",".join(cells) + "\n" for cells in _cells(rows, names, _csv_cell, "")), output)


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    if value.startswith(_FORMULA):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value


def write_json(rows: Iterable[Row], names: Sequence[str], output: TextIO) -> int:
    """One array, an object a line."""
    return write_all(_array(_objects(rows, names)), output) - 1


def _array(objects: Iterable[str]) -> Iterator[str]:
    before = "[\n"
    for text in objects:
        yield before + text
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def write_jsonl(rows: Iterable[Row], names: Sequence[str], output: TextIO) -> int:
    return write_all((text + "\n" for text in _objects(rows, names)), output)


def _objects(rows: Iterable[Row], names: Sequence[str]) -> Iterator[str]:
    layout = ", ".join(f'"{name}": %s' for name in names)
    return (f"{{{layout % tuple(cells)}}}" for cells in _cells(rows, names, json.dumps, '"'))


def _cells(
    rows: Iterable[Row], names: Sequence[str], write: Callable[[Value], str], quote: str
) -> Iterator[Sequence[str]]:
    """What `write` makes of each value; bytes are hexadecimal. `quote` is what stands around a text.

    Some rows at once, so that Python's own loops go through the values of a column.
    """
    hours = Texts(lambda hour: write(iso_minute(int(hour) * 3_600_000)[:-3]).removesuffix(quote))
    seconds = Texts(lambda second: f"{second // 60:02}:{second % 60:02}")
    thousandths = Texts("{:03}".format)
    local_minutes = Texts(lambda minute: write(local_minute(int(minute) * 60_000)).removesuffix(quote))

    def time(time_ms: int) -> str:
        second, ms = divmod(time_ms, 1000)
        return f"{hours[second // 3600]}:{seconds[second % 3600]}.{thousandths[ms]}Z{quote}"

    def local(time_ms: int) -> str:
        minute, ms = divmod(time_ms, 60_000)
        return f"{local_minutes[minute]}:{ms // 1000:02}{quote}"

    always_new = {
        "id": write,
        "time": time,
        "local_time": local,
        "uptime_ms": write,
        "wall_ms": write,
        "raw": lambda raw: f"{quote}{raw.hex()}{quote}",
    }
    writers: list[Callable[[Any], str]] = [always_new.get(name) or Texts(write).__getitem__ for name in names]
    rows = iter(rows)
    while some := list(islice(rows, _AT_ONCE)):
        columns = zip(*some, strict=True)
        yield from zip(*(map(write, values) for write, values in zip(writers, columns, strict=True)), strict=True)


def write_sqlite(rows: Iterable[Row], names: Sequence[str], stream: str, path: Path) -> int:
    """A new database with one table, named like the stream; no other file stays beside it."""
    from sqlite_utils import Database

    shown = {"time": iso, "local_time": local_second}
    database = Database(path)
    try:
        # The file is a draft. If anything fails it is deleted, so nothing needs to be rolled back.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        table = database[stream]
        table.create(  # type: ignore[union-attr]
            {name: _type(stream, name) for name in names}, pk="id" if "id" in names else None
        )
        table.insert_all(  # type: ignore[union-attr]
            (
                {name: shown[name](value) if name in shown else value for name, value in zip(names, row, strict=True)}
                for row in rows
            ),
            batch_size=1000,
        )
        return int(table.count)
    finally:
        database.close()


def _type(stream: str, name: str) -> type:
    if name in TIMES:
        return str
    annotation = next(field.type for field in fields(STREAMS[stream]) if field.name == name)
    wanted: tuple[type, ...] = (int, float, str, bytes)
    return next(kind for kind in wanted if annotation in (kind, kind | None))
