"""A moment as people write it after --since and --until. Pure.

2026-01-05                   the midnight at which that day begins, UTC
2026-01-05T17:30             UTC, because there is no zone
2026-01-05T17:30:00+10:00    with a zone
7d  24h  30m  90s  2w        that long before now
"""

import re
import time
from datetime import UTC, datetime

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_CALENDAR_MS = 146_097 * 86_400_000
"""400 years."""
_BACK = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")

WANTED = "give a date or time such as 2026-01-05 or 2026-01-05T17:30+10:00 (UTC if no zone), or 7d, 24h, 30m before now"


def parse_moment(text: str, now: datetime) -> int:
    """Milliseconds since 1970, UTC. Raises ValueError with what would be right."""
    try:
        if back := _BACK.fullmatch(text.strip()):
            amount, unit = back.groups()
            moment = now.timestamp() - float(amount) * _UNIT_SECONDS[unit]
            return round(datetime.fromtimestamp(moment, UTC).timestamp() * 1000)
        parsed = datetime.fromisoformat(text.strip())
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return round(parsed.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise ValueError(WANTED) from None


def iso(time_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds: 2026-01-05T07:30:00.000Z.

    It accepts every number, because a damaged row may hold any number: the calendar repeats every 400 years, and years
    outside 0 to 9999 get a sign.
    """
    cycles, in_cycle_ms = divmod(time_ms, _CALENDAR_MS)
    seconds, ms = divmod(in_cycle_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    year = moment.year + 400 * cycles
    shown = f"{year:04d}" if 0 <= year <= 9999 else f"{year:+05d}"
    return f"{shown}-{moment:%m-%dT%H:%M:%S}.{ms:03d}Z"


def iso_minute(time_ms: int) -> str:
    """The same to the minute: 2026-01-05T07:30."""
    return iso(time_ms).rpartition(":")[0]


def iso_date(time_ms: int) -> str:
    return iso(time_ms).partition("T")[0]


def local_second(time_ms: int) -> str:
    """In this computer's zone, as spreadsheets read it: 2026-01-05 17:30:00."""
    return f"{local_minute(time_ms)}:{time_ms // 1000 % 60:02}"


def local_minute(time_ms: int) -> str:
    """The same to the minute. What no calendar holds is in UTC, as by `iso_minute`."""
    return iso_minute(time_ms + local_offset_ms(time_ms)).replace("T", " ")


def local_offset_ms(time_ms: int) -> int:
    """How far this computer's zone is ahead of UTC at that moment, in milliseconds; 0 for what no calendar holds."""
    try:
        return time.localtime(time_ms // 1000).tm_gmtoff * 1000
    except (ValueError, OverflowError, OSError):
        return 0
