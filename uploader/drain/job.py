"""Job: a batch that was refused, or made the server stumble, on its way to being settled piece by piece."""

from dataclasses import dataclass

from uploader.drain.bisection import Bisection, Ruling
from uploader.progress.id_ranges import IdRanges
from uploader.progress.item import Batch, Item
from uploader.server.outcomes import Misconfigured, Outcome, Rejected, Sent, TooLarge, Unreachable


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer settled, and the words and status for what it condemned."""

    ruling: Ruling
    words: str = ""
    status: int = 0


class Job:
    """`batch` is as it was first sent; `open_ids` are the ids in it that are not settled yet."""

    def __init__(self, batch: Batch, *, is_hunt: bool = False, has_evidence: bool = False) -> None:
        self.batch = batch
        self.server_errors = 0
        self.open_ids = batch.covers
        self.holes = batch.covers - IdRanges.of_ids(item.id for item in batch.items)
        self._bisection = Bisection(batch.items, is_hunt=is_hunt, has_evidence=has_evidence)

    @property
    def items(self) -> tuple[Item, ...]:
        """What to send next; nothing when the job is over."""
        return self._bisection.items

    @property
    def is_hunt(self) -> bool:
        return self._bisection.is_hunt

    def limit(self, size: int) -> None:
        """See to it that no more than `size` items go out next."""
        while len(self.items) > size:
            self._bisection.halve()

    def rule(self, outcome: Outcome) -> Verdict:
        """Learn what came of `items`."""
        count = len(self.items)
        match outcome:
            case Sent():
                return Verdict(self._bisection.accepted())
            case TooLarge() if count > 1:
                self._bisection.halve()
                return Verdict(Ruling())
            case TooLarge(words, status):
                return Verdict(self._bisection.refused(status=status), words, status)
            case Rejected(words, status, dropped):
                return Verdict(self._bisection.refused(status=status, is_whole=dropped == count), words, status)
            case Unreachable(reason) | Misconfigured(reason):
                return Verdict(self._bisection.refused(), reason, 500)

    def part(self, *, is_hunt: bool) -> "Job":
        """Give `items` away to a job of their own, which looks for the other kind of culprit."""
        items = self._bisection.take()
        ids = IdRanges.of_ids(item.id for item in items if item.letter is None)
        self.open_ids -= ids
        batch = Batch(self.batch.kind, self.batch.stream, items, ids)
        return Job(batch, is_hunt=is_hunt, has_evidence=True)
