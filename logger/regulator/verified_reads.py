"""Verified reads of the regulator's memory: a byte, a counter that is not torn, the clock.

A byte that cannot be read is None, and `missing` says why. If three registers in a row bring no answer, and then RAM 0
brings none either, there is no regulator behind the PLI, or the answers make no sense.
"""

from dataclasses import dataclass
from typing import NoReturn

from journal.errors import PliSilent, RegulatorSilent
from logger.clock.host_clock import Clock
from logger.line.exchange import Failure, Pli
from logger.line.frame import READ_RAM
from logger.line.voting import LineQuality, Vote
from logger.regulator.registers import (
    DAY_SECONDS,
    EXTERNAL_FLAGS,
    HOURS,
    MINUTES,
    OUTPUTS,
    REGULATOR_STATE,
    SECONDS,
    SOFTWARE_VERSION,
    UPDATE,
    clock_seconds,
)

FAILURES_TO_GO_ON = 3
REGISTERS_TO_GIVE_UP = 3
TORN_TRIES = 4
CLOCK_TRIES = 8
CLOCK_TOLERANCE_SECONDS = 4.0
CLOCK_DRIFT = 500e-6
CLOCK_RUN_SECONDS = 60

# Steps by which these may move between two reads of one vote: currents, duty, and the low bytes of filtered voltages.
TOLERANCES = {39: 12, 50: 2, 205: 5, 206: 5, 213: 5, 217: 5, 220: 16, 221: 2, 232: 16, 233: 2}

# The bits that mean something. Bits 2 to 7 of the state are undocumented and not always 0, bit 7 of the outputs
# switches with the charge, 126 counts seconds in bit 0, and the upper half of the shunts' flags is undocumented.
MEANINGS = {REGULATOR_STATE: 0b0000_0011, OUTPUTS: 0b0001_0011, UPDATE: 0b0001_0000, EXTERNAL_FLAGS: 0b0000_1111}


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """The regulator's clock as three bytes and in seconds, and our uptime when it was read."""

    ram: dict[int, int]
    seconds: float
    uptime_ms: int


