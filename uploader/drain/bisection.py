"""Bisection: finds the items that a server refuses, by sending halves. Pure: told what came of each request.

    ▆▆▆▆▆▆▆▆ refused          the whole batch; one of its items is bad
    ▆▆▆▆     accepted         so the bad one is in the other half, which need not be sent to know it
        ▆▆   refused
        ▆    refused twice    alone, and again with the same status: condemned
         ▆▆▆ accepted         all that is left, in one

One bad item among 5,000 costs at most 17 requests. When there are more, what is left is halved in its turn: at most two
requests for each halving.

A hunt looks for an item at which the server stumbles (500). There a failure may as well be the server's own, so an item
is condemned only if something else is accepted before or after it; after two in a row the hunt is abandoned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from uploader.progress.item import Item

REFUSALS_TO_CONDEMN = 2


@dataclass(frozen=True, slots=True)
class Ruling:
    """What an answer settled: items that are stored, items that are condemned."""

    accepted: tuple[Item, ...] = ()
    condemned: tuple[Item, ...] = ()


@dataclass(slots=True)
class _Segment:
    items: tuple[Item, ...]
    is_first_half: bool = False
    refusals: int = 0
    status: int = 0


class Bisection:
    """Begin with a batch that was refused; then send `items` and say what came of it, until `items` is empty.

    `has_evidence`: the server accepted something else while it stumbled over this batch.
    """

    def __init__(self, items: Sequence[Item], *, is_hunt: bool = False, has_evidence: bool = False) -> None:
        self.is_hunt = is_hunt
        self._is_abandoned = False
        self._has_evidence = has_evidence
        self._stack = [_Segment(tuple(items))]
        self._suspects: tuple[Item, ...] = ()
        self._has_gathered = False

    @property
    def items(self) -> tuple[Item, ...]:
        """What to send next; nothing when all is settled, or the hunt was abandoned."""
        return self._stack[-1].items if self._stack and not self._is_abandoned else ()

    def accepted(self) -> Ruling:
        """`items` were stored."""
        segment = self._stack.pop()
        if segment.is_first_half and self._stack:
            self.halve(is_known_bad=True)
        suspects, self._suspects = self._suspects, ()
        self._has_evidence = not suspects
        return Ruling(segment.items, suspects)

    def refused(self, *, status: int = 0, is_whole: bool = False) -> Ruling:
        """`items` were refused with this status; `is_whole`: the server said that each of them was."""
        segment = self._stack[-1]
        if len(segment.items) > 1 and not is_whole:
            self.halve(is_known_bad=True)
            return Ruling()
        segment.refusals = segment.refusals + 1 if segment.status == status else 1
        segment.status = status
        if segment.refusals < REFUSALS_TO_CONDEMN and not self.is_hunt:
            return Ruling()
        self._stack.pop()
        self._gather()
        if not self.is_hunt or self._has_evidence:
            self._has_evidence = False
            return Ruling(condemned=segment.items)
        self._is_abandoned = bool(self._suspects)
        self._suspects = segment.items
        return Ruling()

    def take(self) -> tuple[Item, ...]:
        """Give `items` away, to be settled elsewhere."""
        return self._stack.pop().items

    def halve(self, *, is_known_bad: bool = False) -> None:
        """Send the next items in two parts; a single one stays as it is."""
        segment = self._stack[-1]
        middle = (len(segment.items) + 1) // 2
        if middle == len(segment.items):
            return
        self._stack[-1:] = [
            _Segment(segment.items[middle:]),
            _Segment(segment.items[:middle], is_first_half=is_known_bad),
        ]

    def _gather(self) -> None:
        """After the first find, put all that is left together: mostly there is only one bad item."""
        if not self._has_gathered and self._stack:
            self._has_gathered = True
            self._stack = [_Segment(tuple(item for segment in reversed(self._stack) for item in segment.items))]
