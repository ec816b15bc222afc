"""Makes room: deletes readings that were sent and are older than the days to keep, in small steps.

It runs once an hour, and after every reading while the disk has less than LOW_BYTES free. The caller passes
in a function that says which readings were sent: the logger does not know who sends them.
"""

import logging
import shutil
from collections.abc import Callable, Sequence

from journal.errors import JournalFull
from journal.reading import Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock
from logger.events.change import Change
from logger.regulator.regulator import Regulator

log = logging.getLogger(__name__)

DAY_MS = 86_400_000
EVERY_SECONDS = 3600.0
LOW_BYTES = 16_000_000
ROWS_AT_ONCE = 2000
"""About 120 pages of 4 kB; every hour, that is more than is taken at one reading in two seconds."""

FOR_EVER_MS = 2**62


class Pruning:
    """Prunes one journal. `sent` returns the ranges of ids that need not be kept; it is called each time."""

    def __init__(
        self,
        journal: JournalWriter,
        clock: Clock,
        keep_days: float,
        sent: Callable[[], Sequence[tuple[int, int]]],
        *,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._keep_ms = int(min(keep_days * DAY_MS, FOR_EVER_MS))
        self._sent = sent
        self._free_bytes = free_bytes or (lambda: shutil.disk_usage(journal.path.parent).free)
        self._next_at = clock.monotonic()

    def work(self, regulator: Regulator, has_time: Callable[[], bool]) -> Sequence[Change]:
        """Prune some, if it is time or the disk is nearly full."""
        now = self._clock.monotonic()
        if now >= self._next_at or self._free_bytes() < LOW_BYTES:
            self._next_at = now + EVERY_SECONDS
            try:
                if pruned := self.prune():
                    log.debug("pruned %d readings that were sent", pruned)
            except JournalFull as error:
                log.debug("cannot prune: %s; trying again later", error)
        return ()

    def prune(self) -> int:
        """Delete some; how many. Days count back from the newest reading with a trusted time, not from today.

        Raises JournalFull when even deleting finds no room.
        """
        released = self._journal.released("readings")
        newest = self._journal.get("readings", released.last)
        if not isinstance(newest, Reading):
            return 0
        return self._journal.prune(self._sent(), newest.time_ms - self._keep_ms, ROWS_AT_ONCE)
