"""BatchSize: how many readings a request carries, so that it gets through even on a bad link. Pure.

    success of a full batch   doubles, up to 5,000, while the doubled batch should take less than 15 s
    two failures in a row     halves; every further one too     (only failures during a request: time-out, reset, cut)
    413                       halves at once
    a wrong setting           100 at most: each try costs traffic, perhaps for weeks
    after halving             the size that failed is tried again only after 50 successes

At 2 kB/s the size settles at about 500 readings, which take 8 s: they get through even if the link is cut every 30 s.
"""

from dataclasses import dataclass, replace

SMALLEST, FIRST, LARGEST = 1, 100, 5000
COMFORTABLE_SECONDS = 15.0
SUCCESSES_BEFORE_RETRY = 50


@dataclass(frozen=True, slots=True)
class BatchSize:
    """`size` readings at most. `ceiling`: a size that failed, None if none did."""

    size: int = FIRST
    ceiling: int | None = None
    successes: int = 0
    failures: int = 0

    def sent(self, count: int, seconds: float) -> "BatchSize":
        """After `count` readings went through in this many seconds."""
        after = replace(self, successes=self.successes + 1, failures=0)
        if count < self.size or seconds * 2 > COMFORTABLE_SECONDS:
            return after
        doubled = min(self.size * 2, LARGEST)
        if self.ceiling is not None and doubled >= self.ceiling:
            if after.successes < SUCCESSES_BEFORE_RETRY:
                return after
            return replace(after, size=doubled, ceiling=None)
        return replace(after, size=doubled)

    def strained(self, count: int) -> "BatchSize":
        """After `count` readings did not get through because the link failed during the request."""
        if self.failures == 0:
            return replace(self, failures=1)
        return replace(self.too_large(count), failures=self.failures + 1)

    def too_large(self, count: int) -> "BatchSize":
        """After the server or a proxy said that `count` readings are too many."""
        tried = max(min(count, self.size), SMALLEST)
        return replace(self, size=max(tried // 2, SMALLEST), ceiling=tried, successes=0)

    def refused(self) -> "BatchSize":
        """After the server refused the settings, whatever is sent."""
        return replace(self, size=min(self.size, FIRST))
