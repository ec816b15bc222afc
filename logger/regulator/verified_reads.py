"""Verified reads of the regulator's memory: a byte, a counter that is not torn, the clock.

A byte that cannot be read is left out, and `missing` says why. If three registers in a row bring no answer, and then
RAM 0 brings none either, there is no regulator behind the PLI, or the answers make no sense.

What was read counts once a loopback after it has found its own answer. One that finds anything else shows that the line
was out of step: all since the last good one is read again.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import NoReturn

from journal.errors import PliSilent, RegulatorSilent
from logger.clock.host_clock import Clock
from logger.line.exchange import Failure, Pli
from logger.line.frame import READ_RAM
from logger.line.voting import MOST_READS, believed
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
SECONDS_A_MINUTE = 60
STEP_TRIES = 3
STEADY_SECONDS = 60.0
"""After which a value that was always the same is believed when it is read once, on a flawless line."""
RECENT_SECONDS = 30.0
RECENT_AMP_HOURS = 2
"""No counter gains more in that time: a shunt measures up to 254 A."""

WHOLE = -1
"""In the place of a command, with a number's low address: the high byte that is known to belong to the low one."""

CLOCK = (HOURS, MINUTES, SECONDS)
CLOCK_TOLERANCE_SECONDS = 3
"""The clock shows steps of 2 s, and is read within a second."""

# Steps by which these normally move: currents, duty, filtered voltages, counters; the clock's seconds.
TOLERANCES = {SECONDS: 3, 39: 12, 50: 2, 205: 5, 206: 5, 213: 5, 217: 5, 220: 16, 221: 2, 232: 16, 233: 2}
TOLERANCES |= {188: 2, 193: 2, 198: 2, 203: 2}

# The bits that mean something. Bits 2 to 7 of the state are undocumented and not always 0, bit 7 of the outputs
# switches with the charge, 126 counts seconds in bit 0, and the upper half of the shunts' flags is undocumented.
MEANINGS = {REGULATOR_STATE: 0b0000_0011, OUTPUTS: 0b0001_0011, UPDATE: 0b0001_0000, EXTERNAL_FLAGS: 0b0000_1111}

Ram = dict[int, int]
Step = Callable[[], Ram]


@dataclass(frozen=True, slots=True)
class Known:
    """A believed value, when it was last seen, and since when it has been the same."""

    value: int
    at: float
    since: float


