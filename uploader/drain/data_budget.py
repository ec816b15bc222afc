"""The monthly data limit: how long the backlog waits for it; the newest readings always go out. Pure.

used up to half of the limit, or up to the share of the month that has passed: no wait
used more: until that share of the month has passed; when all is used, until the next month (UTC)
"""

from datetime import datetime

FREE_SHARE = 0.5
BYTES_PER_MEGABYTE = 1_000_000


def wait_seconds(monthly_megabytes: float, used_bytes: int, now: datetime) -> float:
    """How long the backlog waits; `used_bytes`: the month's total so far."""
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    used = min(used_bytes / (monthly_megabytes * BYTES_PER_MEGABYTE), 1.0)
    passed = (now - begin) / (end - begin)
    return (used - passed) * (end - begin).total_seconds() if used > max(FREE_SHARE, passed) else 0.0
