"""Checks in many readings whether the 16-bit voltage (RAM 220, 221) is the same as RAM 50. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

ENOUGH_READINGS = 100
"""The fewest that are enough to compare the two voltages."""


@dataclass(slots=True)
class VoltageCheck:
    """RAM 220/221 against RAM 50, in tenths of a volt, 12 V-equivalent: 75 + (256 msb + lsb) / 512 - raw 50."""

    readings: int = 0
    total: float = 0.0
    squares: float = 0.0
    far: int = 0

    def add(self, ram: Mapping[int, int]) -> None:
        if not {50, 220, 221} <= ram.keys() or not 75 <= ram[50] <= 203 or ram[221] in (0, 255):
            return
        difference = 75 + (256 * ram[221] + ram[220]) / 512 - ram[50]
        self.readings += 1
        self.total += difference
        self.squares += difference**2
        self.far += abs(difference) > 1

    @property
    def mean_tenths(self) -> float:
        return self.total / self.readings if self.readings else 0.0

    @property
    def spread_tenths(self) -> float:
        return sqrt(max(0.0, self.squares / self.readings - self.mean_tenths**2)) if self.readings else 0.0

    @property
    def is_enough(self) -> bool:
        """Whether there are so many readings that the few taken while the voltage changed weigh little."""
        return self.readings >= ENOUGH_READINGS

    @property
    def is_tracking(self) -> bool:
        """Whether the two are the same: within 0.1 V, except for a few readings taken while the voltage changed."""
        return self.readings > 0 and abs(self.mean_tenths) <= 0.5 and self.far <= 0.02 * self.readings
