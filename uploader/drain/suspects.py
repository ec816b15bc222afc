"""Suspects: finds the record that makes a request fail, whatever the answer is. Holds ids, never lines.

    ▆▆▆▆▆▆▆▆  fails again and again      one of these is at fault, or the server is
    ▆▆▆▆      its first half fails       one of these is; the other half is pending as before
    ▆▆        is taken                   so it is in the other half of these
      ▆       one fails alone            at fault, if the server takes others meanwhile: condemned

- A refusal by InfluxDB itself is proof enough: the request is halved at once, and a record that is refused alone twice
  is condemned.
- Any other failure (403, 500, 502, a reset …) may be the fault of the server or the network. It is examined after a few
  repeats. The record is condemned when it has failed alone so often, each time after the server took something else,
  that the line can hardly be the cause: six times on a good line, twenty where every other request fails. A wrong
  token condemns nothing.
- Records that failed only while everything failed are sent as a whole again as soon as the server takes something.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from journal.id_ranges import IdRanges
from uploader.server.outcomes import Misconfigured, Outcome, Rejected, Unreachable

BY_WORD = 2
"""How many refusals by InfluxDB itself condemn a record."""
UNLIKELY = 1e-6
"""If failures alone are less likely than this on such a line, the record is the cause."""
MEMORY = 0.9
"""How much a request weighs that was taken, for each later one: the last ten or so tell how good the line is."""
MOST = 8
"""If there are more suspects than this at a time, the server is the cause."""

Verdict = Literal["condemned", "narrowed", "unknown"]
"""These records are at fault; one of them is; it may be the server."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a request failed. `way`: the same for failures that are alike. `tries`: how often it must happen before it is
    examined.

    `is_alone`: every record in it failed by itself. `is_sure`: its content is the cause.
    """

    way: tuple[str, int]
    tries: int
    is_alone: bool
    is_sure: bool = False

    @classmethod
    def of(cls, outcome: Outcome, count: int, points: int) -> "Failure | None":
        """The failure of a request with `count` records, `points` for the server; None if its content cannot be the
        cause."""
        is_alone = count == 1
        match outcome:
            case Rejected(_, status, dropped):
                return cls(("rejected", status), 1, is_alone or dropped == points, is_sure=True)
            case Misconfigured(status=413):
                return cls(("too large", 413), 1, is_alone, is_sure=not is_alone)
            case Misconfigured(status=status):
                return cls(("misconfigured", status), 3, is_alone)
            case Unreachable(dropped=int(dropped), status=status) if 0 < dropped < points:
                return cls(("full", status), 1, is_alone=False, is_sure=True)
            case Unreachable(dropped=int(dropped), status=status) if dropped == points:
                return cls(("full", status), 5, is_alone=True)
            case Unreachable(is_strained=True, status=status) | Unreachable(may_be_content=True, status=status):
                return cls(("unreachable", status), 10 if status == 503 else 5, is_alone)
        return None


@dataclass(slots=True)
class _Suspect:
    """`taken`: how many requests the server had taken when these last failed. `is_known`: others were taken between two
    of their failures. `times`: how often they failed alone, each time after others were taken.
    """

    stream: str
    ids: IdRanges
    failure: Failure
    taken: int
    is_known: bool = False
    times: int = 0


class Suspects:
    """The pending records under suspicion. The drain tells it about every request: `taken` or `failed`."""

    def __init__(self) -> None:
        self._suspects: list[_Suspect] = []
        self._failures: dict[tuple[str, str], tuple[Failure, int, int]] = {}
        self._taken = 0
        self._recently_taken = self._recently_failed = 0.0
        """The latter: how often, before they were taken."""

    @property
    def is_full(self) -> bool:
        """Whether there are so many suspects that one more would only make it forget them all."""
        return len(self._suspects) >= MOST and any(suspect.failure.is_sure for suspect in self._suspects)

    def ids(self, stream: str) -> IdRanges:
        """The ids that must not be sent together with others."""
        return IdRanges.of(each for suspect in self._of(stream) for each in suspect.ids)

    def next(self, size: int, *, is_last_resort: bool = False) -> tuple[str, IdRanges] | None:
        """A stream and at most `size` of its ids, to be sent by themselves; None if nothing new would be learnt.

        `is_last_resort`: there is nothing else to send that could show whether the server is the cause. Then each
        suspect gets its turn.
        """
        for suspect in self._suspects if is_last_resort else reversed(self._suspects):
            has_news = self._taken > suspect.taken
            if has_news or suspect.failure.is_sure or is_last_resort:
                is_whole = suspect.failure.is_alone or (has_news and not suspect.is_known)
                count = suspect.ids.count if is_whole else (suspect.ids.count + 1) // 2
                return suspect.stream, suspect.ids.lowest(min(count, size))
        return None

    def taken(self, kind: str, stream: str, ids: IdRanges, *, is_witness: bool = True) -> None:
        """These ids are settled; `is_witness`: the server took a request with them."""
        failures = sum(suspect.times + 1 for suspect in self._of(stream) if not suspect.ids - ids)
        for suspect in self._of(stream):
            if suspect.ids & ids:
                suspect.ids, suspect.times = suspect.ids - ids, 0
        self._suspects = [suspect for suspect in self._suspects if suspect.ids]
        if is_witness:
            failures += self._failures.pop((kind, stream), (None, 0, 0))[1]
            self._taken += 1
            self._recently_taken = self._recently_taken * MEMORY + 1
            self._recently_failed = self._recently_failed * MEMORY + failures

    def failed(self, kind: str, stream: str, ids: IdRanges, failure: Failure | None) -> Verdict:
        """A request with these ids failed."""
        if failure is None:
            return "unknown"
        suspect = next((each for each in self._of(stream) if each.ids & ids), None)
        if suspect:
            self._suspects.remove(suspect)
        elif not (suspect := self._repeated(kind, stream, ids, failure)):
            return "unknown"
        is_sure = failure.is_sure or self._taken > suspect.taken
        is_same = failure.is_alone and failure.way == suspect.failure.way
        suspect.times = (suspect.times if is_same else 0) + (failure.is_alone and is_sure)
        failed, taken = self._recently_failed + 1, self._recently_taken + 1
        is_unlikely = (failed / (failed + taken)) ** suspect.times < UNLIKELY
        if suspect.times >= BY_WORD if failure.is_sure else is_unlikely:
            return "condemned"
        suspect.ids, suspect.failure, suspect.taken = ids, failure, self._taken
        suspect.is_known |= is_sure
        self._suspects.append(suspect)  # the list is in the order of the last attempts
        return "narrowed" if is_sure else "unknown"

    def _repeated(self, kind: str, stream: str, ids: IdRanges, failure: Failure) -> _Suspect | None:
        """A suspect, if requests of this kind failed in this way so often that their content may be the cause."""
        before, times, taken = self._failures.get((kind, stream), (failure, 0, self._taken))
        times = times + 1 if before.way == failure.way else 1
        if times < failure.tries and not (times > 1 and self._taken > taken):
            self._failures[kind, stream] = failure, times, self._taken
            return None
        self._failures.pop((kind, stream), None)
        if len(self._suspects) >= MOST:
            self._suspects.clear()
            return None
        return _Suspect(stream, ids, failure, taken)

    def _of(self, stream: str) -> Iterator[_Suspect]:
        return (suspect for suspect in self._suspects if suspect.stream == stream)
