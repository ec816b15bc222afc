"""Remembers the text of each value: a regulator's registers have few values, and each comes back often.

A look-up costs a tenth of writing a number, so a long export or backlog takes a third of the time. The numbers are
exactly those that Python writes; SQLite writes other digits.
"""

from collections.abc import Callable
from typing import Any

MOST = 10_000
"""The most texts remembered for one column. Then all are forgotten, so that memory does not grow."""


class Texts(dict[Any, str]):
    """The text that `write` makes of each value of one column, None included. All values must be of one type, because 1
    and 1.0 are the same key."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= MOST:
            self.clear()
        text = self[value] = self._write(value)
        return text
