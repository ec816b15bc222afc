"""Finds out when the regulator's midnights were, from its clock in the readings. Pure.

    readings   · · · · · · · · · · ·           · · · · · ✕ · · · · · · · ·
    midnights      |       |       ¦   ¦   ¦   ¦       |   !       |
                   └─ shown ┘      └ assumed ──┘       │   └ reset: its clock restarted here
                                                       └ shown

shown     there are readings before and after it, and the clock ran on in between: it is certain, however long ago
assumed   calculated: 24 hours before the next one
reset     the clock went to 0.0 without a midnight, usually because its power failed. The day's counters restart.
          It is not documented whether the regulator writes a daily record then; the pointer tells
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from logger.clock.regulator_clock import DAY_MS, Sample, ran_on

Before = Callable[[int], Sample | None]
"""The last sample of the regulator's clock before a moment."""

STRIDE_MS = DAY_MS // 2
NEAR_MS = 1000
MOST_JUMPS = 10
"""If it jumps more often, its clock is not used: it does not keep time."""
WANTED = 31


@dataclass(frozen=True, slots=True)
class Midnight:
    """A moment at which the regulator ended a day, or may have."""

    time_ms: int
    is_shown: bool = False
    is_reset: bool = False


@dataclass(frozen=True, slots=True)
class RegulatorDay:
    """From one regulator midnight to the next. `is_shown`: its end is shown. `is_doubtful`: it ended in a reset."""

    began_ms: int
    ended_ms: int
    is_shown: bool = False
    is_doubtful: bool = False

    @property
    def middle_ms(self) -> int:
        return (self.began_ms + self.ended_ms) // 2


def days_before(now: Sample, before: Before) -> list[RegulatorDay]:
    """The regulator's days that ended before `now`, the last first: 31, and more where its clock was reset."""
    days = []
    for later, earlier in pairwise(_midnights(_samples(now, before))):
        length = later.time_ms - earlier.time_ms
        # A clock that was set leaves days of any length; those that are too long have a midnight that nobody knows of.
        began_ms = earlier.time_ms if length <= 2 * DAY_MS else later.time_ms - DAY_MS
        days.append(RegulatorDay(began_ms, later.time_ms, later.is_shown, later.is_reset))
    return days


def _midnights(samples: list[Sample]) -> list[Midnight]:
    """The newest first: WANTED and one more, resets not counted."""
    found: list[Midnight] = []
    for later, earlier in pairwise(samples):
        if ran_on(later, earlier):
            passed = round((later.day_began_ms - earlier.day_began_ms) / DAY_MS)
            found += [Midnight(later.day_began_ms - number * DAY_MS, is_shown=True) for number in range(passed)]
        else:
            found += _between(later.day_began_ms, earlier)
    # Nothing is known of the time before: the clock is taken to have run on.
    time_ms = samples[-1].day_began_ms
    while sum(not midnight.is_reset for midnight in found) <= WANTED:
        found.append(Midnight(time_ms))
        time_ms -= DAY_MS
    return found


def _between(day_began_ms: int, older: Sample) -> list[Midnight]:
    """The midnights between two samples where the clock jumped; the newer one's day began at `day_began_ms`."""
    natural_ms = older.day_began_ms + DAY_MS
    if day_began_ms <= older.time_ms:
        # It was set, and its day goes on; counters are not touched by that.
        return []
    if natural_ms >= day_began_ms:
        return [Midnight(day_began_ms, is_reset=True)]
    found = []
    while day_began_ms > natural_ms + DAY_MS // 2:
        found.append(Midnight(day_began_ms))
        day_began_ms -= DAY_MS
    return [*found, Midnight(natural_ms)]


def _samples(now: Sample, before: Before) -> list[Sample]:
    """Samples half a day apart, the newest first; two next to each other where the clock jumped."""
    samples, jumps = [now], 0
    while (first := samples[-1]).time_ms > now.time_ms - (WANTED + 2) * DAY_MS and jumps <= MOST_JUMPS:
        earlier = before(first.time_ms - STRIDE_MS) or before(first.time_ms)
        if earlier is None:
            break
        if not ran_on(first, earlier):
            jumps += 1
            first, earlier = _jump(first, earlier, before)
            samples.append(first)
        samples.append(earlier)
    return samples


def _jump(after: Sample, earlier: Sample, before: Before) -> tuple[Sample, Sample]:
    """The two samples next to each other between which the clock jumped."""
    while after.time_ms - earlier.time_ms > NEAR_MS:
        middle = before((after.time_ms + earlier.time_ms) // 2) or earlier
        if middle.time_ms <= earlier.time_ms:
            # Nothing in the older half: look at what comes right before the newer sample.
            middle = before(after.time_ms) or earlier
        if middle.time_ms <= earlier.time_ms:
            break
        if ran_on(after, middle):
            after = middle
        else:
            earlier = middle
    return after, earlier
