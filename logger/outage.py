"""A time without readings, from the first failure to the next reading: two events, few log lines, many tries."""

import logging

from journal.errors import PortMissing, RegulatorError
from journal.reading import Event
from logger.clock.host_clock import Clock, Moment
from logger.events.change import Change
from logger.events.durations import spoken

log = logging.getLogger(__name__)

BEGINNINGS = ("port_missing", "regulator_silent")
END = "regulator_back"
KINDS = (*BEGINNINGS, END)

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 20.0
LOG_SECONDS = 60.0


class RateLimit:
    """Allows a log line at once, then at most one in LOG_SECONDS."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_at: float | None = None

    def is_due(self) -> bool:
        now = self._clock.monotonic()
        if self._last_at is not None and now < self._last_at + LOG_SECONDS:
            return False
        self._last_at = now
        return True


class Outage:
    """How many `failures` in a row, and since when. An outage continues across a restart of the logger."""

    def __init__(self, clock: Clock, interval_seconds: float, written: Event | None = None) -> None:
        """`written` is the newest event of these kinds in the journal, if there is one."""
        self.failures = 0
        self._clock = clock
        self._first_retry_seconds = min(FIRST_RETRY_SECONDS, interval_seconds)
        self._log_limit = RateLimit(clock)
        self._since: Moment | None = None
        if written and written.kind in BEGINNINGS:
            self._since = Moment(written.time_ms, written.boot, written.uptime_ms)

    def fail(self, error: RegulatorError) -> Change | None:
        """Note a failure; the event, if it is the first one."""
        self.failures += 1
        if self._log_limit.is_due():
            log.warning("%s; trying again in %.3g s", error, self.retry_seconds)
        if self._since is not None:
            return None
        self._since = self._clock.now()
        return Change("port_missing" if isinstance(error, PortMissing) else "regulator_silent", str(error))

    def end(self) -> Change | None:
        """Note a reading; the event that ends the outage, if there was one."""
        since, self._since, self.failures = self._since, None, 0
        if since is None:
            return None
        self._log_limit = RateLimit(self._clock)
        now = self._clock.now()
        how_long = f"after {spoken((now.uptime_ms - since.uptime_ms) // 1000)}" if now.boot == since.boot else "again"
        log.info("readings are back %s", how_long)
        return Change(END, f"readings are back {how_long}")

    @property
    def retry_seconds(self) -> float:
        """How long to wait after this many failures."""
        return min(self._first_retry_seconds * 2.0 ** min(self.failures - 1, 20), LONGEST_RETRY_SECONDS)
