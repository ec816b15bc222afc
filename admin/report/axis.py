"""The marks of an axis: round numbers or round moments of local time. Pure, except for the time zone."""

import math
import time
from typing import NamedTuple

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
HOURS = (1, 2, 3, 6, 12)
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
    for seconds in SECONDS:
        if span / (seconds * 1000) < most:
            return _seconds(since_ms, until_ms, seconds) or [Mark(since_ms, _local(since_ms, "%H:%M:%S"))]
    for hours in HOURS:
        if span / (hours * HOUR_MS) < most:
            marks = _hours(since_ms, until_ms, hours)
            break
    else:
        for days in DAYS:
            if span / (days * DAY_MS) <= most:
                marks = _days(since_ms, until_ms, days)
                break
        else:
            months = next((months for months in MONTHS if span / (months * 30 * DAY_MS) < most), 120)
            marks = _months(since_ms, until_ms, 1 if span < YEAR_MS else months)
    return marks or [Mark(since_ms, _local(since_ms, "%-d %b %H:%M"))]


def _seconds(since_ms: int, until_ms: int, step: int) -> list[Mark]:
    first = -(-since_ms // (step * 1000)) * step * 1000
    layout = "%H:%M" if step >= 60 else "%H:%M:%S"
    return [Mark(at, _local(at, layout)) for at in range(first, until_ms, step * 1000)]


def _hours(since_ms: int, until_ms: int, step: int) -> list[Mark]:
    start = time.localtime(since_ms / 1000)
    marks = []
    for hour in range(0, 24 * 8, step):
        at = _moment(start.tm_year, start.tm_mon, start.tm_mday, hour)
        if since_ms <= at < until_ms:
            marks.append(Mark(at, _local(at, "%-d %b" if hour % 24 == 0 else "%H:%M")))
    return marks


def _days(since_ms: int, until_ms: int, step: int) -> list[Mark]:
    start = time.localtime(since_ms / 1000)
    moments = [_moment(start.tm_year, start.tm_mon, start.tm_mday + day) for day in range(1, 400, step)]
    return [Mark(at, _local(at, "%-d %b")) for at in moments if since_ms <= at < until_ms]


def _months(since_ms: int, until_ms: int, step: int) -> list[Mark]:
    start = time.localtime(since_ms / 1000)
    moments = [_moment(start.tm_year, start.tm_mon + month, 1) for month in range(1, 1200, step)]
    return [
        Mark(at, _local(at, "%b %Y" if step > 1 else "%Y" if time.localtime(at / 1000).tm_mon == 1 else "%b"))
        for at in moments
        if since_ms <= at < until_ms
    ]


def _moment(year: int, month: int, day: int, hour: int = 0) -> int:
    """Milliseconds of a local time. Any part may be too large, such as month 13."""
    return int(time.mktime((year + (month - 1) // 12, (month - 1) % 12 + 1, day, hour, 0, 0, 0, 0, -1)) * 1000)


def _local(time_ms: float, layout: str) -> str:
    return time.strftime(layout, time.localtime(time_ms / 1000))
