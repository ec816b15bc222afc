"""The self-check: every ten minutes a Check, a record of how the logger itself is doing. It shows from far away that a
card, cable or power supply is getting worse, before it fails.

One row every ten minutes wears the card less than one reading a minute. A Check is treated like any record: held until
the time is trusted, then dated and sent. What only the uploader knows comes from a function that is handed in.
"""

import shutil
from collections.abc import Callable
from typing import NamedTuple

from journal.errors import JournalError
from journal.files import log_of
from journal.journal import Journal
from journal.reading import TIMED, Check, Reading
from logger import computer
from logger.clock.host_clock import Clock
from logger.regulator.regulator import Regulator

FIRST_SECONDS = 60.0
EVERY_SECONDS = 600.0


class Upload(NamedTuple):
    """What the uploader knows: how many records wait to be sent, and how many were refused."""

    pending_records: int
    dead_letters: int


class SelfCheck:
    """Counts what happens between two checks. `upload` returns None if nothing was ever uploaded."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        version: str,
        upload: Callable[[], Upload | None] = lambda: None,
        *,
        throttled: Callable[[], int | None] = computer.throttled,
        celsius: Callable[[], float | None] = computer.celsius,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._version = version
        self._upload = upload
        self._throttled = throttled
        self._celsius = celsius
        self._began = clock.monotonic()
        self._next_at = self._began + FIRST_SECONDS
        self._seconds: list[float] = []
        self._exchanges = self._damaged = 0
        self._counted: tuple[Regulator | None, int, int] = (None, 0, 0)

    def look(self, regulator: Regulator | None, reading: Reading | None, *, is_trusted: bool) -> Check | None:
        """Count the result of an attempt; returns a check, if it is time for one. `is_trusted`: whether the clock
        is."""
        if regulator:
            self.count(regulator)
        if reading:
            self._seconds.append(reading.reading_seconds or 0.0)
        now = self._clock.monotonic()
        if now < self._next_at:
            return None
        self._next_at = now + EVERY_SECONDS
        check = self._check(now - self._began, is_trusted=is_trusted)
        self._seconds, self._exchanges, self._damaged = [], 0, 0
        return check

    def count(self, regulator: Regulator) -> None:
        """Count the exchanges with the regulator since the last call; to be called before its port is closed, too."""
        before, exchanges, damaged = self._counted
        if before is not regulator:
            exchanges = damaged = 0
        self._counted = (regulator, regulator.exchanges, regulator.damaged)
        self._exchanges += regulator.exchanges - exchanges
        self._damaged += regulator.damaged - damaged

    def _check(self, uptime_seconds: float, *, is_trusted: bool) -> Check:
        moment, upload, bits = self._clock.now(), self._upload(), self._throttled()
        readings, exchanges = len(self._seconds), self._exchanges
        return Check(
            time_ms=moment.time_ms,
            boot=moment.boot,
            uptime_ms=moment.uptime_ms,
            version=self._version,
            computer_uptime_seconds=moment.uptime_ms // 1000,
            logger_uptime_seconds=round(uptime_seconds),
            pending_records=upload.pending_records if upload else None,
            held_records=self._held(),
            dead_letters=upload.dead_letters if upload else None,
            journal_bytes=self._journal_bytes(),
            disk_free_bytes=self._disk_free_bytes(),
            readings=readings,
            reading_seconds=round(sum(self._seconds) / readings, 3) if readings else None,
            exchanges=exchanges,
            damaged_percent=round(100 * self._damaged / exchanges, 3) if exchanges else None,
            undervoltage=None if bits is None else int(bool(bits & computer.LOW_VOLTAGE)),
            undervoltage_since_start=None if bits is None else int(bool(bits & computer.LOW_VOLTAGE_EVER)),
            computer_celsius=self._celsius(),
            clock_trusted=int(is_trusted),
        )

    def _held(self) -> int | None:
        try:
            return sum(self._journal.held(stream).count for stream in TIMED)
        except JournalError:
            return None

    def _journal_bytes(self) -> int | None:
        files = (self._journal.path, log_of(self._journal.path))
        try:
            return sum(path.stat().st_size for path in files if path.exists())
        except OSError:
            return None

    def _disk_free_bytes(self) -> int | None:
        try:
            return shutil.disk_usage(self._journal.path.parent).free
        except OSError:
            return None
