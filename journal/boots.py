"""Boots of this computer in order, and the anchor of each: a moment at which the right time was known.

Boots are numbered in the order in which they were first seen. If the wall clock is set during a boot, a new stretch
begins. It has its own row in this table, and its name ends in +2, +3 … So times within one boot never run backwards,
even if the clock that was trusted until then was wrong.

    boot 1    4f7c…      anchor: uptime 43 s was 17:30:00, the kernel says so
    boot 2    a0d1…      no anchor: it never saw a network
    boot 3    99be…      anchor
    boot 4    99be…+2    the clock was set back by an hour
"""

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

DRIFT = 50e-6
"""How far the computer's oscillator may drift while nothing corrects it: 20 to 50 millionths, 4.3 s a day."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """`uptime_ms` after the boot the time was `time_ms`, give or take `uncertainty_seconds`. `source`: who says so."""

    uptime_ms: int
    time_ms: int
    source: str
    uncertainty_seconds: float = 0.0

    @property
    def offset_ms(self) -> int:
        """Time minus uptime."""
        return self.time_ms - self.uptime_ms

    def time_at(self, uptime_ms: int) -> int:
        """The time at another uptime of the same boot."""
        return uptime_ms + self.offset_ms

    def uncertainty_at(self, uptime_ms: int) -> float:
        """By how many seconds `time_at` may be wrong: the anchor's own uncertainty plus the drift since then."""
        return self.uncertainty_seconds + abs(uptime_ms - self.uptime_ms) / 1000 * DRIFT


@dataclass(frozen=True, slots=True)
class Boot:
    """A row of `boots`; `anchor` is None if the right time was never known in it."""

    number: int
    name: str
    anchor: Anchor | None

    @property
    def boot_id(self) -> str:
        """The kernel's name for the boot, which all its stretches share."""
        return self.name.partition("+")[0]


def stated(uncertainty_seconds: float) -> float | None:
    """An uncertainty as a reading stores it: whole seconds, rounded up; None below one second."""
    return float(math.ceil(uncertainty_seconds)) if uncertainty_seconds >= 1 else None


def stretch_name(boot_id: str, nth: int) -> str:
    """The name of the nth stretch of a boot, from 1."""
    return boot_id if nth == 1 else f"{boot_id}+{nth}"


def load(connection: sqlite3.Connection) -> list[Boot]:
    """All boots, in order."""
    rows = connection.execute(
        """
        SELECT id, boot_id, anchor_uptime_ms, anchor_time_ms, anchor_source, anchor_uncertainty_seconds
        FROM boots
        ORDER BY id
        """
    )
    return [Boot(number, name, None if anchor[1] is None else Anchor(*anchor)) for number, name, *anchor in rows]


def write_anchor(connection: sqlite3.Connection, number: int, anchor: Anchor) -> None:
    """Store this anchor instead of the old one."""
    connection.execute(
        """
        UPDATE boots
        SET anchor_uptime_ms = ?, anchor_time_ms = ?, anchor_source = ?, anchor_uncertainty_seconds = ?
        WHERE id = ?
        """,
        (anchor.uptime_ms, anchor.time_ms, anchor.source, anchor.uncertainty_seconds, number),
    )


def put_before(connection: sqlite3.Connection, past: Sequence[Boot]) -> dict[int, int]:
    """Insert the boots of an older journal, in order, before all others; returns their numbers there → here.

    A boot that is already here keeps its number, and gets the old anchor if it has none.
    """
    here = {boot.name: boot for boot in load(connection)}
    unknown = [boot for boot in past if boot.name not in here]
    first = min((boot.number for boot in here.values()), default=1) - len(unknown)
    numbers = {boot.number: first + place for place, boot in enumerate(unknown)}
    for boot in unknown:
        connection.execute("INSERT INTO boots (id, boot_id) VALUES (?, ?)", (numbers[boot.number], boot.name))
    numbers |= {boot.number: here[boot.name].number for boot in past if boot.name in here}
    for boot in past:
        if boot.anchor and (boot.name not in here or here[boot.name].anchor is None):
            write_anchor(connection, numbers[boot.number], boot.anchor)
    return numbers
