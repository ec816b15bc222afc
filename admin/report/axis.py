"""The marks of an axis: round numbers or round moments of local time. Pure, except for the time zone."""

import math
import time
from collections.abc import Iterable
from typing import NamedTuple

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
HOURS = (2, 3, 6, 12)
DAYS = (1, 2, 7, 14)
MONTHS = (2, 3, 6, 12, 24)
YEAR_MS = 390 * DAY_MS
"""Up to about a year every month is marked, because its name is short; the year stands in January's place."""


class Mark(NamedTuple):
    """A place on the axis, in its unit, and what stands there."""

    at: float
    label: str


def value_marks(lowest: float, highest: float, most: int = 7) -> list[Mark]:
    """From at or below `lowest` to at or above `highest`, in steps of 1, 2 or 5 times a power of ten."""
    largest = max(abs(lowest), abs(highest))
    span = max(highest - lowest or largest or 1.0, largest * 1e-6, 1e-9)
    step = next(
        step
        for exponent in range(math.floor(math.log10(span)) - 1, 400)
        for step in (10.0**exponent, 2 * 10.0**exponent, 5 * 10.0**exponent)
        if math.ceil(highest / step - 1e-9) - math.floor(lowest / step + 1e-9) < most
    )
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [Mark(number * step, f"{number * step:.{digits}f}") for number in range(first, max(last, first + 1) + 1)]


def time_marks(since_ms: int, until_ms: int, most: int = 7) -> list[Mark]:
    """Round seconds, minutes, hours, days or months of local time from `since_ms` to `until_ms`; at least one."""
    span = until_ms - since_ms
    start = time.localtime(since_ms / 1000)
    year, month, day = start[:3]
    moments: Iterable[int]
    if seconds := next((each for each in SECONDS if span / (each * 1000) < most), None):
        step_ms, offset_ms = seconds * 1000, start.tm_gmtoff * 1000
        moments = range(-(-(since_ms + offset_ms) // step_ms) * step_ms - offset_ms, until_ms, step_ms)
        layout = "%H:%M" if seconds >= 60 else "%H:%M:%S"
    elif hours := next((each for each in HOURS if span / (each * HOUR_MS) < most), None):
        moments = [_moment(year, month, day, hour) for hour in range(0, 24 * 8, hours)]
        layout = "%H:%M"
    elif days := next((each for each in DAYS if span / (each * DAY_MS) <= most), None):
        moments = [_moment(year, month, day + each) for each in range(1, 400, days)]
        layout = "%-d %b"
    else:
        several = next((each for each in MONTHS if span / (each * 30 * DAY_MS) < most), 120)
        months = 1 if span < YEAR_MS else several
        moments = [_moment(year, month + each, 1) for each in range(1, 1200, months)]
        layout = "%b" if months == 1 else "%b %Y"
    marks = [Mark(at, _label(at, layout)) for at in moments if since_ms <= at < until_ms]
    return marks or [Mark(since_ms, _local(since_ms, "%H:%M:%S" if seconds else "%-d %b %H:%M"))]


def _label(at: int, layout: str) -> str:
    """Midnight is called by its date, January by its year."""
    moment = time.localtime(at / 1000)
    if layout == "%H:%M" and moment[3:6] == (0, 0, 0):
        layout = "%-d %b"
    elif layout == "%b" and moment.tm_mon == 1:
        layout = "%Y"
    return time.strftime(layout, moment)


def _moment(year: int, month: int, day: int, hour: int = 0) -> int:
    """Milliseconds of a local time. Any part may be too large, such as month 13."""
    return int(time.mktime((year + (month - 1) // 12, (month - 1) % 12 + 1, day, hour, 0, 0, 0, 0, -1)) * 1000)


def _local(time_ms: float, layout: str) -> str:
    return time.strftime(layout, time.localtime(time_ms / 1000))
