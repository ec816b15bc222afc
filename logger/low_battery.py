"""Low battery: below a set voltage, readings are taken less often, in steps, until the battery has recovered.

    volts      limit          0.98 x limit     0.96 x limit
    step    0    |       1         |      2         |    3

A step begins when all readings of five minutes are below its voltage, and ends when all are 3 % above it. Each change
is an event, which also tells the uploader (journal/saving.py). So a step continues after a restart.
"""

import logging
from collections import deque

from journal.journal import Journal
from journal.reading import Reading
from journal.saving import FACTORS, KINDS, newest_step, rarer
from logger.events.change import Change

log = logging.getLogger(__name__)

SHARES = (1.0, 0.98, 0.96)
RECOVERED = 1.03
STEADY_SECONDS = 300.0
FEWEST_READINGS = 3


class LowBattery:
    """`limit_volts`: None if this is off. Then a step that was in force ends at once."""

    def __init__(self, journal: Journal, limit_volts: float | None) -> None:
        self.step = newest_step(journal) or 0
        self._limit_volts = limit_volts
        self._window: deque[tuple[float, float]] = deque()

    def rarer(self, interval_seconds: float) -> int:
        """How many times longer to wait between readings."""
        return round(rarer(interval_seconds, self.step) / interval_seconds)

    def add(self, reading: Reading, monotonic: float) -> Change | None:
        """Note a reading; returns the event, if the step changes."""
        if self._limit_volts is None:
            return self._begin(0, "it was switched off") if self.step else None
        if reading.battery_volts is None:
            return None
        window = self._window
        window.append((monotonic, reading.battery_volts))
        while len(window) > FEWEST_READINGS and monotonic - window[1][0] >= STEADY_SECONDS:
            window.popleft()
        if len(window) < FEWEST_READINGS or monotonic - window[0][0] < STEADY_SECONDS:
            return None
        volts = [each for _, each in window]
        if self.step < len(SHARES) and max(volts) < self._limit_volts * SHARES[self.step]:
            limit = self._limit_volts * SHARES[self.step]
            return self._begin(self.step + 1, f"the battery has been below {limit:.1f} V for five minutes")
        if self.step and min(volts) > (above := self._limit_volts * SHARES[self.step - 1] * RECOVERED):
            return self._begin(self.step - 1, f"the battery has been above {above:.1f} V for five minutes")
        return None

    def _begin(self, step: int, why: str) -> Change:
        self.step = step
        self._window.clear()
        how = f"up to {FACTORS[step]} times less often than set" if step else "as often as set again"
        words = f"readings and uploads happen {how}: {why}"
        log.warning("%s", words)
        return Change(KINDS[step], words)
