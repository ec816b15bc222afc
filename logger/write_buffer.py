"""Keeps records in memory while the journal has no room.

Their order is kept: a new record waits behind those that wait already. At most READINGS_KEPT records wait; beyond that
the oldest reading is dropped, and an event tells how many were.
"""

import logging
from collections import deque
from collections.abc import Callable

from journal.errors import JournalFull
from journal.reading import Event, Reading, Record
from journal.writer import JournalWriter
from logger.clock.timekeeper import Timekeeper
from logger.events.change import Change

log = logging.getLogger(__name__)

READINGS_KEPT = 10_000
"""At one reading in 10 s more than a day; about 10 MB of memory."""


class WriteBuffer:
    """The journal's writing side. `event` makes an Event of now."""

    def __init__(
        self, journal: JournalWriter | Timekeeper, event: Callable[[Change], Event], *, kept: int = READINGS_KEPT
    ) -> None:
        self.readings_stored = 0
        self._journal = journal
        self._event = event
        self._waiting: deque[Record] = deque()
        self._kept = kept
        self._dropped = 0
        self._is_full = False

    @property
    def waiting(self) -> int:
        """How many records are in memory only."""
        return len(self._waiting)

    def append(self, record: Record) -> bool:
        """Store the record, or keep it until there is room. Whether everything is stored."""
        self._waiting.append(record)
        if self.flush():
            return True
        if len(self._waiting) > self._kept:
            self._drop_oldest_reading()
        return False

    def flush(self) -> bool:
        """Store what waits, the oldest first. Whether everything is stored."""
        try:
            while self._waiting:
                self._journal.append(self._waiting[0])
                self.readings_stored += isinstance(self._waiting.popleft(), Reading)
        except JournalFull as error:
            if not self._is_full:
                self._is_full = True
                log.error("%s; keeping up to %d readings in memory until there is room", error, self._kept)
                self._waiting.append(self._event(Change("journal_full", str(error))))
            return False
        if self._is_full:
            self._is_full = False
            words = f"the journal has room again; readings lost meanwhile: {self._dropped or 'none'}"
            self._dropped = 0
            log.info("%s", words)
            return self.append(self._event(Change("journal_back", words)))
        return True

    def _drop_oldest_reading(self) -> None:
        for index, record in enumerate(self._waiting):
            if isinstance(record, Reading):
                del self._waiting[index]
                self._dropped += 1
                return
