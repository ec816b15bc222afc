"""Watches, one for each rule: they tell from readings and the situation when it begins and when it is over.

    Level      the average of a value falls below a limit; over when it is above a higher one. So a battery that swings
               around the limit gives one alert
    NotFull    days since the regulator was in float
    Trouble    something is wrong now, as another check found; over when all was well for some minutes
    Flag       a Trouble that a bit of the regulator tells

Pure: the time is handed in. `state` is all that must survive a restart.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.moment import Moment, local, seconds_between
from journal.reading import Reading

GAP_SECONDS = 3600.0
"""An average does not include readings from before a longer gap or a restart."""
DAY_MS = 86_400_000

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """A rule begins, or `is_over`: when that was, and details."""

    rule: str
    is_over: bool
    moment: Moment
    words: str


class Watch:
    """What all watches have in common: whether the rule `is_raised`. Its `limits` may change while it runs."""

    def __init__(self, name: str, state: State) -> None:
        self.name = name
        self.limits: Mapping[str, float] | None = None
        self.is_raised = bool(state.get("is_raised"))

    @property
    def state(self) -> State:
        return {"is_raised": self.is_raised}

    def see(self, moment: Moment, reading: Reading) -> Notice | None:
        """Look at a reading; the notice, if the rule begins or is over."""
        return None

    def _begin(self, moment: Moment, words: str) -> Notice:
        self.is_raised = True
        return Notice(self.name, False, moment, words)

    def _end(self, moment: Moment, words: str) -> Notice:
        self.is_raised = False
        return Notice(self.name, True, moment, words)


class Level(Watch):
    def __init__(self, name: str, state: State, quantity: str, unit: str) -> None:
        super().__init__(name, state)
        self._quantity, self._unit = quantity, unit
        self._window: deque[tuple[Moment, float]] = deque()

    def see(self, moment: Moment, reading: Reading) -> Notice | None:
        value, limits = getattr(reading, self._quantity), self.limits
        if value is None or limits is None:
            return None
        window, wanted = self._window, 60 * limits["for_minutes"]
        if window and (window[-1][0].boot != moment.boot or self._since(window[-1][0], moment) > GAP_SECONDS):
            window.clear()
        window.append((moment, value))
        while len(window) > 1 and self._since(window[1][0], moment) >= wanted:
            window.popleft()
        if self._since(window[0][0], moment) < wanted:
            return None
        mean = sum(each for _, each in window) / len(window)
        minutes = f" on average over {limits['for_minutes']:g} minutes" if wanted else ""
        words = f"{mean:.1f} {self._unit}{minutes}"
        if not self.is_raised and mean < limits["below"]:
            first = next(at for at, each in window if each < limits["below"])
            return self._begin(first, f"{words}, below {limits['below']:g} {self._unit}")
        if self.is_raised and mean > limits["back_above"]:
            return self._end(moment, f"{words}, above {limits['back_above']:g} {self._unit}")
        return None

    @staticmethod
    def _since(earlier: Moment, later: Moment) -> float:
        return (later.uptime_ms - earlier.uptime_ms) / 1000


class NotFull(Watch):
    """`state` has the time when the battery was last full; at first, the time when watching began."""

    def __init__(self, name: str, state: State) -> None:
        super().__init__(name, state)
        self.full_ms: int | None = state.get("full_ms")

    @property
    def state(self) -> State:
        return {"is_raised": self.is_raised, "full_ms": self.full_ms}

    def see(self, moment: Moment, reading: Reading) -> Notice | None:
        is_full = reading.regulator_state == "float"
        if moment.is_sure and (is_full or self.full_ms is None):
            self.full_ms = moment.time_ms
        if is_full and self.is_raised:
            return self._end(moment, "the regulator has reached float")
        if is_full or self.is_raised or self.limits is None or self.full_ms is None or not moment.is_sure:
            return None
        if moment.time_ms - self.full_ms <= self.limits["days"] * DAY_MS:
            return None
        return self._begin(moment, f"the regulator has not reached float since {local(self.full_ms)}")


class Trouble(Watch):
    def __init__(self, name: str, state: State) -> None:
        super().__init__(name, state)
        self._well_since: Moment | None = None

    def look(self, now: Moment, trouble: tuple[Moment, str] | None, well: str = "") -> Notice | None:
        """`trouble`: since when, and what it is; None while all is well. `well`: what to say then."""
        if self.limits is None:
            return None
        if trouble:
            self._well_since = None
            return None if self.is_raised else self._begin(*trouble)
        if not self.is_raised:
            return None
        self._well_since = since = self._well_since or now
        if (seconds_between(since, now) or 0) < 60 * self.limits["back_minutes"]:
            return None
        self._well_since = None
        return self._end(since, well)


class Flag(Trouble):
    def __init__(self, name: str, state: State, quantity: str, words: tuple[str, str]) -> None:
        super().__init__(name, state)
        self._quantity, self._words = quantity, words

    def see(self, moment: Moment, reading: Reading) -> Notice | None:
        value = getattr(reading, self._quantity)
        if value is None:
            return None
        volts = f"; battery {reading.battery_volts:.1f} V" if reading.battery_volts is not None else ""
        is_set, is_off = (words + volts for words in self._words)
        return self.look(moment, (moment, is_set) if value else None, is_off)


def watches(states: Mapping[str, State]) -> dict[str, Watch]:
    """One for each rule, as it was when its state was stored."""
    cut_off = ("the regulator has cut off the load, to protect the battery", "the regulator has connected the load")

    def of(name: str) -> State:
        return states.get(name, {})

    made: tuple[Watch, ...] = (
        Level("battery_volts", of("battery_volts"), "battery_volts", "V"),
        Level("state_of_charge", of("state_of_charge"), "state_of_charge_percent", "%"),
        NotFull("not_full", of("not_full")),
        Flag("load_cut_off", of("load_cut_off"), "load_disconnected", cut_off),
        Flag("battery_alarm", of("battery_alarm"), "alarm", ("the battery alarm is on", "the battery alarm is off")),
        *(Trouble(name, of(name)) for name in ("regulator_silent", "disk", "clock", "upload")),
    )
    return {watch.name: watch for watch in made}
