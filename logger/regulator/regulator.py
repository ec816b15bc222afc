"""Reads the regulator over an open port: a Reading, the settings, the history.

Neither address nor data has a checksum, and a reply does not tell which request it answers. How each kind of
corruption is kept out of the readings:

    lost byte          in a request: the PLI stays silent or refuses (129). In a reply: no second byte comes, or the
                       data byte stands where 200 must stand. Either way no value, and a loopback gets in step
    doubled byte       in a request: the check byte is not in its place, so 130; the byte left over spoils the next
                       loopback, until it is waited out. In a reply: one byte too many, no value
    garbled data       a value is read again until two reads in a row agree (voting.py). While the line is flawless,
                       a byte that has long been the same is read once
    garbled address    the same: the same false register does not answer twice in a row
    garbled request    otherwise: 130 or 131
    stale late reply   input is flushed before each request; after any failure a loopback must be answered first,
                       and its answer comes after everything that was under way (exchange.py)
    out of step        each loopback finds it: 200 does not answer a loopback. One ends each reading, for two late
                       replies make two reads agree on another register's byte (verified_reads.py)
    code like a volt   replies are read by position: 128 is a voltage only after a 200 (frame.py)
    torn pairs         an Ah counter's high byte is read when the low one has fallen, was not seen for a while, or in
                       its turn: high-low-high. Shunts are read 207-205-206-207. Where the outer bytes have changed,
                       again. The clock is read 48-47-46, once if together they show what it must show by
                       now; else it is voted on, again when a minute may have ended meanwhile
    wrong scale        RAM 0 and 93 are read at the end; where they are not as before the reading, it is taken again
    midnight           the same, if 48 has fallen once the counters were read. Where that cannot be seen near midnight,
                       the counters are left out

What hardly moves is not read each time; `raw` has only what was read for this reading.

A byte that cannot be read is left out of the reading; `missing` says why.
"""

from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Self

from journal.errors import RegulatorError
from journal.reading import Reading
from logger.clock.host_clock import Clock
from logger.line.exchange import Pli, Port, Stop, Stopped
from logger.line.frame import READ_EEPROM, READ_RAM
from logger.line.port import open_port
from logger.regulator import menu_settings
from logger.regulator.models import Steps
from logger.regulator.registers import (
    BATTERY_VOLTS,
    COUNTERS,
    EXTERNAL_CHARGE,
    EXTERNAL_FLAGS,
    EXTERNAL_LOAD,
    HOURS,
    SOFTWARE_VERSION,
    SYSTEM,
    decode,
)
from logger.regulator.verified_reads import MEANINGS, Step, VerifiedReads

READING_SECONDS = 40.0
"""What has not been read after this time is left out, so that a bad line cannot block the loop for minutes."""

RECENT_SECONDS = 30.0
"""How long model, system voltage and hour of one reading stand for those at the beginning of the next."""

LATE_HOURS = 237
"""The last quarter of an hour before the regulator's midnight, in its steps of six minutes."""

ATTEMPTS = 3
LIVE = (BATTERY_VOLTS, 213, 217)
EXTREMES = (182, 183)
OF_THE_DAY = (*EXTREMES, *(address for counter in COUNTERS for address in (counter.low, counter.high)))
SINGLE = (39, 101, 102, 115, 126, 53, 52, 181)
SCALE = {SOFTWARE_VERSION, SYSTEM}
SCALE_AND_HOUR = {*SCALE, HOURS}
PAIRS = tuple((counter.low, counter.high) for counter in COUNTERS)
FILTERED = ((220, 221), (232, 233))
# Read whole at first; then every tenth reading takes the next of them.
IN_TURN = (*PAIRS, *FILTERED)
READINGS_A_TURN = 10
STEPS = 6 + len((*PAIRS, *FILTERED, *SINGLE))
"""How many a reading has."""

Tell = Callable[[int, int], None]


