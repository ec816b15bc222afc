"""Durations as a person says them."""


def spoken(seconds: int) -> str:
    """A duration as a person says it: "45 s", "3 min 20 s", "5 h 10 min", "2 days 3 h"."""
    for unit, size, smaller, smaller_size in (("days", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // smaller_size
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"
