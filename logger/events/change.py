"""A change: what an event is to say, before it has its time."""

from collections.abc import Mapping
from typing import NamedTuple


class Change(NamedTuple):
    """What an event is to say: kind, message, and the bytes that belong to it."""

    kind: str
    message: str
    ram: Mapping[int, int] = {}
