"""When a byte is believed. Neither address nor data has a checksum, so one well-formed reply proves little. Pure.

    the line        reads that must agree     the same value as last time
    clean           2                         1
    noisy           3 to 6                    one less

A garbled data byte can be any byte. A garbled address brings another register's byte; many registers hold 0, so two
such answers may well agree. How many reads must agree follows from how often damage shows. It shows (the PLI reports
130, or a byte arrives that no reply begins with) three times as often as an address is garbled unseen: of the five
bytes that matter three are guarded, and one is the address.

Registers that change all the time may never agree exactly. Then the median of the needed reads and one more is taken,
if all of them are within the register's tolerance. For flags the newest read is taken, if all agree in the bits
that have a meaning.
"""

import math
from statistics import median_low

FALSE_BYTE_CHANCE = 1e-6
MOST_NEEDED = 6
# After opening, the line is taken to have shown some damage.
INITIAL_DAMAGE = 0.005
DAMAGE_MEMORY = 50
"""Exchanges over which the share of damaged ones is averaged."""


class LineQuality:
    """How often damage has shown recently."""

    def __init__(self) -> None:
        self.damage = INITIAL_DAMAGE

    def note(self, *, is_damaged: bool) -> None:
        self.damage += (is_damaged - self.damage) / DAMAGE_MEMORY

    @property
    def needed(self) -> int:
        """How many reads must agree so that a false byte is rarer than one in a million."""
        garbled_addresses = min(max(self.damage / 3, 1e-9), 0.5)
        return min(max(math.ceil(math.log(FALSE_BYTE_CHANCE) / math.log(garbled_addresses)), 2), MOST_NEEDED)


class Vote:
    """Reads of one byte until one value is believed. `known` is the value believed last time."""

    def __init__(
        self, known: int | None, *, needed: int, weight: int = 1, tolerance: int = 0, meaning: int = 0xFF
    ) -> None:
        """`weight`: how many reads an unchanged value counts for. `meaning`: the bits that matter."""
        self._known = known
        self._needed = needed
        self._weight = weight
        self._tolerance = tolerance
        self._meaning = meaning
        self._reads: list[int] = []

    @property
    def is_hopeless(self) -> bool:
        """Too many reads without agreement."""
        return len(self._reads) >= 5 + 3 * (self._needed - 2)

    def add(self, value: int) -> int | None:
        """Add a read; the believed value, None while more reads are needed."""
        self._reads.append(value)
        agreeing = 0
        for read in reversed(self._reads):
            if read != value:
                break
            agreeing += 1
        if agreeing + (self._weight if value == self._known else 0) >= self._needed:
            return value
        recent = self._reads[-self._needed - 1 :]
        if len(recent) > self._needed and 0 < max(recent) - min(recent) <= self._tolerance:
            return median_low(recent)
        if self.is_hopeless and not any((read ^ value) & self._meaning for read in recent):
            return value
        return None
