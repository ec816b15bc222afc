"""Colour on a terminal, for the few words that should be seen first. None where NO_COLOR is set (no-color.org)."""

import os
import sys

_CODES = {"red": "1;31", "yellow": "33", "green": "32"}


def has_colour() -> bool:
    """Whether standard output shows colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, words: str, colour: str) -> str:
    """The text with the first of these words in a colour, on a terminal that shows colours."""
    if not has_colour():
        return text
    return text.replace(words, f"\x1b[{_CODES[colour]}m{words}\x1b[0m", 1)
