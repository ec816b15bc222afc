"""Records as CSV, JSON, JSON lines or an SQLite table: one after the other, none kept in memory.

All have the same columns: id, time, the record's own fields, boot, uptime_ms, wall_ms, raw. An absent value is empty in
CSV, null elsewhere. `time` is ISO 8601 in UTC with milliseconds. `raw` is hexadecimal in CSV and JSON, bytes in SQLite.

CSV is RFC 4180 in UTF-8, with a line feed at the end of each line. A text that a spreadsheet would take for a formula
gets an apostrophe in front.
"""

import csv
import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import TextIO

from admin.terminal.moments import iso
from journal.reading import STREAMS, Record

Value = int | float | str | bytes | None

_LAST = ("boot", "uptime_ms", "wall_ms", "raw")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def columns(stream: str) -> tuple[str, ...]:
    """The columns of an export of "readings", "days" or "events", in their order."""
    names = [field.name for field in fields(STREAMS[stream])]
    own = [name for name in names if name not in ("id", "time_ms", *_LAST)]
    return ("id", "time", *own, *(name for name in _LAST if name in names))


def row(record: Record, names: Iterable[str]) -> list[Value]:
    """The record's values under these names."""
    return [iso(record.time_ms) if name == "time" else getattr(record, name) for name in names]


def write_csv(records: Iterable[Record], stream: str, output: TextIO) -> None:
    names = columns(stream)
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(names)
    for record in records:
        writer.writerow([_cell(value) for value in row(record, names)])


def write_json(records: Iterable[Record], stream: str, output: TextIO) -> None:
    """One array, one object per line."""
    names = columns(stream)
    before = "[\n"
    for record in records:
        output.write(before + _object(record, names))
        before = ",\n"
    output.write("[]\n" if before == "[\n" else "\n]\n")


def write_jsonl(records: Iterable[Record], stream: str, output: TextIO) -> None:
    names = columns(stream)
    output.writelines(_object(record, names) + "\n" for record in records)


def write_sqlite(records: Iterable[Record], stream: str, path: Path) -> None:
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
            (dict(zip(names, row(record, names), strict=True)) for record in records), batch_size=1000
        )
    finally:
        database.close()


def _object(record: Record, names: Iterable[str]) -> str:
    values = zip(names, row(record, names), strict=True)
    return json.dumps({name: value.hex() if isinstance(value, bytes) else value for name, value in values})


def _cell(value: Value) -> Value:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _type(stream: str, name: str) -> type:
    if name == "time":
        return str
    annotation = next(field.type for field in fields(STREAMS[stream]) if field.name == name)
    wanted: tuple[type, ...] = (int, float, str, bytes)
    return next(kind for kind in wanted if annotation in (kind, kind | None))
