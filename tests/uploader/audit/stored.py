"""What a server has stored, for audits: summed up as InfluxDB does, without a server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from uploader.audit.query import Hours, Query, Sample, Value, summary, text_key


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
    """`asked`: every query, with the way it was asked."""

    points: Iterable[Point] = ()
    is_exact: bool = True
    asked: list[tuple[str, Query]] = field(default_factory=list)

    def summaries(self, query: Query) -> Hours:
        self.asked.append(("summaries", query))
        hours: Hours = {}
        for time_ms, name, value in self._matching(query):
            summary(hours, time_ms, name).add("count", 1)
            if name in query.numbers:
                for function in ("sum", "min", "max"):
                    summary(hours, time_ms, name).add(function, float(value))
            if (name, value) in query.texts:
                summary(hours, time_ms, text_key(name, str(value))).add("count", 1)
        return hours

    def samples(self, query: Query) -> list[Sample]:
        self.asked.append(("samples", query))
        return self._matching(query)

    def _matching(self, query: Query) -> list[Sample]:
        return [
            (point.time_ms, name, value)
            for point in self.points
            if (point.measurement, point.site) == (query.measurement, query.site)
            and query.since_ms <= point.time_ms < query.until_ms
            for name, value in point.values.items()
            if name in query.fields
        ]
