"""Choice: which records go into the next request.

    due         every SOLAR_UPLOAD_EVERY seconds: readings that are new since the last round, then events, days, checks
    suspects    records that may make a request fail: halved until a single one is left
    backlog     dead letters to be retried, then what was pending when the last round began: oldest first

It is the first of these that has something. So after an outage the newest readings go first, and new ones go out in
between while the backlog drains.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from journal.id_ranges import HIGHEST_ID, IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from journal.saving import newest_step, rarer
from uploader.drain.batch import LETTERS, Batch, Batches
from uploader.drain.data_budget import wait_seconds
from uploader.drain.suspects import Suspects
from uploader.progress.progress import Progress

DUE_ORDER = ("readings", "events", "days", "checks")
BACKLOG_ORDER = (LETTERS, "events", "days", "checks", "readings")


@dataclass(slots=True)
class Choice:
    """For one journal: the ids of another are other records. `every_seconds`: between rounds, while the battery is not
    low. The backlog waits for `paced_seconds`, because of the `used_bytes` of this month.
    """

    progress: Progress
    every_seconds: float
    monthly_megabytes: float
    monotonic: Callable[[], float]
    now_ms: Callable[[], int]
    suspects: Suspects = field(default_factory=Suspects)
    paced_seconds: float = 0.0
    used_bytes: int = 0
    _next_due: float = 0.0
    _frontier: dict[str, int] = field(default_factory=dict)
    """The newest id of each stream in the last round."""
    _floor: dict[str, int] = field(default_factory=dict)
    """Up to which the newest were sent."""
    _events_seen: int = 0
    _saving_step: int = 0

    def next(self, journal: Journal, size: int, keeps_from_ms: int | None) -> Batch | None:
        """At most `size` records, none from before `keeps_from_ms`; None if nothing is to be sent now."""
        if self.monotonic() >= self._next_due:
            self._begin_round(journal)
        batches = Batches(journal, self.progress, keeps_from_ms)
        return (
            self._due(batches, size)
            or self._suspect(batches, size)
            or self._backlog(batches, size)
            or self._suspect(batches, size, is_last_resort=True)
        )

    def idle_seconds(self) -> float:
        """After None: how long until there may be something."""
        return max(min(self._next_due - self.monotonic(), self.paced_seconds or math.inf), 0.0)

    def newest_sent(self, stream: str) -> None:
        """The newest of this stream were sent: until the next round, the rest is backlog."""
        self._floor[stream] = self._frontier[stream]

    def _begin_round(self, journal: Journal) -> None:
        self.progress.catch_up(journal)
        last_event = journal.last_id("events")
        if (step := newest_step(journal, self._events_seen)) is not None:
            self._saving_step = step
        self._events_seen = last_event
        now, every_seconds = self.monotonic(), rarer(self.every_seconds, self._saving_step)
        self._next_due += every_seconds
        if self._next_due <= now:
            self._next_due = now + every_seconds
        self._frontier = {stream: journal.released(stream).last for stream in STREAMS}
        self._frontier[LETTERS] = HIGHEST_ID

    def _due(self, batches: Batches, size: int) -> Batch | None:
        for stream in DUE_ORDER:
            floor, frontier = self._floor.get(stream, 0), self._frontier.get(stream, 0)
            if floor < frontier and not self.suspects.is_full:
                wanted = IdRanges.of([(floor + 1, HIGHEST_ID)]) - self.suspects.ids(stream)
                if batch := batches.pick("newest", stream, wanted, size):
                    return batch
                self._floor[stream] = frontier
        return None

    def _suspect(self, batches: Batches, size: int, *, is_last_resort: bool = False) -> Batch | None:
        while part := self.suspects.next(size, is_last_resort=is_last_resort):
            if batch := batches.pick("suspect", *part, size):
                return batch
            self.suspects.taken("suspect", *part, is_witness=False)  # no longer pending
        return None

    def _backlog(self, batches: Batches, size: int) -> Batch | None:
        """The next part of the backlog. None if there is none, or if it waits for the monthly limit: calculated each
        time, because the clock may have been corrected."""
        self.used_bytes = self.progress.traffic.this_month(self.now_ms())
        now = datetime.fromtimestamp(self.now_ms() / 1000, UTC)
        self.paced_seconds = wait_seconds(self.monthly_megabytes, self.used_bytes, now)
        if self.paced_seconds:
            size = 1  # only to see whether there is a backlog
        for stream in BACKLOG_ORDER:
            wanted = IdRanges.of([(1, self._frontier.get(stream, 0))]) - self.suspects.ids(stream)
            if batch := batches.pick("backlog", stream, wanted, size):
                return None if self.paced_seconds else batch
        self.paced_seconds = 0.0
        return None
