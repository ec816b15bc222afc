"""Texts: what is written for a value, remembered: a regulator's registers have few values, and each comes back often.

A look-up costs a tenth of writing a number, so a long export or backlog takes a third of the time; and the numbers are
exactly Python's, which those that SQLite writes are not.
"""

from collections.abc import Callable
from typing import Any

MOST = 10_000
"""Texts that are remembered of one column; then all are forgotten, so that memory stays flat."""


class Texts(dict[Any, str]):
    """The text that `write` makes of each value of one column, None included. The values must be of one type, as 1 and
    1.0 are the same key."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= MOST:
            self.clear()
        text = self[value] = self._write(value)
        return text
