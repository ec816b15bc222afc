"""A figure of the table, and the place where it is measured."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.journals import make


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table. `now` and `goal` are in `unit`; the goal is met when `now` is at most `goal`.

    A `goal` of None: no goal. `peer`: what another program needs. `first`: what the first version needed.
    """

    name: str
    now: float
    unit: str
    goal: float | None
    peer: str = ""
    first: str = ""

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.now <= self.goal


@dataclass(frozen=True, slots=True)
class Place:
    """Where the benchmark works: an empty directory, and how many readings "10⁶" stands for."""

    directory: Path
    million: int

    def journal(self, name: str, readings: int, boots: int = 1) -> Path:
        """The directory of a journal with that many readings."""
        data = self.directory / name
        if not (data / "journal.db").exists():
            make(data / "journal.db", readings, boots)
        return data
