"""Checks whether readings come as often as asked for. A change is reported once.

asked   |....|....|....|....|....|....|
got     x                   x             each reading takes so long that the ticks in between are skipped
"""

import logging
import math
from collections import deque

from logger.events.change import Change

log = logging.getLogger(__name__)

MISSED, KEPT = "interval_missed", "interval_kept"
GAPS = 5
"""How many gaps in a row must be too long, or not: one slow reading is not worth an event."""
TOO_LONG = 1.5


class Pace:
    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._last: float | None = None
        self._is_missed = False

    def add(self, monotonic: float) -> Change | None:
        """Note a reading at this moment; the event, if the pace has changed."""
        last, self._last = self._last, monotonic
        if last is None:
            return None
        self._gaps.append(monotonic - last)
        late = sum(gap > TOO_LONG * self._interval_seconds for gap in self._gaps)
        if not self._is_missed and late == GAPS:
            self._is_missed = True
            usual = sorted(self._gaps)[GAPS // 2]
            words = (
                f"cannot take a reading every {self._interval_seconds:g} s: the line is too slow, one arrives every "
                f"{round(usual, 1):g} s; set SOLAR_INTERVAL to {math.ceil(usual)} or more"
            )
            log.warning("%s", words)
            return Change(MISSED, words)
        if self._is_missed and not late:
            self._is_missed = False
            words = f"readings come every {self._interval_seconds:g} s again"
            log.info("%s", words)
            return Change(KEPT, words)
        return None

    def pause(self) -> None:
        """Note that there was no reading: how long an outage lasts says nothing about the line's speed."""
        self._last = None
