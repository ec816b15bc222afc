"""What an export holds of a table: which columns, and one row for each record or for each period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from admin.files import formats
from admin.files.thinning import thinned
from admin.terminal.moments import local_offset_ms
from admin.terminal.usage_errors import sanitized
from journal.errors import BadSetting

ONE_RECORD = ("id", "boot", "uptime_ms", "wall_ms", "raw")
"""Columns that say something about one record, and nothing about a period."""
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Shape:
    """What is written of a table: which columns, and one row for each record, or for each period of `every` seconds."""

    stream: str
    names: tuple[str, ...]
    every: int | None
    statistic: str

    def of(self, rows: Iterator[formats.Row]) -> Iterator[formats.Row]:
        if self.every is None:
            return rows
        is_local = "local_time" in self.names
        nth = next(nth for nth, name in enumerate(self.names) if name in formats.TIMES)
        zone = local_offset_ms if is_local else lambda time_ms: 0
        return thinned(rows, nth, self.every * 1000, self.statistic, zone)


def shape_for(
    form: str, stream: str, chosen: str | None, every: int | None, statistic: str, *, local_time: bool
) -> Shape:
    """The shape that the options ask for. Raises BadSetting for a column that the table does not have."""
    all_names = formats.columns(stream)
    if form == "line-protocol" and (chosen or every or local_time):
        raise BadSetting(
            "cannot thin out line-protocol: InfluxDB would take it for the readings themselves; "
            "leave --columns, --every and --local-time off, or choose another format"
        )
    names = [name.strip() for name in chosen.split(",")] if chosen else list(all_names)
    for name in names:
        if name not in all_names:
            raise BadSetting(
                f"cannot use --columns {sanitized(name)}: {stream} have no such column; {_meant(name, all_names)}"
            )
        if every and chosen and name in ONE_RECORD:
            raise BadSetting(
                f"cannot use --columns {name} with --every: it belongs to one record; leave one of them off"
            )
    if every:
        names = [name for name in names if name not in ONE_RECORD]
    if "time" not in names:
        names.insert(0, "time")
    if local_time:
        names[names.index("time")] = "local_time"
    return Shape(stream, tuple(dict.fromkeys(names)), every, statistic)


def _meant(name: str, names: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"


def period_seconds(text: str) -> int:
    """A period such as 30s, 5m, 1h or 1d."""
    number, unit = str(text)[:-1], str(text)[-1:]
    if not (number.isascii() and number.isdigit() and int(number) and unit in UNIT_SECONDS):
        raise ValueError("give a period such as 30s, 5m, 1h or 1d")
    return int(number) * UNIT_SECONDS[unit]
