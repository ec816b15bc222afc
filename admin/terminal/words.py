"""Says quantities as a person would: 3 minutes, 4.2 MB, 1,234 readings; and wraps text. Pure."""

import textwrap

_BYTES = {"kB": 10**3, "MB": 10**6, "GB": 10**9}


def duration(seconds: float) -> str:
    """Rounded to the largest unit that suits: 12 seconds, 3 minutes, 5 hours, 12 days."""
    for name, size in (("year", 365.25 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= (2 * size if name in ("year", "day") else size):
            return count(seconds / size, name)
    return count(seconds, "second")


def time_of_day(seconds: float) -> str:
    """Hours and minutes of a time given in seconds since midnight: 07:05."""
    return f"{int(seconds) // 3600:02d}:{int(seconds) % 3600 // 60:02d}"


def ago(seconds: float) -> str:
    """How long ago something was; a moment in the future says so."""
    if seconds < -1:
        return f"{duration(-seconds)} in the future"
    return "just now" if seconds < 1 else f"{duration(seconds)} ago"


def size(content_bytes: float) -> str:
    """Bytes in the unit that suits, decimal: 950 bytes, 4.2 MB."""
    if content_bytes < 1000:
        return count(content_bytes, "byte")
    unit = next((unit for unit in ("kB", "MB", "GB") if content_bytes < 1000 * _BYTES[unit]), "GB")
    amount = content_bytes / _BYTES[unit]
    return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"


def count(number: float, noun: str) -> str:
    """A whole number with its noun: 1 reading, 1,234 readings."""
    return f"{round(number):,} {noun if round(number) == 1 else noun + 's'}"


def wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """The text, wrapped at `width`. A longer word stays whole, so that a path can be copied from the screen."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
