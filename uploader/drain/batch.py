"""Batches: picks the records of the next request from what is pending, and makes their lines at that moment."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Literal

from journal.journal import Journal
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
    """Reads journal and progress when it is asked. Records older than `keeps_from_ms` are not sent."""

    def __init__(self, journal: Journal, progress: Progress, keeps_from_ms: int | None = None) -> None:
        self._journal = journal
        self._progress = progress
        self._keeps_from_ms = keeps_from_ms

    def newest(self, stream: str, size: int, without: IdRanges, *, above: int) -> Batch | None:
        """The `size` newest pending records with ids above `above`; None when there are none."""
        ranges = self._pending(stream, above + 1, HIGHEST_ID, without, newest_first=True)
        return self._pick("newest", stream, ranges, size)

    def oldest(self, stream: str, size: int, without: IdRanges, *, up_to: int) -> Batch | None:
        """The `size` oldest pending records with ids not above `up_to`; None when there are none."""
        ranges = self._pending(stream, 1, up_to, without, newest_first=False)
        return self._pick("backlog", stream, ranges, size)

    def suspect(self, stream: str, ids: IdRanges) -> Batch:
        """Just these, as the journal has them now."""
        if stream == LETTERS:
            return replace(_of_letters("suspect", self._progress.dead_letters.numbered(ids)), ids=ids)
        return self._pick("suspect", stream, iter(ids), ids.count) or Batch("suspect", stream, ids, ())

    def letters(self, size: int, without: IdRanges) -> Batch | None:
        """Dead letters that a person wants tried again and whose records the journal does not have."""
        identity, waiting = self._journal.identity(), self._progress.dead_letters.waiting(size)
        gone = [each for each in waiting if each.journal != identity or not self._journal.get(each.stream, each.id)]
        wanted = [letter for letter in gone if letter.number not in without]
        return _of_letters("letters", wanted) if wanted else None

    def _pending(
        self, stream: str, first: int, last: int, without: IdRanges, *, newest_first: bool
    ) -> Iterator[tuple[int, int]]:
        """The ranges that are released and not done, one by one: a batch takes few of very many."""
        order = -1 if newest_first else 1
        for released_first, released_last in self._journal.released(stream)[::order]:
            low, high = max(first, released_first), min(last, released_last)
            for gap in self._progress.gaps(stream, low, high, newest_first=newest_first):
                yield from (IdRanges((gap,)) - without).ranges[::order]

    def _pick(self, kind: Kind, stream: str, ranges: Iterable[tuple[int, int]], size: int) -> Batch | None:
        is_newest = kind == "newest"
        rows: list[tuple[Any, ...]] = []
        covers: list[tuple[int, int]] = []
        for first, last in ranges:
            limit = size - len(rows)
            wanted = COLUMNS[stream]
            found = list(self._journal.values(stream, wanted, first, last, limit=limit, newest_first=is_newest))
            rows += found
            if len(found) == limit:
                edge = found[-1][0]
                covers.append((edge, last) if is_newest else (first, edge))
                break
            covers.append((first, last))
            if len(covers) >= size:
                break
        if not covers:
            return None
        bound = self._keeps_from_ms
        expired = IdRanges.of_ids(row[0] for row in rows if bound is not None and row[1] < bound)
        kept = sorted((row for row in rows if bound is None or row[1] >= bound), key=itemgetter(0))
        ids, of_journal = IdRanges.of(covers), tuple(lines(kept, stream, self._journal.sites(stream)))
        return Batch(kind, stream, ids, of_journal, expired, (ids.last, self._journal.mark(stream, ids.last)))


def _of_letters(kind: Kind, letters: Sequence[DeadLetter]) -> Batch:
    lines = tuple(Line(each.number, each.time_ms, each.line) for each in letters)
    return Batch(kind, LETTERS, IdRanges.of_ids(line.id for line in lines), lines)
