"""What a server has stored, for audits: counted as InfluxDB counts, without a server."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from uploader.question import Counts, Question, add_count


@dataclass(frozen=True)
class Point:
    """A point's time in milliseconds, and the names of its fields."""

    time_ms: int
    site: str = "home"
    fields: tuple[str, ...] = ("battery_volts",)
    measurement: str = "solar"


@dataclass
class Stored:
    """`asked`: every question, with the way it was asked."""

    points: Iterable[Point] = ()
    asked: list[tuple[str, Question]] = field(default_factory=list)

    def counts(self, question: Question) -> Counts:
        self.asked.append(("counts", question))
        counts: Counts = {}
        for point in self._matching(question):
            for name in set(point.fields) & set(question.fields):
                add_count(counts, point.time_ms, name, 1)
        return counts

    def times(self, question: Question) -> set[int]:
        self.asked.append(("times", question))
        return {point.time_ms for point in self._matching(question)}

    def _matching(self, question: Question) -> list[Point]:
        return [
            point
            for point in self.points
            if (point.measurement, point.site) == (question.measurement, question.site)
            and question.since_ms <= point.time_ms < question.until_ms
            and set(point.fields) & set(question.fields)
        ]
