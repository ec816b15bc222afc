"""What a server has stored, for audits: summed up as InfluxDB does, without a server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from uploader.audit.query import Hours, Points, Total, Value, add_to


@dataclass(frozen=True)
class Point:
    """A point's time in milliseconds, and its fields: names with values, or names alone."""

    time_ms: int
    site: str = "home"
    fields: tuple[str, ...] | Mapping[str, Value] = ("battery_volts",)
    measurement: str = "solar"

    @property
    def values(self) -> Mapping[str, Value]:
        return self.fields if isinstance(self.fields, Mapping) else dict.fromkeys(self.fields, 25.0)


@dataclass
class Stored:
    """`asked`: every question, in order: what for, where, and the totals or fields."""

    points: Iterable[Point] = ()
    is_exact: bool = True
    keeps_seconds: int | None = None
    asked: list[tuple[str, Points, list[Total] | list[str]]] = field(default_factory=list)

    def retention_seconds(self) -> int | None:
        return self.keeps_seconds

    def totals(self, points: Points, totals: Iterable[Total]) -> Hours:
        wanted = list(totals)
        self.asked.append(("totals", points, wanted))
        hours: Hours = {}
        for total in wanted:
            for time_ms, _, value in self._matching(points, [total.field]):
                if total.text in {None, value}:
                    add_to(hours, time_ms, total, 1 if total.function == "count" else float(value))
        return hours

    def samples(self, points: Points, names: Iterable[str]) -> list[tuple[int, str, Value]]:
        wanted = list(names)
        if wanted:
            self.asked.append(("samples", points, wanted))
        return self._matching(points, wanted)

    def _matching(self, points: Points, names: list[str]) -> list[tuple[int, str, Value]]:
        return [
            (point.time_ms, name, value)
            for point in self.points
            if (point.measurement, point.site) == (points.measurement, points.site)
            and points.since_ms <= point.time_ms < points.until_ms
            for name, value in point.values.items()
            if name in names
        ]
