"""Days of this computer's local time. Pure, except for the local zone."""

import time
from datetime import date


def midnight_ms(day: date, hour: int = 0) -> int:
    """The moment of a full hour of a local day."""
    return int(time.mktime((day.year, day.month, day.day, hour, 0, 0, 0, 0, -1)) * 1000)


def local_date(time_ms: float) -> date:
    return date(*time.localtime(time_ms / 1000)[:3])


def is_date(text: str) -> bool:
    """Whether it is a plain date: a second record of a day (2026-01-05/2) is not."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
