"""Pace: whether readings come as often as they are asked for; said once, and again only after they did.

asked   |....|....|....|....|....|....|
got     x                   x             a reading takes so long that the ticks in between are skipped
"""

import logging
import math
from collections import deque

from logger.events.change import Change

log = logging.getLogger(__name__)

MISSED, KEPT = "interval_missed", "interval_kept"
GAPS = 5
"""So many in a row are too long, or are not: one slow reading is no news."""
TOO_LONG = 1.5


class Pace:
    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._last: float | None = None
        self._is_missed = False

    def add(self, monotonic: float) -> Change | None:
        """A reading was had at this moment; the event to be written down when that changes how things are."""
        last, self._last = self._last, monotonic
        if last is None:
            return None
        self._gaps.append(monotonic - last)
        late = sum(gap > TOO_LONG * self._interval_seconds for gap in self._gaps)
        if not self._is_missed and late == GAPS:
            self._is_missed = True
            usual = sorted(self._gaps)[GAPS // 2]
            words = (
                f"cannot take a reading every {self._interval_seconds:g} s: the line to the regulator brings one every "
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
        """There was no reading: how long that lasts says nothing of the line's speed."""
        self._last = None
