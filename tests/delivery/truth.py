"""What is true whatever the program does: which records were taken, and which journal has which of them.

taken ── held ── released ── stored at the server, for ever
                    │ pruned: stored already, or to be stored from what is kept of it
                    └ gone: with its journal, a lying card or a dropped letter; stored once or not at all
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from tests.delivery.server import ModelInflux
from tests.delivery.site import Kept, decoded


@dataclass(frozen=True, slots=True)
class Taken:
    """A record, as it was taken: `time_ms` is when it really was."""

    site: str
    boot: str
    time_ms: int
    measurement: str = "solar"


_names = count(1)


@dataclass(frozen=True)
class File:
    """A journal: its readings in the order of ids, and the boots of which it knows the time. A copy is another one."""

    rows: Mapping[int, Kept] = field(default_factory=dict)
    anchored: frozenset[str] = frozenset()
    name: int = field(default_factory=lambda: next(_names))

    def copy(self) -> "File":
        return replace(self, name=next(_names))

    def having(self, rows: Mapping[int, Kept]) -> "File":
        """With these rows in place of its own, or more than those."""
        return replace(self, rows={**self.rows, **rows})

    def without(self, numbers: Iterable[int]) -> "File":
        gone = set(numbers)
        return replace(self, rows={number: kept for number, kept in self.rows.items() if number not in gone})

    def knowing(self, *boots: str) -> "File":
        return replace(self, anchored=self.anchored | set(boots))

    def recovered(self, damaged: "File") -> "File":
        """This one, and what it lacks of another."""
        new = {n: kept for n, kept in damaged.rows.items() if n not in self.rows and not self.day_of(kept.date)}
        return self.having(new).knowing(*damaged.anchored)

    def day_of(self, date: str) -> set[int]:
        """The record of this day, if it has one."""
        return {number for number, kept in self.rows.items() if date and kept.date == date}

    @property
    def released(self) -> set[int]:
        return {number for number, kept in self.rows.items() if not kept.is_held}


@dataclass
class Truth:
    """`released`: what was ever released. `owed`: pruned, and to be stored all the same."""

    taken: dict[int, Taken] = field(default_factory=dict)
    released: set[int] = field(default_factory=set)
    owed: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    scales: dict[int, set[int]] = field(default_factory=dict)

    def note(self, file: File) -> None:
        """A journal is like this."""
        self.released |= file.released
        for number, kept in file.rows.items():
            self.scales.setdefault(number, set()).add(kept.scale)

    def wrongs(self, server: ModelInflux) -> list[str]:
        """What may never be, at no time."""
        found = [f"reading {number} was sent while it was held" for number in server.sent - self.released]
        for number, places in server.places.items():
            taken = self.taken[number]
            found += [f"reading {number} is stored {len(places)} times: {sorted(places)}"] if len(places) > 1 else []
            for point, time_ms in places:
                if f",site={taken.site}" not in point:
                    found.append(f"reading {number} was taken at {taken.site} and is stored as {point}")
                if time_ms != taken.time_ms:
                    found.append(f"reading {number} is stored {time_ms - taken.time_ms} ms after it was taken")
        return found

    def lacks(self, server: ModelInflux, files: Iterable[File], but: set[int]) -> list[str]:
        """What is not as these journals, the last of them last, have it: to be asked when all is sent `but` these."""
        due: Mapping[int, Kept] = {
            number: kept for file in files for number, kept in file.rows.items() if not kept.is_held
        }
        days: dict[tuple[str, int], set[str]] = {}
        for number in due:
            for place in server.places.get(number, ()) if due[number].date else ():
                days.setdefault(place, set()).add(f"{number}.0")
        found = []
        for number in sorted((due.keys() | self.owed) - self.dropped - but):
            places = server.places.get(number, ())
            if not places:
                found.append(f"record {number} is not stored")
            if self.taken[number].measurement != "solar":
                found += [
                    f"day {number} is stored as {numbers}, not as the journal has it"
                    for place in places
                    if place in days and (numbers := server.points[place]["charge_amp_hours"]) not in days[place]
                ]
                continue
            values = [server.points[place].get("charge_amps") for place in places]
            scales = {due[number].scale} if number in due else self.scales[number]
            if any(float(value or 0) not in {decoded(number, scale) for scale in scales} for value in values):
                found.append(f"reading {number} is stored as {values}, not as of scale {scales}")
        return found