class Regulator:
    """One regulator behind one PLI at one open port, which `close` closes."""

    def __init__(
        self,
        port: Port,
        name: str,
        clock: Clock,
        *,
        steps: Steps | None = None,
        stop: Stop,
        baud: int = 9600,
        reply_seconds: float = 1.5,
        settle_seconds: float = 1.0,
    ) -> None:
        """`name` is the port's, for messages; the waits are those of exchange.py."""
        self.name = name
        self._clock = clock
        self.steps = steps or Steps()
        """What a step of the currents is worth; it may change between readings."""
        self._pli = Pli(
            port,
            name,
            baud=baud,
            stop=stop,
            monotonic=clock.monotonic,
            reply_seconds=reply_seconds,
            settle_seconds=settle_seconds,
        )
        self._verified = VerifiedReads(self._pli, clock)
        self._readings = 0
        self._moment = clock.now()
        self._began = clock.monotonic()
        self._before: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._pli.close()

    @property
    def missing(self) -> dict[int, str]:
        """The addresses that the last read left out, each with the reason."""
        return self._verified.missing

    @property
    def exchanges(self) -> int:
        """How many exchanges there have been so far."""
        return self._pli.exchanges

    @property
    def damaged(self) -> int:
        """How many of them failed because of the line."""
        return self._pli.damaged

    def read(self, tell: Tell = lambda done, total: None) -> Reading | None:
        """Take a reading now. None when it was stopped meanwhile.

        `tell` is called with how many steps are done, of how many. Raises RegulatorError, mostly PliSilent,
        RegulatorSilent or PortMissing.
        """
        try:
            for _ in range(ATTEMPTS):
                reading = self._take(tell)
                if reading:
                    return reading
        except Stopped:
            return None
        raise RegulatorError(
            f"cannot take a reading at {self.name}: the regulator's hour, model or system voltage changed during "
            f"each of {ATTEMPTS} attempts"
        )

    def read_settings(self, addresses: Iterable[int] = menu_settings.ADDRESSES) -> dict[int, int] | None:
        """The settings (RAM 64 to 94), or some of them, by address; `missing` says why one is absent.

        None when it was stopped. Raises as `read` does.
        """
        return self._bytes(READ_RAM, addresses)

    def read_eeprom(self, addresses: Iterable[int]) -> dict[int, int] | None:
        """Bytes of the EEPROM, which holds the history (history/ring.py), by address; else like `read_settings`."""
        return self._bytes(READ_EEPROM, addresses)

    def _bytes(self, command: int, addresses: Iterable[int]) -> dict[int, int] | None:
        steps = [partial(self._verified.bytes, address, command=command) for address in addresses]
        try:
            return _merged(self._verified.prove(steps, READING_SECONDS))
        except Stopped:
            return None

    def _take(self, tell: Tell) -> Reading | None:
        """A reading; None if it mixes two days or two scales."""
        began = self._clock.monotonic()
        before = self._before if began - self._began <= RECENT_SECONDS else {}
        self._began = began
        steps = self._steps(SCALE_AND_HOUR - before.keys())
        live, first, *parts = self._verified.prove(steps, READING_SECONDS, lambda done: tell(done, len(steps)))
        now = _merged([live, *parts])
        before |= first
        first.pop(HOURS, None)  # minutes and seconds are of another moment
        self._before = {address: now[address] for address in SCALE_AND_HOUR & now.keys()}
        if any(before[address] != now[address] for address in SCALE & before.keys() & now.keys()):
            return None
        if before.get(HOURS, 0) > now.get(HOURS, 255):
            return None
        ram = first | now
        # If a midnight may have passed unseen, the counters that restart then may belong to either day.
        if HOURS not in before.keys() & now.keys() and (before | now).get(HOURS, 0) >= LATE_HOURS:
            ram = {address: value for address, value in ram.items() if address not in OF_THE_DAY}
        return decode(
            ram,
            self.steps,
            time_ms=self._moment.time_ms,
            boot=self._moment.boot,
            uptime_ms=self._moment.uptime_ms,
            reading_seconds=round(self._clock.monotonic() - began, 1),
            known_highs={counter.high: self._verified.known(counter.high) for counter in COUNTERS},
        )

    def _steps(self, unknown: set[int]) -> list[Step]:
        """All that a reading needs, in order; `unknown`: those of model, system voltage and hour that are not known."""
        self._readings += 1
        turn, rest = divmod(self._readings, READINGS_A_TURN)
        in_turn = IN_TURN[turn % len(IN_TURN)] if rest == 0 else None
        verified = self._verified
        return [
            self._live,
            partial(verified.bytes, *sorted(unknown)),
            *(partial(verified.pair if pair == in_turn else verified.counter, *pair) for pair in PAIRS),
            partial(verified.bytes, *EXTREMES),
            verified.time_of_day,
            self._external,
            *(partial(verified.bytes, address) for address in SINGLE),
            *(
                partial(verified.pair, *pair) if pair == in_turn or verified.known(pair[0]) is None else dict
                for pair in FILTERED
            ),
            partial(verified.bytes, *sorted(SCALE)),
        ]

    def _live(self) -> dict[int, int]:
        """Voltage and currents, at the reading's time."""
        self._moment = self._clock.now()
        return self._verified.bytes(*LIVE)

    def _external(self) -> dict[int, int]:
        """Flags and currents of the shunts; currents only if enabled, and from the same moment as the flags."""
        for _ in range(ATTEMPTS):
            ram = self._verified.bytes(EXTERNAL_FLAGS)
            flags = ram.get(EXTERNAL_FLAGS)
            if not flags or not flags & 0b1100:
                return ram
            ram |= self._verified.bytes(EXTERNAL_CHARGE, EXTERNAL_LOAD)
            after = self._verified.bytes(EXTERNAL_FLAGS)
            if after and not (after[EXTERNAL_FLAGS] ^ flags) & MEANINGS[EXTERNAL_FLAGS]:
                return ram
        return {}


def _merged(parts: Iterable[dict[int, int]]) -> dict[int, int]:
    return {address: value for part in parts for address, value in part.items()}


def connect(
    url: str, baud: int, clock: Clock, *, steps: Steps | None = None, stop: Stop, **seconds: float
) -> Regulator:
    """The regulator at a device path or pyserial URL, its PLI awake. Raises PortMissing, PliSilent, BadSetting.

    `seconds` may be reply_seconds and settle_seconds.
    """
    return Regulator(open_port(url, baud), url, clock, steps=steps, stop=stop, baud=baud, **seconds)
