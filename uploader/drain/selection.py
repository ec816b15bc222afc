"""Selection: picks the readings of the next request from what is pending."""

from bisect import bisect_right
from collections.abc import Iterator

from journal.journal import Journal
from journal.reading import Record
from uploader.progress.id_ranges import IdRanges
from uploader.progress.item import Batch, Item, Kind
from uploader.progress.progress import Progress
from uploader.server.line_protocol import line


class Selection:
    """Looks at journal and progress as they are when it is asked."""

    def __init__(self, journal: Journal, progress: Progress) -> None:
        self._journal = journal
        self._progress = progress

    def pending(self, stream: str) -> IdRanges:
        return self._progress.pending(stream, self._journal.released(stream))

    def newest_id(self, stream: str) -> int:
        """The newest id that may be sent, 0 when there is none."""
        return max((last for _, last in self._journal.released(stream)), default=0)

    def newest(self, stream: str, size: int, without: IdRanges, *, above: int) -> Batch | None:
        """The `size` newest pending records with ids above `above`; None when there are none."""
        return self._pick("newest", stream, (self.pending(stream) - without).above(above), size)

    def oldest(self, stream: str, size: int, without: IdRanges, *, up_to: int) -> Batch | None:
        """The `size` oldest pending records with ids not above `up_to`; None when there are none."""
        return self._pick("backlog", stream, (self.pending(stream) - without).up_to(up_to), size)

    def retried(self, size: int) -> Batch | None:
        """Dead letters that a person wants tried again, each with a new line where the journal still has its record."""
        items = []
        for letter in self._progress.dead_letters.waiting(size):
            record = self._journal.get(letter.stream, letter.id)
            text = None
            if record and record.time_ms == letter.time_ms:
                text = line(record, self._progress.sites.of(letter.stream, letter.id) or "")
            items.append(Item(letter.stream, letter.id, letter.time_ms, text or letter.line, letter.number))
        return Batch("retry", "readings", tuple(items), IdRanges()) if items else None

    def _pick(self, kind: Kind, stream: str, pending: IdRanges, size: int) -> Batch | None:
        """At most `size` records. The batch covers ids without a record (pruned) and records without a field too."""
        if not pending:
            return None
        is_newest = kind == "newest"
        records: list[Record] = []
        covers: list[tuple[int, int]] = []
        for first, last in reversed(pending.ranges) if is_newest else pending.ranges:
            limit = size - len(records)
            found = list(self._journal.records(stream, first, last, limit=limit, newest_first=is_newest))
            records += found
            if len(found) < limit:
                covers.append((first, last))
                continue
            edge = found[-1].id or 0
            covers.append((edge, last) if is_newest else (first, edge))
            break
        items = sorted(self._items(stream, records), key=lambda item: item.id)
        return Batch(kind, stream, tuple(items), IdRanges.of(covers))

    def _items(self, stream: str, records: list[Record]) -> Iterator[Item]:
        history = self._progress.sites.history(stream)
        firsts = [first_id for first_id, _ in history]
        for record in records:
            record_id = record.id or 0
            text = line(record, history[bisect_right(firsts, record_id) - 1][1])
            if text is not None:
                yield Item(stream, record_id, record.time_ms, text)
