"""A record as a line of InfluxDB's line protocol. Pure.

    solar,model=PL80,site=home battery_volts=25.4,charge_amps=12.0,regulator_state="boost" 1700000000000
    measurement, tags          fields                                                      time in milliseconds

A day has a second line, solar_energy_day: what its readings tell about energy. Both points have the same time and tags,
and are sent, refused and repeated together.

Rules:
- The point's identity is measurement, tags and time: none of them may change once a record has been sent.
- Every number is always a float: the first write fixes a field's type.
- A value that is absent (None), not a number, or infinite is left out. A record without any field has no line.
- InfluxDB has no escape for a backslash in a tag. Before a comma, space, equals sign or the tag's end it reads a
  backslash as an escape, so such backslashes are left out.
- A line ends at a line break, so line breaks and control characters become spaces.

Source: docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache, partial
from operator import getitem
from typing import Any, NamedTuple

from journal.reading import STREAMS, Check, Day, Event, Reading, Record
from journal.sites import SiteStretch
from journal.texts import Texts

MEASUREMENTS: dict[type[Record], str] = {
    Reading: "solar",
    Day: "solar_day",
    Event: "solar_event",
    Check: "solar_logger",
}
MEASUREMENT_OF = {stream: MEASUREMENTS[record] for stream, record in STREAMS.items()}

ENERGY_DAY = "solar_energy_day"
# Its fields. A day's columns have measured_ before the first four names; balances are added.
_MEASURED = ("charge_amp_hours", "load_amp_hours", "charge_watt_hours", "load_watt_hours")
_OTHERS = ("coverage_percent", "depth_of_discharge_percent", "night_used_amp_hours", "night_used_percent",
           "autonomy_days", "days_since_full")  # fmt: skip

# What stays in the journal: it is only of use on this computer.
NOT_UPLOADED = {"id", "time_ms", "boot", "uptime_ms", "raw"}

TAG: dict[type[Record], str] = {Reading: "model", Day: "model", Event: "kind", Check: "version"}
"""Beside the site."""

FIELDS = {
    record: tuple(f.name for f in fields(record) if f.name not in {*NOT_UPLOADED, TAG[record]})
    for record in MEASUREMENTS
}
TEXT_FIELDS = {f.name for record in MEASUREMENTS for f in fields(record) if f.type in {str, str | None}}


class Line(NamedTuple):
    """A record's line in a request, with its id and its time in milliseconds."""

    id: int
    time_ms: int
    text: str

    @property
    def points(self) -> int:
        """How many the server counts."""
        return self.text.count("\n") + 1


COLUMNS = {stream: ("id", "time_ms", TAG[record], *FIELDS[record]) for stream, record in STREAMS.items()}
"""What `lines` needs from each record of a stream, in this order (Journal.values)."""


def lines(rows: Iterable[Sequence[Any]], stream: str, sites: Sequence[SiteStretch]) -> Iterator[Line]:
    """The lines of records of one stream, each with the site where it was taken; none for one with nothing to send.

    `rows`: the records' COLUMNS. `sites`: those of the stream (Journal.sites).
    """
    firsts = [stretch.first_id for stretch in sites]
    heads, texts = _remembered(stream)
    for record_id, time_ms, tag, *values in rows:
        if fields := "".join(map(getitem, texts, values)):
            site = sites[bisect_right(firsts, record_id) - 1].site
            head = heads[tag, site]
            second = _second(head, dict(zip(FIELDS[Day], values, strict=True)), time_ms) if stream == "days" else ""
            yield Line(record_id, time_ms, f"{head} {fields[1:]} {time_ms}{second}")


def _second(head: str, day: Mapping[str, Any], time_ms: int) -> str:
    """A day's second line after a line break; empty if nothing is known from its readings."""
    known = {name: day[f"measured_{name}"] for name in _MEASURED if stored(day[f"measured_{name}"]) is not None}
    if not known:
        return ""
    for unit in ("amp_hours", "watt_hours"):
        if {f"charge_{unit}", f"load_{unit}"} <= known.keys():
            known[f"balance_{unit}"] = round(known[f"charge_{unit}"] - known[f"load_{unit}"], 2)
    known |= {name: day[name] for name in _OTHERS}
    fields = "".join(_field(name, value) for name, value in known.items())
    return f"\n{ENERGY_DAY}{head.removeprefix(MEASUREMENTS[Day])} {fields[1:]} {time_ms}"


@cache
def _remembered(stream: str) -> tuple[Texts, list[Texts]]:
    """The texts of tag and site, and of each field, kept from one request to the next."""
    record = STREAMS[stream]
    return Texts(lambda tag_and_site: _head(record, *tag_and_site)), [Texts(partial(_field, n)) for n in FIELDS[record]]


def _head(record: type[Record], tag: str | None, site: str) -> str:
    """Measurement and tags."""
    head = MEASUREMENTS[record]
    for name, value in sorted(((TAG[record], tag or ""), ("site", site))):
        if kept := tag_value(value):
            escaped = re.sub("([ ,=])", r"\\\1", kept)
            head += f",{name}={escaped}"
    return head


def tag_value(text: str) -> str:
    """The value that InfluxDB has for a tag given as `text`; empty: no such tag."""
    return re.sub(r"\\+(?=[ ,=]|$)", "", one_line(text)).strip()


def stored(value: float | str | None) -> float | str | None:
    """A field's value as the server keeps it; None: it is not sent."""
    if isinstance(value, str):
        return one_line(value)
    return float(value) if value is not None and math.isfinite(value) else None


def _field(name: str, value: float | str | None) -> str:
    """A field with a comma before it; empty if it is not sent."""
    kept = stored(value)
    if isinstance(kept, str):
        escaped = kept.replace("\\", "\\\\").replace('"', '\\"')
        return f',{name}="{escaped}"'
    return "" if kept is None else f",{name}={kept!r}"


def one_line(text: str) -> str:
    """`text` without line breaks, control characters and lone surrogates."""
    return "".join(c if c.isprintable() else " " for c in text)
