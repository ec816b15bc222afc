"""Writes records as CSV, JSON, JSON lines or an SQLite table, one after the other; none is kept in memory.

All have the same columns: id, time, the record's own fields, boot, uptime_ms, wall_ms, raw. An absent value is empty in
CSV, null elsewhere. `time` is ISO 8601 in UTC with milliseconds. `raw` is hexadecimal in CSV and JSON, bytes in SQLite.

CSV is RFC 4180 in UTF-8, with a line feed at the end of each line. A text that a spreadsheet would take for a formula
gets an apostrophe in front.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

from admin.terminal.moments import iso, iso_minute
from journal.reading import STREAMS, Record
from journal.texts import Texts

Value = int | float | str | bytes | None
Row = Sequence[Any]
"""A record's values, in the order of `stored`."""

_LAST = ("boot", "uptime_ms", "wall_ms", "raw")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def columns(stream: str) -> tuple[str, ...]:
    """The columns of an export of a stream, in their order."""
    names = [field.name for field in fields(STREAMS[stream])]
    own = [name for name in names if name not in ("id", "time_ms", *_LAST)]
    return ("id", "time", *own, *(name for name in _LAST if name in names))


def stored(stream: str) -> tuple[str, ...]:
    """The same as the journal names them."""
    return tuple("time_ms" if name == "time" else name for name in columns(stream))


def row(record: Record, names: Iterable[str]) -> list[Value]:
    """The record's values under these names."""
    return [iso(record.time_ms) if name == "time" else getattr(record, name) for name in names]


def write_csv(rows: Iterable[Row], stream: str, output: TextIO) -> None:
    output.write(",".join(columns(stream)) + "\n")
    output.writelines(",".join(cells) + "\n" for cells in _cells(rows, stream, _csv_cell))


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    if value.startswith(_FORMULA):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value


def write_json(rows: Iterable[Row], stream: str, output: TextIO) -> None:
    """One array, an object a line."""
    before = "[\n"
    for text in _objects(rows, stream):
        output.write(before + text)
        before = ",\n"
    output.write("[]\n" if before == "[\n" else "\n]\n")


def write_jsonl(rows: Iterable[Row], stream: str, output: TextIO) -> None:
    output.writelines(text + "\n" for text in _objects(rows, stream))


def _objects(rows: Iterable[Row], stream: str) -> Iterator[str]:
    layout = ", ".join(f'"{name}": %s' for name in columns(stream))
    return (f"{{{layout % tuple(cells)}}}" for cells in _cells(rows, stream, json.dumps))


def _cells(rows: Iterable[Row], stream: str, write: Callable[[Value], str]) -> Iterator[list[str]]:
    """What `write` makes of each value; bytes are hexadecimal."""
    minutes = Texts(lambda minute: iso_minute(int(minute) * 60_000))

    def time(time_ms: int) -> str:
        minute, ms = divmod(time_ms, 60_000)
        shown = f"{ms:05}"
        return write(f"{minutes[minute]}:{shown[:2]}.{shown[2:]}Z")

    always_new = {"id": write, "time": time, "uptime_ms": write, "wall_ms": write, "raw": lambda raw: write(raw.hex())}
    writers: list[Callable[[Any], str]] = [always_new.get(name) or Texts(write).__getitem__ for name in columns(stream)]
    return ([write(value) for write, value in zip(writers, row, strict=True)] for row in rows)


def write_sqlite(rows: Iterable[Row], stream: str, path: Path) -> None:
    """A new database with one table, named like the stream; no other file stays beside it."""
    from sqlite_utils import Database

    names = columns(stream)
    database = Database(path)
    try:
        # The file is a draft. If anything fails it is deleted, so nothing needs to be rolled back.
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        table = database[stream]
        table.create({name: _type(stream, name) for name in names}, pk="id")  # type: ignore[union-attr]
        table.insert_all(  # type: ignore[union-attr]
            ({**dict(zip(names, row, strict=True)), "time": iso(row[1])} for row in rows), batch_size=1000
        )
    finally:
        database.close()


def _type(stream: str, name: str) -> type:
    if name == "time":
        return str
    annotation = next(field.type for field in fields(STREAMS[stream]) if field.name == name)
    wanted: tuple[type, ...] = (int, float, str, bytes)
    return next(kind for kind in wanted if annotation in (kind, kind | None))
