"""DataBudget: slows down the backlog when a month's megabytes run low; the newest readings always go out. Pure.

used up to half of the month's limit, or up to the share of the days that have passed: no pause
used more: the rest, minus what the newest readings will need, is spread over the rest of the month
nothing left for the backlog: it waits for the next month (UTC)
"""

from dataclasses import dataclass
from datetime import datetime

FREE_SHARE = 0.5
BYTES_PER_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class DataBudget:
    """`monthly_megabytes`: SOLAR_MONTHLY_MEGABYTES. `newest_bytes_per_second`: what new readings use at the present
    rate."""

    monthly_megabytes: float
    newest_bytes_per_second: float = 0.0

    def pause_seconds(self, used_bytes: int, request_bytes: int, now: datetime) -> float:
        """How long the backlog waits after a request of `request_bytes`; `used_bytes`: the month's total so far."""
        limit = self.monthly_megabytes * BYTES_PER_MEGABYTE
        begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
        gone, left_seconds = (now - begin) / (end - begin), (end - now).total_seconds()
        if used_bytes <= limit * max(FREE_SHARE, gone):
            return 0.0
        left_bytes = limit - used_bytes - self.newest_bytes_per_second * left_seconds
        if left_bytes <= request_bytes:
            return left_seconds
        return min(request_bytes / left_bytes * left_seconds, left_seconds)
