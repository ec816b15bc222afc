"""How long the battery lasts without sun: docs/energy.md defines each figure. Pure."""

from collections.abc import Iterable
from statistics import median

RESERVE_PERCENT = 20.0
"""Autonomy ends here: below it a lead-acid battery ages fast, and the regulator may cut off the load."""
WHOLE_PERCENT = 90.0
"""If the readings cover this much of a day, it counts as whole."""
USUAL_DAYS = 30
FEWEST_DAYS = 3
CAPACITY_DAYS = 31
FEWEST_PERCENT = 10.0
"""The capacity is calculated once nights have used this much in all, because the estimate has steps of 1 %."""


def usual_load(amp_hours: Iterable[float]) -> float | None:
    """`amp_hours`: the load of each whole day of the last USUAL_DAYS."""
    loads = list(amp_hours)
    return median(loads) if len(loads) >= FEWEST_DAYS else None


def capacity(nights: Iterable[tuple[float | None, float | None]]) -> float | None:
    """The Ah that the regulator assumes, from what each night used: Ah, and the per cent that it counted down.

    `nights`: those that are over of the last CAPACITY_DAYS evenings.
    """
    pairs = [(used, percent) for used, percent in nights if used is not None and percent is not None]
    percent = sum(percent for _, percent in pairs)
    return 100 * sum(used for used, _ in pairs) / percent if percent >= FEWEST_PERCENT else None


def autonomy_days(percent: float | None, capacity: float | None, usual_load: float | None) -> float | None:
    """`percent`: the state of charge."""
    if percent is None or capacity is None or not usual_load or usual_load <= 0:
        return None
    return max(0.0, (percent - RESERVE_PERCENT) / 100 * capacity / usual_load)