class VerifiedReads:
    """Remembers the last believed values, so that on a flawless line an unchanged byte is read only once."""

    def __init__(self, pli: Pli, clock: Clock) -> None:
        self.missing: dict[int, str] = {}
        self._pli = pli
        self._clock = clock
        self._known: dict[tuple[int, int], Known] = {}
        """By command and address. `_proven` is how it was at the last proof."""
        self._proven: dict[tuple[int, int], Known] = {}
        self._gone_without = 0
        self._deadline = clock.monotonic()

    def prove(
        self, steps: Sequence[Step], seconds: float, tell: Callable[[int], None] = lambda done: None
    ) -> list[Ram]:
        """The bytes that each step reads, all proven by loopbacks. `tell` is called with how many steps are done.

        After `seconds`, what has not been read is left out. Clears `missing`.
        """
        self.missing = {}
        self._deadline = self._clock.monotonic() + seconds
        parts: list[Ram] = [{} for _ in steps]
        tries = [0] * len(steps)
        waiting, unproven = list(range(len(steps))), list[int]()
        while waiting or unproven:
            doubts, proofs = self._pli.doubts, self._pli.proofs
            # What was in doubt once is proven step by step, so that little is in doubt the next time.
            is_closing = not waiting or any(tries[nth] > 1 for nth in unproven)
            if is_closing:
                with self._exchange():
                    self._pli.get_in_step()
            else:
                nth = waiting.pop(0)
                tries[nth] += 1
                parts[nth] = steps[nth]()
                unproven.append(nth)
            if self._pli.doubts > doubts:
                for nth in reversed(unproven):
                    if tries[nth] < STEP_TRIES:
                        waiting.insert(0, nth)
                    else:
                        self.missing |= dict.fromkeys(parts[nth], "the line was out of step")
                        parts[nth] = {}
                unproven = []
            elif self._pli.proofs > proofs:
                unproven = [] if is_closing else [nth]  # a part of this step came after the loopback
            tell(len(steps) - len(waiting))
        return parts

    def known(self, address: int) -> int | None:
        """The byte of RAM as it was last believed."""
        known = self._known.get((READ_RAM, address))
        return known.value if known else None

    def bytes(self, *addresses: int, command: int = READ_RAM) -> Ram:
        """These bytes, read in turn until each is believed. The others are in `missing`."""
        values: Ram = {}
        self._forget_missing(*addresses)
        reads: dict[int, list[int]] = {address: [] for address in addresses}
        failures = dict.fromkeys(addresses, 0)
        left = list(addresses)
        while left:
            for address in tuple(left):
                answer = self._ask(command, address)
                if isinstance(answer, Failure):
                    failures[address] += 1
                    if failures[address] == FAILURES_TO_GO_ON:
                        left.remove(address)
                        self._go_on_without(address, answer)
                    continue
                reads[address].append(answer)
                value = self._believed(command, address, reads[address])
                if value is not None:
                    left.remove(address)
                    values[address] = value
                elif len(reads[address]) == MOST_READS:
                    left.remove(address)
                    self.missing[address] = "its reads do not agree"
        return values

    def counter(self, low: int, high: int) -> Ram:
        """The low byte alone if the high one cannot have changed since it was read; else both."""
        last, whole = self._known.get((READ_RAM, low)), self._known.get((WHOLE, low))
        if last and whole and self._clock.monotonic() - last.at <= RECENT_SECONDS:
            ram = self.bytes(low)
            # A counter of 256 that was reset may have the same low byte as before, even if it has counted on.
            if not ram or (ram[low] >= last.value and (ram[low] > RECENT_AMP_HOURS or not whole.value)):
                return ram
        return self.pair(low, high)

    def pair(self, low: int, high: int) -> Ram:
        """Both bytes of a number, from the same moment: high, low, high again. Empty when they cannot be read."""
        self._known.pop((WHOLE, low), None)
        for _ in range(TORN_TRIES):
            ram = self.bytes(high)
            ram |= self.bytes(low) if ram else {}
            after = self.bytes(high) if len(ram) == 2 else {}
            if not after:
                return {}
            if after[high] == ram[high]:
                self._remember(WHOLE, low, ram[high])
                return ram
        self.missing[low] = "its high byte kept changing"
        return {}

    def time_of_day(self) -> Ram:
        """The three bytes of the regulator's clock, of one moment, as far as they can be read.

        Once each, if they show what the clock must show by now. Else they are voted on. Seconds are read last. They
        tell how old the minute is, and so whether hour and minute were read within it.
        """
        if ram := self._expected_time_of_day():
            return ram
        earlier = SECONDS_A_MINUTE
        for _ in range(TORN_TRIES):
            began = self._clock.monotonic()
            ram = self.bytes(HOURS, MINUTES)
            ram |= self.bytes(SECONDS)
            seconds = 2 * ram.get(SECONDS, SECONDS_A_MINUTE)
            # No minute ended while these were read, even if the seconds are a little off, nor since the last try.
            if seconds > self._clock.monotonic() - began + 2 * TOLERANCES[SECONDS] or seconds >= earlier:
                return ram
            earlier = seconds
        return {}

    def _expected_time_of_day(self) -> Ram:
        """The clock's bytes, each read once; empty unless together they are what it showed last and the time since."""
        last = {address: known for address in CLOCK if (known := self._known.get((READ_RAM, address)))}
        shown = clock_seconds({address: known.value for address, known in last.items()})
        if shown is None:
            return {}
        ram = {address: answer for address in CLOCK if isinstance(answer := self._ask(READ_RAM, address), int)}
        seconds, now = clock_seconds(ram), self._clock.monotonic()
        if seconds is None:
            return {}
        ahead = float(seconds - shown) - (now - last[SECONDS].at)
        if abs((ahead + DAY_SECONDS / 2) % DAY_SECONDS - DAY_SECONDS / 2) > CLOCK_TOLERANCE_SECONDS:
            return {}
        self._forget_missing(*CLOCK)
        for address, value in ram.items():
            self._remember(READ_RAM, address, value)
        return ram

    def _forget_missing(self, *addresses: int) -> None:
        for address in addresses:
            self.missing.pop(address, None)

    def _believed(self, command: int, address: int, reads: list[int]) -> int | None:
        known = self._known.get((command, address))
        value = believed(
            reads,
            known.value if known else None,
            is_steady=known is not None and address not in CLOCK and self._is_steady(known),
            # The EEPROM has other bytes at these addresses.
            tolerance=TOLERANCES.get(address, 0) if command == READ_RAM else 0,
            meaning=MEANINGS.get(address, 0xFF) if command == READ_RAM else 0xFF,
        )
        if value is not None:
            self._remember(command, address, value)
        return value

    def _is_steady(self, known: Known) -> bool:
        """Never on a line that was damaged lately: if the value has just changed, damage may make the old one of it."""
        return self._pli.is_flawless and self._clock.monotonic() - known.since > STEADY_SECONDS

    def _remember(self, command: int, address: int, value: int) -> None:
        known, now = self._known.get((command, address)), self._clock.monotonic()
        # A value seen for the first time counts as steady.
        since = -inf if known is None else known.since if value == known.value else now
        self._known[command, address] = Known(value, now, since)

    def _ask(self, command: int, address: int) -> int | Failure:
        if self._clock.monotonic() > self._deadline:
            return OUT_OF_TIME
        with self._exchange():
            answer = self._pli.ask(command, address)
        self._gone_without = self._gone_without if isinstance(answer, Failure) else 0
        return answer

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        """Around an exchange: what was read before it is proven by a loopback, or forgotten if it is in doubt."""
        doubts, proofs = self._pli.doubts, self._pli.proofs
        yield
        if self._pli.doubts > doubts:
            self._known = dict(self._proven)
        elif self._pli.proofs > proofs:
            self._proven = dict(self._known)

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
