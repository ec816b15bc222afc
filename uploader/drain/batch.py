"""Batches: picks pending records for the next request, and makes their lines at that moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from journal.journal import Journal
from journal.sites import SiteStretch
from uploader.progress.dead_letters import DeadLetter
from uploader.progress.done_ranges import HIGHEST_ID
from uploader.progress.id_ranges import NONE, IdRanges
from uploader.progress.progress import Progress
from uploader.server.line_protocol import COLUMNS, Line, lines

Kind = Literal["newest", "backlog", "suspect", "letters"]

LETTERS = "letters"
"""The stream of dead letters whose records the journal does not have; their ids are the letters' numbers."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`ids` are settled when the server takes `lines`. Some have no line: they are missing, have nothing to send, or
    are `expired` (too old for the server). `mark`: the last id, with its mark in the journal."""

    kind: Kind
    stream: str
    ids: IdRanges
    lines: tuple[Line, ...]
    expired: IdRanges = NONE
    mark: tuple[int, str] | None = None


class Batches:
    """Reads journal and progress when asked. Records older than `keeps_from_ms` are not sent."""

    def __init__(self, journal: Journal, progress: Progress, keeps_from_ms: int | None = None) -> None:
        self._journal = journal
        self._progress = progress
        self._keeps_from_ms = keeps_from_ms

    def newest(self, stream: str, size: int, without: IdRanges, *, above: int) -> Batch | None:
        """The `size` newest pending records with ids above `above`; None if there are none."""
        ranges = self._pending(stream, above + 1, HIGHEST_ID, without, newest_first=True)
        return self._pick("newest", stream, ranges, size)

    def oldest(self, stream: str, size: int, without: IdRanges, *, up_to: int) -> Batch | None:
        """The `size` oldest pending records with ids up to `up_to`; None if there are none."""
        ranges = self._pending(stream, 1, up_to, without, newest_first=False)
        return self._pick("backlog", stream, ranges, size)

    def suspect(self, stream: str, ids: IdRanges) -> Batch:
        """Only these records, as the journal has them now."""
        if stream == LETTERS:
            return replace(_of_letters("suspect", self._progress.dead_letters.numbered(ids)), ids=ids)
        return self._pick("suspect", stream, iter(ids), ids.count) or Batch("suspect", stream, ids, ())

    def letters(self, size: int, without: IdRanges) -> Batch | None:
        """Dead letters that a person wants to retry, and whose records the journal does not have."""
        waiting = self._progress.dead_letters.waiting(size)
        wanted = [each for each in waiting if each.number not in without and not each.record_in(self._journal)]
        return _of_letters("letters", wanted) if wanted else None

    def _pending(
        self, stream: str, first: int, last: int, without: IdRanges, *, newest_first: bool
    ) -> Iterator[tuple[int, int]]:
        """The ranges that are released and not done, one by one: there may be very many, and a batch needs few."""
        order = -1 if newest_first else 1
        for released_first, released_last in self._journal.released(stream)[::order]:
            low, high = max(first, released_first), min(last, released_last)
            for gap in self._progress.gaps(stream, low, high, newest_first=newest_first):
                yield from (IdRanges((gap,)) - without).ranges[::order]

    def _pick(self, kind: Kind, stream: str, ranges: Iterable[tuple[int, int]], size: int) -> Batch | None:
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

        for first, last in ranges:
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
        done = IdRanges.of(covers)
        mark = (done.last, self._journal.mark(stream, done.last))
        return Batch(kind, stream, done, tuple(sorted(made)), IdRanges.of_ids(expired), mark)


def _of_letters(kind: Kind, letters: Sequence[DeadLetter]) -> Batch:
    lines = tuple(Line(each.number, each.time_ms, each.line) for each in letters)
    return Batch(kind, LETTERS, IdRanges.of_ids(line.id for line in lines), lines)
