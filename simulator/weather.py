"""Sun, cloud, wind, air and household: pure functions of local seconds since the first midnight and a seed.

All except the temperature go from 0 to 1; the site says how many amperes 1 means.

    sunlight    1 ┤     ▄▄█ ▄█▄        clouds come and go, more of them on some days than on others
                0 ┼──▄▟██▀▀▀██▛▙▄──
                  0  6   12   18  24
"""

import math
from functools import lru_cache

SUNRISE_HOUR, SUNSET_HOUR = 6.0, 18.5
HOUR = 3600
DAY = 24 * HOUR


class Weather:
    """The weather at one site, and what its people use."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def sunlight(self, seconds: float) -> float:
        """The light on the panels, as a share of full sun."""
        hour = seconds % DAY / HOUR
        if not SUNRISE_HOUR < hour < SUNSET_HOUR:
            return 0.0
        height = math.sin(math.pi * (hour - SUNRISE_HOUR) / (SUNSET_HOUR - SUNRISE_HOUR))
        dullness = 0.15 + 0.5 * chance(self._seed, 1, int(seconds // DAY)) ** 2
        cover = 0.6 * drift(self._seed, 2, seconds / 2700) + 0.4 * drift(self._seed, 3, seconds / 240)
        cloud = min(1.0, max(0.0, (cover + dullness - 0.8) * 4))
        return math.pow(height, 1.2) * (1.0 - 0.8 * cloud)

    def household(self, seconds: float) -> float:
        """The household's load, as a share of its greatest: standby, a fridge, the evening's lights, a kettle."""
        hour = seconds % DAY / HOUR
        load = 0.05
        if (seconds / 2640 + chance(self._seed, 4, 0)) % 1.0 < 0.4:
            load += 0.12
        if 17.5 < hour < 22.75:
            load += 0.32 + 0.1 * drift(self._seed, 5, seconds / 900)
        elif hour < SUNRISE_HOUR - 0.5 or hour > 22.75:
            return load
        if chance(self._seed, 6, int(seconds // 360)) < (0.2 if 6 < hour < 9 or 17 < hour < 20 else 0.06):
            load += 0.4
        return min(1.0, load)

    def wind(self, seconds: float) -> float:
        """The current of a wind turbine, as a share of its greatest."""
        steady = drift(self._seed, 7, seconds / (3 * HOUR))
        return max(0.0, steady - 0.35) * (0.7 + 0.8 * drift(self._seed, 8, seconds / 120))

    def inverter(self, seconds: float) -> float:
        """The current of an inverter with workshop and washing machine, as a share of its greatest."""
        hour = seconds % DAY / HOUR
        if 8 < hour < 21 and chance(self._seed, 9, int(seconds // 600)) < 0.12:
            return 0.5 + 0.5 * chance(self._seed, 10, int(seconds // 600))
        return 0.02

    def celsius(self, seconds: float) -> float:
        """Air temperature, warmest at three in the afternoon."""
        hour = seconds % DAY / HOUR
        return 19.0 + 7.0 * math.cos(math.pi * (hour - 15) / 12) + 5.0 * (drift(self._seed, 11, seconds / DAY) - 0.5)


def drift(seed: int, stream: int, position: float) -> float:
    """A number from 0 to 1 that moves smoothly to the next random value while `position` grows by one."""
    step = math.floor(position)
    part = position - step
    blend = part * part * (3 - 2 * part)
    return chance(seed, stream, step) * (1 - blend) + chance(seed, stream, step + 1) * blend


@lru_cache(maxsize=4096)
def chance(seed: int, stream: int, index: int) -> float:
    """A random number from 0 to 1, always the same for the same three arguments (splitmix64)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + stream * 0xD1B54A32D192ED03 + index * 0x8CB92BA72F3D8DD7) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return (mixed ^ (mixed >> 31)) / 2**64