class VerifiedReads:
    """Remembers the last believed values, so that an unchanged byte is read only once."""

    def __init__(self, pli: Pli, clock: Clock) -> None:
        self.line_quality = LineQuality()
        self.missing: dict[int, str] = {}
        self._pli = pli
        self._clock = clock
        self._known: dict[tuple[int, int], int] = {}
        self._time_of_day: TimeOfDay | None = None
        self._gone_without = 0
        self._deadline = clock.monotonic()

    def begin(self, seconds: float) -> None:
        """Clear `missing`. After `seconds` from now, what has not been read yet is left out."""
        self.missing = {}
        self._deadline = self._clock.monotonic() + seconds

    def byte(self, address: int, *, command: int = READ_RAM, more: int = 0) -> int | None:
        """The byte, once enough reads agree (`more` than usual if it has changed). None: see `missing`."""
        known = self._known.get((command, address))
        needed = self.line_quality.needed + more
        # The EEPROM has other bytes at these addresses.
        is_ram = command == READ_RAM
        tolerance, meaning = TOLERANCES.get(address, 0) * is_ram, MEANINGS.get(address, 0xFF) if is_ram else 0xFF
        vote = Vote(known, needed=needed, weight=1 + more, tolerance=tolerance, meaning=meaning)
        failures = 0
        while not vote.is_hopeless:
            answer = self._ask(command, address)
            if isinstance(answer, Failure):
                failures += 1
                if failures == max(FAILURES_TO_GO_ON, needed):
                    self._go_on_without(address, answer)
                    return None
                continue
            value = vote.add(answer)
            if value is not None:
                self._known[command, address] = value
                return value
        self.missing[address] = "its reads do not agree"
        return None

    def pair(self, low: int, high: int) -> dict[int, int]:
        """Both bytes of a number, from the same moment: high, low, high again. Empty when they cannot be read."""
        for _ in range(TORN_TRIES):
            before = self.byte(high)
            value = None if before is None else self.byte(low)
            after = None if value is None else self.byte(high)
            if before is None or value is None or after is None:
                return {}
            if before == after:
                return {low: value, high: before}
        self.missing[low] = "its high byte kept changing"
        return {}

    def time_of_day(self) -> dict[int, int]:
        """The three bytes of the regulator's clock. Empty when no plausible time can be read.

        The time that follows from the last reading is believed at once. Otherwise (it is the first reading, the clock
        was set, or the regulator had no power) as many times in a row are needed as bytes must agree, each a little
        later than the one before.
        """
        run: list[TimeOfDay] = []
        for _ in range(CLOCK_TRIES):
            seen = self._look_at_clock()
            if seen is None:
                if self.missing.keys() & {HOURS, MINUTES, SECONDS}:
                    return {}
                continue
            if run and not 0 <= (seen.seconds - run[-1].seconds) % DAY_SECONDS <= CLOCK_RUN_SECONDS:
                run.clear()
            run.append(seen)
            if self._is_expected(seen):
                return self._believe(seen)
            if len(run) >= self.line_quality.needed:
                # Of three or more the middle one lies between two others, so a garbled second shows.
                return self._believe(run[len(run) // 2] if len(run) > 2 else seen)
        self.missing.setdefault(HOURS, "no plausible time of day")
        return {}

    def _look_at_clock(self) -> TimeOfDay | None:
        """Read hour, minute, second, minute, hour once; None when a byte is missing or the minute changed meanwhile."""
        seen = [self._once(address) for address in (HOURS, MINUTES, SECONDS, MINUTES, HOURS)]
        hours, minutes, seconds, minutes_after, hours_after = seen
        if hours is None or minutes is None or seconds is None or (hours, minutes) != (hours_after, minutes_after):
            return None
        ram = {HOURS: hours, MINUTES: minutes, SECONDS: seconds}
        time_of_day = clock_seconds(ram)
        return None if time_of_day is None else TimeOfDay(ram, float(time_of_day), self._clock.now().uptime_ms)

    def _is_expected(self, seen: TimeOfDay) -> bool:
        last = self._time_of_day
        if last is None:
            return False
        elapsed = (seen.uptime_ms - last.uptime_ms) / 1000
        error = (seen.seconds - last.seconds - elapsed + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2
        return abs(error) <= CLOCK_TOLERANCE_SECONDS + elapsed * CLOCK_DRIFT

    def _believe(self, seen: TimeOfDay) -> dict[int, int]:
        self._time_of_day = seen
        self._known[READ_RAM, HOURS] = seen.ram[HOURS]
        return seen.ram

    def _once(self, address: int) -> int | None:
        failures = 0
        while not isinstance(answer := self._ask(READ_RAM, address), int):
            failures += 1
            if failures == FAILURES_TO_GO_ON:
                self._go_on_without(address, answer)
                return None
        return answer

    def _ask(self, command: int, address: int) -> int | Failure:
        if self._clock.monotonic() > self._deadline:
            return OUT_OF_TIME
        answer = self._pli.ask(command, address)
        self.line_quality.note(is_damaged=isinstance(answer, Failure) and answer.is_damage)
        self._gone_without = self._gone_without if isinstance(answer, Failure) else 0
        return answer

    def _go_on_without(self, address: int, failure: Failure) -> None:
        self._gone_without += failure is not OUT_OF_TIME
        if self._gone_without == REGISTERS_TO_GIVE_UP:
            self._gone_without = 0
            if isinstance(self._ask(READ_RAM, SOFTWARE_VERSION), Failure):
                self._give_up(failure)
        self.missing[address] = failure.words

    def _give_up(self, failure: Failure) -> NoReturn:
        if not failure.is_unheard:
            raise PliSilent(self._pli.nonsense(failure))
        raise RegulatorSilent(
            f"cannot read the regulator behind {self._pli.name}: the PLI answers, but the regulator does not "
            f"({failure.words}); check the cable between them and the regulator's power"
        )


OUT_OF_TIME = Failure("no time was left")
