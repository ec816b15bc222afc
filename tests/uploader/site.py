"""A site for tests: a real journal, a real uploader.db, and time that passes only when somebody waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from journal.reading import Reading
from journal.writer import JournalWriter
from uploader.drain.backoff import Backoff
from uploader.drain.drain import Drain, Step
from uploader.drain.reporter import Reporter
from uploader.progress.batch_size import BatchSize
from uploader.progress.progress import Progress
from uploader.server.influx import Influx
from uploader.server.outcomes import Writer
from uploader.server.target import Target

EPOCH_MS = 1_700_000_000_000


class Clock:
    """Seconds that pass when waited for. It is also the stop event: set after `steps` waits, when given."""

    def __init__(self, steps: int | None = None) -> None:
        self.now = 1000.0
        self.wall_ms = 0
        self.waits: list[float] = []
        self._steps = steps

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return EPOCH_MS + self.wall_ms + int(self.now * 1000)

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()

    def is_set(self) -> bool:
        return self._steps is not None and len(self.waits) >= self._steps


class Site:
    """journal.db and uploader.db in a directory; `append` adds readings 10 s apart."""

    def __init__(self, directory: Path, name: str = "home") -> None:
        self.directory = directory
        self.name = name
        self.clock = Clock()
        self.journal = JournalWriter.create(directory / "journal.db", name)
        self._boot = self.journal.boot_number("boot")
        self._count = 0
        self.progress = Progress.open(directory / "uploader.db")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()
        self.progress.close()

    def append(self, count: int, battery_volts: Callable[[int], float | None] = lambda n: 25.0) -> list[int]:
        """Append readings; their times."""
        readings = [
            Reading(
                time_ms=EPOCH_MS + (self._count + n) * 10_000,
                boot=self._boot,
                uptime_ms=(self._count + n) * 10_000,
                model="PL80",
                battery_volts=battery_volts(self._count + n),
                charge_amps=(self._count + n) % 40 * 0.5,
                regulator_state="boost",
            )
            for n in range(count)
        ]
        self._count += count
        self.journal.append_all(readings)
        return [reading.time_ms for reading in readings]

    def restart(self) -> None:
        """Close and open what the uploader has, as a new process would."""
        self.progress.close()
        self.progress = Progress.open(self.directory / "uploader.db")

    def drain(
        self,
        writer: Writer,
        *,
        every_seconds: float = 60.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        monthly_megabytes: float | None = None,
        first_size: int | None = None,
    ) -> Drain:
        """A drain as a new process would make it. `first_size`: the batch size that it remembers."""
        if first_size is not None:
            self.progress.note(self.progress.state(), BatchSize(first_size))
        return Drain(
            self.directory / "journal.db",
            writer,
            self.progress,
            reporter=Reporter("http://influx.example", monotonic=self.clock.monotonic),
            every_seconds=every_seconds,
            backoff=backoff,
            monthly_megabytes=monthly_megabytes,
            monotonic=self.clock.monotonic,
            now_ms=self.clock.now_ms,
        )

    def run(self, drain: Drain, *, limit: int = 1000) -> list[Step]:
        """Step until nothing is pending, letting time pass; the steps that made a request."""
        steps: list[Step] = []
        for _ in range(limit):
            step = drain.drain_once()
            if step.outcome is not None:
                steps.append(step)
            if not any(drain.pending().values()):
                return steps
            self.clock.now += step.wait_seconds
        raise AssertionError(f"still pending after {limit} steps: {[self.progress.done.of('readings')]}, {steps[-3:]}")


def influx(target: Target, *, read_seconds: float = 5.0) -> Influx:
    return Influx(target, connect_seconds=2.0, read_seconds=read_seconds)


def at(*times: int) -> set[str]:
    """The ends of the lines with these times."""
    return {str(time) for time in times}


def times_of(lines: list[str]) -> list[int]:
    return [int(line.rsplit(" ", 1)[1]) for line in lines]
