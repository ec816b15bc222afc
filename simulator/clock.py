"""Simulated time: a function that returns the simulated seconds since the start."""

import time
from collections.abc import Callable

Clock = Callable[[], float]


def wall_clock(speed: float) -> Clock:
    """The real time from now on, `speed` times as fast."""
    started = time.monotonic()
    return lambda: (time.monotonic() - started) * speed


class HandClock:
    """A clock that stands still until `advance`."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.seconds += seconds
