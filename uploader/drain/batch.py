"""Batches: picks pending records for the next request, and makes their lines at that moment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from journal.sites import SiteStretch
from uploader.progress.marks import Mark
from uploader.progress.progress import Progress
from uploader.server.line_protocol import COLUMNS, Line, lines

Kind = Literal["newest", "backlog", "suspect"]

LETTERS = "letters"
"""The stream of dead letters to be retried; their ids are the letters' numbers."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` are settled when the server takes `lines`. Some have no line: they are missing, or have nothing to send. If
    it `is_expired`, none has: all are too old for the server. `mark`: the last id, with its mark in the journal."""

    kind: Kind
    stream: str
    ids: IdRanges
    lines: tuple[Line, ...]
    mark: Mark | None = None
    is_expired: bool = False

    @property
    def points(self) -> int:
        """How many its lines are for the server: a day may be two."""
        return sum(line.points for line in self.lines)

    def oldest(self, points: int) -> IdRanges:
        """The ids of the lines that have so many of the oldest points."""
        lines = sorted(self.lines, key=lambda line: line.time_ms)
        before = accumulate((line.points for line in lines), initial=0)
        return IdRanges.of_ids(line.id for line, number in zip(lines, before, strict=False) if number < points)


class Batches:
    """Reads journal and progress when asked. Records older than `keeps_from_ms` are not sent."""

    def __init__(self, journal: Journal, progress: Progress, keeps_from_ms: int | None = None) -> None:
        self._journal = journal
        self._progress = progress
        self._keeps_from_ms = keeps_from_ms

    def pick(self, kind: Kind, stream: str, wanted: IdRanges, size: int) -> Batch | None:
        """At most `size` of the `wanted` records that are pending now: the newest, or for another kind the oldest. None
        if none is. Those that are too old for the server are a batch of their own."""
        if stream == LETTERS:
            return self._letters(kind, wanted, size)
        is_newest = kind == "newest"
        bound = self._keeps_from_ms
        sites: list[SiteStretch] = []
        ids: list[int] = []
        expired: list[int] = []
        made: list[Line] = []
        covers: list[tuple[int, int]] = []

        def not_expired(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
            for row in rows:
                ids.append(row[0])
                if bound is None or row[1] >= bound:
                    yield row
                else:
                    expired.append(row[0])

        for first, last in self._pending(stream, wanted, newest_first=is_newest):
            sites = sites or self._journal.sites(stream)  # after the ids, so that it has the sites of all of them
            limit = size - len(ids)
            rows = self._journal.values(stream, COLUMNS[stream], first, last, limit=limit, newest_first=is_newest)
            made += lines(not_expired(rows), stream, sites)
            if len(ids) == size:
                covers.append((ids[-1], last) if is_newest else (first, ids[-1]))
                break
            covers.append((first, last))
            if len(covers) >= size:
                break
        if not covers:
            return None
        done = IdRanges.of_ids(expired) or IdRanges.of(covers)
        mark = done.last, self._journal.mark(stream, done.last)
        return Batch(kind, stream, done, () if expired else tuple(sorted(made)), mark, is_expired=bool(expired))

    def _pending(self, stream: str, wanted: IdRanges, *, newest_first: bool) -> Iterator[tuple[int, int]]:
        """The wanted ranges that are released and not done, one by one: there may be very many, and a batch needs
        few."""
        released = (self._journal.released(stream) & wanted).ranges
        for first, last in reversed(released) if newest_first else released:
            yield from self._progress.done.gaps(stream, first, last, newest_first=newest_first)

    def _letters(self, kind: Kind, wanted: IdRanges, size: int) -> Batch | None:
        released = {stream: self._journal.released(stream) for stream in STREAMS}
        made = tuple(
            Line(letter.number, letter.time_ms, letter.line_now(self._journal, released[letter.stream]))
            for letter in self._progress.dead_letters.waiting(wanted, size)
        )
        return Batch(kind, LETTERS, IdRanges.of_ids(line.id for line in made), made) if made else None
