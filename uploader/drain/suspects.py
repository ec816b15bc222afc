"""Suspects: finds the record that keeps a request from being taken, whatever the answer is. Holds ids, never lines.

    ▆▆▆▆▆▆▆▆  fails again and again      one of these is at fault, or the server is
    ▆▆▆▆      its first half fails       one of these; what is left out is pending as before
    ▆▆        is taken                   so it is in the other half of these
      ▆       one alone, that fails      at fault, if the server takes others meanwhile: condemned

- InfluxDB's own refusal needs no witness: halved at once, and condemned when it is refused twice alone.
- Any other failure (403, 500, 502, a reset …) may be the server's, or the network's. It is looked into after a few
  times. The record is condemned after ALONE failures, if the server took something else before each: a wrong token
  condemns nothing.
- If everything fails, the records are not the cause: all suspicion is dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from uploader.progress.id_ranges import IdRanges
from uploader.server.outcomes import Expired, Misconfigured, Outcome, Rejected, TooLarge, Unreachable

BY_WORD, ALONE = 2, 5
"""So many failures alone condemn a record: refused in InfluxDB's own words, or failed in any other way."""
MOST = 8
"""With more suspects than this at a time, the server is the cause."""

Verdict = Literal["condemned", "narrowed", "unknown"]
"""These records are at fault; one of them is; it may be the server."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a request failed. `way`: the same for failures that are alike. `tries`: so often before it is looked into.

    `is_word`: InfluxDB itself refuses what is in it; `is_whole`: every single record of it.
    """

    way: tuple[str, int]
    tries: int
    is_word: bool = False
    is_whole: bool = False

    @classmethod
    def of(cls, outcome: Outcome, count: int) -> "Failure | None":
        """Of a request with `count` records; None where what is in it cannot be the reason."""
        match outcome:
            case Rejected(_, status, dropped) | Expired(_, status, dropped):
                return cls(("rejected", status), 1, is_word=True, is_whole=dropped == count)
            case TooLarge(_, status, is_influx):
                return cls(("too large", status), 1, is_word=is_influx)
            case Misconfigured(_, _, status):
                return cls(("misconfigured", status), 3)
            case Unreachable(is_strained=True, status=status) | Unreachable(may_be_content=True, status=status):
                return cls(("unreachable", status), 10 if status == 503 else 5)
        return None


@dataclass(slots=True)
class _Suspect:
    """`is_bad`: these very ids failed. `is_known`: while the server took others. `failures`: of these alone.

    `taken`: how many requests the server had taken then.
    """

    stream: str
    ids: IdRanges
    failure: Failure
    taken: int
    is_bad: bool = True
    is_known: bool = False
    is_alone: bool = False
    failures: int = 0


class Suspects:
    """The pending records under suspicion. The drain tells it about every request: `taken` or `failed`."""

    def __init__(self) -> None:
        self._suspects: list[_Suspect] = []
        self._repeated: dict[tuple[str, str], tuple[tuple[str, int], int, int]] = {}
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether there are enough to find out about, so that one more would only have them forgotten."""
        return len(self._suspects) >= MOST and any(suspect.failure.is_word for suspect in self._suspects)

    def ids(self, stream: str) -> IdRanges:
        """The ids that are not to be sent with others."""
        return IdRanges.of(each for suspect in self._of(stream) for each in suspect.ids)

    def next(self, size: int, *, is_last_resort: bool = False) -> tuple[str, IdRanges] | None:
        """A stream and ids of it, at most `size`, to be sent by themselves; None when nothing new would be learnt.

        `is_last_resort`: there is nothing else to send, so that nothing else can tell whether it is the server. Then
        each has its turn.
        """
        for suspect in self._suspects if is_last_resort else reversed(self._suspects):
            is_prompt = suspect.failure.is_word or (suspect.failure.tries == 1 and not suspect.is_alone)
            if is_prompt or is_last_resort or self._taken > suspect.taken:
                count = suspect.ids.count
                if suspect.is_bad and not suspect.is_alone:
                    count = (count + 1) // 2
                return suspect.stream, suspect.ids.lowest(min(count, size))
        return None

    def taken(self, kind: str, stream: str, ids: IdRanges, *, is_witness: bool = True) -> None:
        """These ids are settled; `is_witness`: the server took a request with them."""
        if is_witness:
            self._taken += 1
            self._repeated.pop((kind, stream), None)
        for suspect in self._suspects:
            if suspect.stream == stream and suspect.ids & ids:
                suspect.ids -= ids
                suspect.is_bad, suspect.is_alone, suspect.failures = suspect.failure.is_word, False, 0
            elif is_witness and not suspect.is_known:
                suspect.is_bad = suspect.failure.is_word  # it failed when all did
        self._suspects = [suspect for suspect in self._suspects if suspect.ids]

    def failed(self, kind: str, stream: str, ids: IdRanges, failure: Failure | None, *, is_single: bool) -> Verdict:
        """A request with these ids failed; `is_single`: it had one record."""
        if failure is None:
            return "unknown"
        suspect = next((each for each in self._of(stream) if each.ids & ids), None)
        if suspect is None:
            if not self._is_repeated(kind, stream, failure):
                return "unknown"
            if len(self._suspects) >= MOST:
                self._suspects.clear()
                return "unknown"
            suspect = _Suspect(stream, ids, failure, self._taken)
        else:
            self._suspects.remove(suspect)
        is_known = failure.is_word or self._taken > suspect.taken
        is_alone = is_single or failure.is_whole
        if not is_alone or failure.way != suspect.failure.way:
            suspect.failures = 0
        suspect.ids, suspect.failure, suspect.taken = ids, failure, self._taken
        suspect.is_bad, suspect.is_known, suspect.is_alone = True, is_known, is_alone
        suspect.failures += is_alone and is_known
        if suspect.failures >= (BY_WORD if failure.is_word else ALONE):
            return "condemned"
        self._suspects.append(suspect)  # they stand in the order in which they were last tried
        return "narrowed" if is_known or (failure.tries == 1 and not is_alone) else "unknown"

    def _is_repeated(self, kind: str, stream: str, failure: Failure) -> bool:
        """Whether requests of this kind fail in this way so often that it may be what is in them."""
        way, times, taken = self._repeated.get((kind, stream), (failure.way, 0, self._taken))
        times = times + 1 if way == failure.way else 1
        if times >= failure.tries or (times > 1 and self._taken > taken):
            self._repeated.pop((kind, stream), None)
            return True
        self._repeated[kind, stream] = (failure.way, times, self._taken)
        return False

    def _of(self, stream: str) -> Iterator[_Suspect]:
        return (suspect for suspect in self._suspects if suspect.stream == stream)
