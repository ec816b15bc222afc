"""The history chore: reads the regulator's history in the gaps between readings, dates it, and stores it as days.

    due        at the start, and after each of the regulator's midnights; once the time is trusted
    reading    byte by byte while there is time, at least one in each gap; it continues in the next gap
    dating     all records at once (dates.py)
    storing    at least one day in each gap, the oldest first; a day that is in the journal already is stored again only
               when what its readings tell has changed

The newest reading in the journal is the reference for dates: its time is the corrected one.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import tzinfo

from journal.errors import JournalFull, RegulatorError
from journal.journal import Journal
from journal.reading import Day, Event, Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock
from logger.clock.regulator_clock import DAY_MS, Sample, sample_of
from logger.events.change import Change
from logger.history.dates import days_in
from logger.history.measured import measured, trusted, with_outlook
from logger.history.ring import PartialHistory, is_quiet
from logger.history.site_of_day import site_of
from logger.regulator.regulator import Regulator

log = logging.getLogger(__name__)

HISTORY_REPLACED = "history_replaced"
LOOK_SECONDS = 60.0
RETRY_SECONDS = 3600.0
FRESH_MS = 600_000
LOOK_BACK_MS = 40 * DAY_MS


class HistoryChore:
    """A chore of the poller."""

    def __init__(
        self, journal: JournalWriter, clock: Clock, *, interval_seconds: float = 10.0, zone: tzinfo | None = None
    ) -> None:
        """`zone` is the time zone of the dates; the computer's own if none is given."""
        self._journal = journal
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._zone = zone
        self._partial: PartialHistory | None = None
        self._to_store: deque[Day] = deque()
        self._look_at = clock.monotonic()
        self._last: Sample | None = None

    def work(self, regulator: Regulator, has_time: Callable[[], bool]) -> list[Change]:
        """Do some of what is due; the events, if any."""
        try:
            if self._to_store:
                self._store(has_time)
                return []
            if self._partial is None and self._is_due():
                self._partial = PartialHistory()
            if self._partial is not None:
                return self._read(regulator, self._partial, has_time)
        except RegulatorError as error:
            log.debug("cannot read the regulator's history: %s; trying again later", error)
        except JournalFull as error:
            log.debug("cannot store the regulator's days: %s; trying again later", error)
        return []

    def _is_due(self) -> bool:
        if self._clock.monotonic() < self._look_at:
            return False
        self._look_at = self._clock.monotonic() + LOOK_SECONDS
        now = newest(self._journal)
        if now is None or not is_quiet(now[1].clock_seconds):
            return False
        last = self._last
        return last is None or now[1].day_began_ms > last.day_began_ms + DAY_MS // 2

    def _read(self, regulator: Regulator, partial: PartialHistory, has_time: Callable[[], bool]) -> list[Change]:
        now = newest(self._journal)
        if now is None:
            return []
        reading, sample = now
        while (address := partial.next_address) is not None:
            age_ms = self._clock.now().uptime_ms - reading.uptime_ms
            if not 0 <= age_ms < FRESH_MS or not is_quiet(sample.clock_seconds + age_ms / 1000):
                return []
            values = regulator.read_eeprom([address])
            if values is None:
                return []
            partial.take(values.get(address))
            if partial.next_address is not None and not has_time():
                return []
        self._partial = None
        history = partial.history()
        if history is None:
            self._look_at = self._clock.monotonic() + RETRY_SECONDS
            log.warning("cannot read the regulator's history: its pointer is invalid; trying again in an hour")
            return []
        self._last = sample
        known = known_days(self._journal)
        days, is_other = days_in(
            history, reading, sample, known, lambda time_ms: last_before(self._journal, time_ms), zone=self._zone
        )
        self._to_store = deque(days)
        if not is_other or self._has_told(known):
            return []
        words = "the history is that of another regulator: was it replaced? Only its days from now on are stored"
        return [Change(HISTORY_REPLACED, words)]

    def _has_told(self, known: dict[str, Day]) -> bool:
        """Whether an event since the newest day has already said that this is another regulator's history."""
        since_ms = max((day.ended_ms or 0 for day in known.values()), default=0)
        return any(
            isinstance(event, Event) and event.kind == HISTORY_REPLACED
            for first, last in self._journal.id_ranges("events", since_ms, 2**62)
            for event in self._journal.records("events", first, last)
        )

    def _store(self, has_time: Callable[[], bool]) -> None:
        while self._to_store:
            day = measured(self._journal, self._to_store[0], self._interval_seconds)
            day = with_outlook(self._journal, day)
            if day.id is None:
                self._journal.append(day, site=site_of(self._journal, day))
            self._to_store.popleft()
            if not has_time():
                return


def newest(journal: Journal) -> tuple[Reading, Sample] | None:
    """The newest reading and its regulator's clock; None when its time is not trusted, or when it lacks the clock."""
    last_id = journal.last_id("readings")
    reading = journal.get("readings", last_id)
    if not isinstance(reading, Reading) or last_id in journal.held("readings"):
        return None
    sample = sample_of(reading)
    return (reading, sample) if sample else None


def known_days(journal: Journal) -> dict[str, Day]:
    """All days of the journal by their dates."""
    records = journal.records("days", 1, journal.last_id("days"))
    return {record.date: record for record in records if isinstance(record, Day)}


def last_before(journal: Journal, time_ms: int) -> Sample | None:
    """The last sample of the regulator's clock before a moment, from readings with a trusted time."""
    columns = ("time_ms", "regulator_clock_seconds")
    samples = (
        sample
        for first, last in trusted(journal, time_ms - LOOK_BACK_MS, time_ms)
        for sample in journal.values("readings", columns, first, last, limit=100, newest_first=True)
        if sample[1] is not None
    )
    newest_sample = max(samples, default=None)
    return Sample(*newest_sample) if newest_sample else None
