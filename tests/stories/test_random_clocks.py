"""Random lives of a site's clocks: whatever happens, each time that may be sent is right, within what is stated.

Not played, because nobody could notice it: a time server that lies for more than five minutes, a hardware clock from
another computer, a regulator's clock that is set wrong and later back to exactly what it would have shown.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from logger.clock.kernel import ADDED_EACH_SECOND, State
from tests.stories.computer import World

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
SPANS = (5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, DAY, 3 * DAY, 60 * DAY)
HARDWARE_DRIFT = 100e-6
STEPS = 40

OFTEN = (
    # what happens while the computer is on, and how often
    ("runs", 12),
    ("loses_power", 6),
    ("network", 4),
    ("slewing", 2),
    ("offline", 4),
    ("wall_is_set", 1),
    ("person_confirms", 1),
    ("regulator_resets", 2),
    ("regulator_is_set", 2),
    ("killed", 2),
    ("stopped", 1),
    ("suspended", 1),
    ("carried", 1),
    ("silent_or_back", 1),
    ("set_during_a_look", 1),
)


class Life(World):
    """A world in which anything may happen next."""

    def __init__(self, directory: Path, random: Random) -> None:
        super().__init__(directory)
        self.random = random
        self.drift = random.choice((-48e-6, 48e-6, random.uniform(-50e-6, 50e-6)))
        self.regulator_drift = random.uniform(-100e-6, 100e-6)
        self.is_on = False
        self.has_hardware_clock = random.random() < 0.2
        self.hardware_set_ms: float | None = None
        """When the kernel last set the hardware clock, which it does while it is synchronised."""

    def kernel(self) -> State:
        super().kernel()
        return State(bool(self.is_synchronised), self.slew_rate > ADDED_EACH_SECOND and not self.is_followed)

    def span(self) -> float:
        return self.random.choice(SPANS) * self.random.uniform(0.5, 1.5)

    def step(self) -> None:
        if not self.is_on:
            self._turn_on()
            return
        names, weights = zip(*OFTEN, strict=True)
        getattr(self, self.random.choices(names, weights)[0])()

    def _turn_on(self) -> None:
        if self.random.random() < 0.25:
            self.random.choice((self.reset_regulator, self.set_regulator))()
            self.true_ms += self.span() * 1000
        self.rtc_error_ms = None
        if self.has_hardware_clock and self.hardware_set_ms is not None:
            drifted = HARDWARE_DRIFT * (self.true_ms - self.hardware_set_ms)
            self.wall_ms = self.true_ms + self.random.uniform(-drifted, drifted)
            self.hardware_clock()
        self.power_on(after=self.random.uniform(1, 60))
        self.is_on = True

    def runs(self) -> None:
        seconds = self.span()
        self.interval = self.random.choice((MINUTE, 600.0)) if seconds < 12 * HOUR else max(1800.0, seconds / 60)
        self.run(seconds)

    def loses_power(self) -> None:
        self._note_hardware_clock()
        self.power_off(self.span())
        self.is_on = False

    def slewing(self) -> None:
        self.network_slewing(self.random.choice((0.08, 0.01, 0.001)))

    def offline(self) -> None:
        self._note_hardware_clock()
        super().offline()

    def _note_hardware_clock(self) -> None:
        if self.is_followed:
            self.hardware_set_ms = self.true_ms

    def wall_is_set(self) -> None:
        if not self.is_synchronised:
            self.set_wall(self.random.choice((-3 * HOUR, -30, -3, 3, 30, HOUR, 400 * DAY)))

    def person_confirms(self) -> None:
        if not self.is_synchronised:
            seconds = self.random.choice((60.0, 5.0))
            self.wall_ms = self.true_ms + self.random.uniform(-1, 1) * seconds * 1000
            self.person(seconds)

    def regulator_resets(self) -> None:
        self.reset_regulator()

    def regulator_is_set(self) -> None:
        self.set_regulator()

    def killed(self) -> None:
        self._restart(self.kill)

    def stopped(self) -> None:
        self._restart(self.stop)

    def _restart(self, end: Callable[[], None]) -> None:
        end()
        self._pass(self.random.uniform(1, 600))
        self.start()

    def suspended(self) -> None:
        self.suspend(self.span())

    def carried(self) -> None:
        self.has_hardware_clock, self.rtc_error_ms = False, None
        for file in (self.rtc / "rtc0").glob("*"):
            file.unlink()
        self.carry_to_another_computer(self.span())

    def silent_or_back(self) -> None:
        self.is_regulator_there = not self.is_regulator_there

    def set_during_a_look(self) -> None:
        if not self.is_synchronised:
            self.questions = [lambda: None] * self.random.choice((0, 1)) + [self.network]
            self.tick()


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(3, 200))])
def test_whatever_happens_each_time_is_right_within_what_is_stated(tmp_path: Path, seed: int) -> None:
    life = Life(tmp_path, Random(seed))
    for _ in range(STEPS):
        life.step()
    if not life.is_on:
        life.step()
    life.network()
    life.interval = 600.0
    life.run(3 * HOUR)
    life.finish_dating()
    life.check()
    assert life.held == 0
    life.kill()
