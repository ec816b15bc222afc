"""Saving: the steps by which readings and uploads become rarer while the battery is low, as events tell them.

event         battery_saving_1   battery_saving_2   battery_saving_3   battery_saving_over
times rarer          3                  10                 30                   1
"""

from journal.journal import Journal

FACTORS = (1, 3, 10, 30)
KINDS = ("battery_saving_over", "battery_saving_1", "battery_saving_2", "battery_saving_3")
"""The kind of event that begins each step."""
LONGEST_SECONDS = 600.0
"""What was done at least so often before is done at least so often still."""
LEAST_GAP_SECONDS = 1.1 * LONGEST_SECONDS
"""Readings that are no farther apart have no gap between them, so that the longest wait is none, although a reading
may come a little late."""
EVENTS_LOOKED_AT = 10_000


def rarer(seconds: float, step: int) -> float:
    """How long to wait in this step instead of so many seconds."""
    return max(seconds, min(seconds * FACTORS[step], LONGEST_SECONDS))


def newest_step(journal: Journal, after_id: int = 0) -> int | None:
    """The step that the newest such event after this id began; None if there is none."""
    last_id = journal.last_id("events")
    kinds = journal.values("events", ["kind"], after_id + 1, last_id, limit=EVENTS_LOOKED_AT, newest_first=True)
    return next((KINDS.index(kind) for (kind,) in kinds if kind in KINDS), None)
