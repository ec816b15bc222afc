"""A record as a line of InfluxDB's line protocol. Pure.

    solar,model=PL80,site=home battery_volts=25.4,charge_amps=12.0,regulator_state="boost" 1700000000000
    measurement, tags          fields                                                      time in milliseconds

Rules:
- The point's identity is measurement, tags and time: none of them may change once a record has been sent.
- Every number is a float, for ever: the first write fixes a field's type.
- What is absent (None), not a number or infinite is left out; a record without a single field has no line.
- InfluxDB has no escape for a backslash in a tag, and takes one before a comma, space, equals sign or the tag's end for
  an escape: such backslashes are left out.
- A line ends at a line break, so line breaks and control characters become spaces.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from journal.reading import Day, Event, Reading, Record
from journal.sites import SiteStretch

MEASUREMENTS: dict[type[Record], str] = {Reading: "solar", Day: "solar_day", Event: "solar_event"}
MEASUREMENT_OF = {"readings": "solar", "days": "solar_day", "events": "solar_event"}

# What stays in the journal: it is of this computer, not of the sun.
NOT_UPLOADED = {"id", "time_ms", "boot", "uptime_ms", "raw"}

TAGS: dict[type[Record], tuple[str, ...]] = {Reading: ("model",), Day: ("model",), Event: ("kind",)}

FIELDS = {
    record: tuple(f.name for f in fields(record) if f.name not in NOT_UPLOADED and f.name not in TAGS[record])
    for record in MEASUREMENTS
}
TEXT_FIELDS = {f.name for record in MEASUREMENTS for f in fields(record) if f.type in {str, str | None}}


@dataclass(frozen=True, slots=True)
class Line:
    """A record's line in a request, with its id and its time in milliseconds."""

    id: int
    time_ms: int
    text: str


def lines(records: Iterable[Record], sites: Sequence[SiteStretch]) -> Iterator[Line]:
    """The lines of records of one stream, each with the site that it was taken at; none where there is nothing to send.

    `sites`: those of the stream (Journal.sites).
    """
    firsts = [stretch.first_id for stretch in sites]
    for record in records:
        record_id = record.id or 0
        if text := line(record, sites[bisect_right(firsts, record_id) - 1].site):
            yield Line(record_id, record.time_ms, text)


def line(record: Record, site: str) -> str | None:
    """The record's line, without a line break; None when it has no field to send."""
    parts = [f"{name}={text}" for name, text in _texts(record)]
    if not parts:
        return None
    tags = {name: getattr(record, name) for name in TAGS[type(record)]} | {"site": site}
    head = MEASUREMENTS[type(record)]
    for name in sorted(tags):
        stored = tag_value(tags[name] or "")
        if stored:
            escaped = re.sub("([ ,=])", r"\\\1", stored)
            head += f",{name}={escaped}"
    return f"{head} {','.join(parts)} {record.time_ms}"


def field_names(record: Record) -> list[str]:
    """The fields that the record's line has."""
    return [name for name, _ in _texts(record)]


def _texts(record: Record) -> Iterator[tuple[str, str]]:
    for name in FIELDS[type(record)]:
        text = _field(getattr(record, name))
        if text is not None:
            yield name, text


def tag_value(text: str) -> str:
    """The value under which InfluxDB knows a tag given as `text`; empty: no such tag."""
    return re.sub(r"\\+(?=[ ,=]|$)", "", _one_line(text)).strip()


def stored(value: float | str | None) -> float | str | None:
    """A field's value as the server keeps it; None: it is not sent."""
    if isinstance(value, str):
        return _one_line(value)
    return float(value) if value is not None and math.isfinite(value) else None


def _field(value: float | str | None) -> str | None:
    kept = stored(value)
    if isinstance(kept, str):
        escaped = kept.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return None if kept is None else repr(kept)


def _one_line(text: str) -> str:
    """`text` without line breaks, control characters and lone surrogates."""
    return "".join(c if c.isprintable() else " " for c in text)
