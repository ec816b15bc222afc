"""Reads the regulator over an open port: a Reading, the settings, the history. Opens the port.

Neither address nor data has a checksum, and a reply does not tell which request it answers. How each kind of
corruption is kept out of the readings:

    lost byte          in a request: the PLI stays silent or refuses (129). In a reply: no second byte comes, or the
                       data byte stands where 200 must stand. Either way no value, and a loopback gets in step
    doubled byte       in a request: the check byte is not in its place, so 130; the byte left over spoils the next
                       loopback, until it is waited out. In a reply: one byte too many, no value
    garbled data       a value that differs from last time is read again until enough reads agree (voting.py)
    garbled address    the same: another register's byte differs, and the same false one does not come twice. Where
                       damage shows more often, more reads must agree, for two wrong registers may both hold 0
    garbled request    otherwise: 130 or 131
    stale late reply   input is flushed before each request; after any failure a loopback must be answered first,
                       and its answer comes after everything that was under way (exchange.py)
    off by one         each loopback finds it: 200 does not answer a loopback. A reading begins with one. And repeated
                       reads of one register agree on the right byte all the same
    code like a volt   replies are read by position: 128 is a voltage only after a 200 (frame.py)
    torn pairs         Ah counters are read high-low-high, shunts 207-205-206-207, the clock 48-47-46-47-48; where the
                       outer bytes have changed, again
    wrong scale        RAM 0 and 93 are read first, and 93 again at the end; a change needs one more agreeing read,
                       and a change during the reading restarts the reading
    midnight           48 is read again at the end; when it has fallen, the counters may be of either day: the
                       reading restarts. Where 48 cannot be read near midnight, the counters are left out

A byte that cannot be read is left out of the reading; `missing` says why.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import serial

from journal.errors import BadSetting, PortMissing, RegulatorError
from journal.reading import Reading
from logger.clock.host_clock import Clock
from logger.line.exchange import SLICE_SECONDS, Pli, Port, Stop, Stopped
from logger.line.frame import READ_EEPROM, READ_RAM
from logger.regulator import menu_settings
from logger.regulator.models import Steps
from logger.regulator.registers import (
    BATTERY_VOLTS,
    COUNTERS,
    EXTERNAL_CHARGE,
    EXTERNAL_FLAGS,
    EXTERNAL_LOAD,
    HOURS,
    MINUTES,
    SECONDS,
    SOFTWARE_VERSION,
    SYSTEM,
    decode,
)
from logger.regulator.verified_reads import MEANINGS, VerifiedReads

BAUD_RATES = (300, 1200, 2400, 9600)
READING_SECONDS = 40.0
"""What has not been read after this time is left out, so that a bad line cannot hold up the loop for minutes."""

LATE_HOURS = 237
"""The last quarter of an hour before the regulator's midnight, in its steps of six minutes."""
OF_THE_DAY = (182, 183, *(address for counter in COUNTERS for address in (counter.low, counter.high)))

ATTEMPTS = 3
# Voltage and currents come together, for their products; then what changes often, then what hardly changes.
LIVE = (BATTERY_VOLTS, 213, 217)
SINGLE = (39, 101, 102, 115, 126, 53, 52, 181, 182, 183)
FILTERED = ((220, 221), (232, 233))
REGISTERS = len((SOFTWARE_VERSION, SYSTEM, HOURS, MINUTES, SECONDS, *LIVE, EXTERNAL_FLAGS, *SINGLE)) + 2 * len(
    (*COUNTERS, *FILTERED)
)
"""How many a reading has when no shunt is enabled."""

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

    def read(self, tell: Tell = lambda done, total: None) -> Reading | None:
        """Take a reading now. None when it was stopped before the battery's voltage was known.

        Stopped later, what was read so far is the reading. `tell` is called with how many registers are read, of how
        many; those of shunts come on top. Raises RegulatorError, mostly PliSilent, RegulatorSilent or PortMissing.
        """
        for _ in range(ATTEMPTS):
            moment = self._clock.now()
            ram: dict[int, int] = {}
            try:
                is_one_moment = self._take(ram, tell)
            except Stopped:
                if BATTERY_VOLTS not in ram:
                    return None
                _leave_out_the_day(ram)
                is_one_moment = True
            if is_one_moment:
                break
        else:
            raise RegulatorError(
                f"cannot take a reading at {self.name}: the regulator's hour or system voltage changed during "
                f"each of {ATTEMPTS} attempts"
            )
        return decode(ram, self.steps, time_ms=moment.time_ms, boot=moment.boot, uptime_ms=moment.uptime_ms)

    def read_settings(self, addresses: Iterable[int] = menu_settings.ADDRESSES) -> dict[int, int] | None:
        """The settings (RAM 64 to 94), or some of them, by address; `missing` says why one is absent.

        None when it was stopped. Raises as `read` does.
        """
        return self._bytes(READ_RAM, addresses)

    def read_eeprom(self, addresses: Iterable[int]) -> dict[int, int] | None:
        """Bytes of the EEPROM, which holds the history (history/ring.py), by address; else like `read_settings`."""
        return self._bytes(READ_EEPROM, addresses)

    def _bytes(self, command: int, addresses: Iterable[int]) -> dict[int, int] | None:
        self._verified.begin(READING_SECONDS)
        try:
            values = {address: self._verified.byte(address, command=command) for address in addresses}
        except Stopped:
            return None
        return {address: value for address, value in values.items() if value is not None}

    def _take(self, ram: dict[int, int], tell: Tell) -> bool:
        """Read all that a reading needs into `ram`; whether it is of one day and one scale."""
        self._verified.begin(READING_SECONDS)
        self._pli.get_in_step()
        for part in self._parts():
            ram |= part
            tell(len(ram), max(REGISTERS, len(ram)))
        return self._is_still(ram)

    def _parts(self) -> Iterator[dict[int, int]]:
        verified = self._verified
        for address in (SOFTWARE_VERSION, SYSTEM):
            yield self._byte(address, more=1)
        yield verified.time_of_day()
        for address in LIVE:
            yield self._byte(address)
        yield self._external()
        for address in SINGLE:
            yield self._byte(address)
        for counter in COUNTERS:
            yield verified.pair(counter.low, counter.high)
        for low, high in FILTERED:
            yield verified.pair(low, high)

    def _byte(self, address: int, *, more: int = 0) -> dict[int, int]:
        value = self._verified.byte(address, more=more)
        return {} if value is None else {address: value}

    def _external(self) -> dict[int, int]:
        """Flags and currents of the shunts; currents only where enabled, and from the same moment as the flags."""
        for _ in range(ATTEMPTS):
            ram = self._byte(EXTERNAL_FLAGS)
            flags = ram.get(EXTERNAL_FLAGS)
            if not flags or not flags & 0b1100:
                return ram
            for address in (EXTERNAL_CHARGE, EXTERNAL_LOAD):
                ram |= self._byte(address)
            after = self._verified.byte(EXTERNAL_FLAGS)
            if after is not None and not (after ^ flags) & MEANINGS[EXTERNAL_FLAGS]:
                return ram
        return {}

    def _is_still(self, ram: dict[int, int]) -> bool:
        """Whether the regulator's hour has not fallen, and its scale is the same, since `ram` was read."""
        if HOURS in ram:
            hours = self._verified.byte(HOURS)
            if hours is None:
                _leave_out_the_day(ram)
            elif hours < ram[HOURS]:
                return False
        if SYSTEM in ram:
            system = self._verified.byte(SYSTEM, more=1)
            return system is None or system == ram[SYSTEM]
        return True


def _leave_out_the_day(ram: dict[int, int]) -> None:
    """Where a midnight may have passed unseen, take out what restarts at midnight."""
    if ram.get(HOURS, 0) >= LATE_HOURS:
        for address in OF_THE_DAY:
            ram.pop(address, None)


def connect(
    url: str, baud: int, clock: Clock, *, steps: Steps | None = None, stop: Stop, **seconds: float
) -> Regulator:
    """The regulator at a device path or pyserial URL, its PLI awake. Raises PortMissing, PliSilent, BadSetting.

    `seconds` may be reply_seconds and settle_seconds.
    """
    return Regulator(open_port(url, baud), url, clock, steps=steps, stop=stop, baud=baud, **seconds)


def open_port(url: str, baud: int) -> Any:
    """A pyserial port, ours alone where it is a device: 8N1, no flow control, DTR and RTS on to power the PLI.

    Raises BadSetting for a baud rate that the PLI does not have or a URL that pyserial does not know; PortMissing,
    which says what to do, when the port cannot be opened.
    """
    if baud not in BAUD_RATES:
        raise BadSetting(f"cannot use SOLAR_BAUD={baud}: the PLI has {', '.join(map(str, BAUD_RATES))}")
    options: dict[str, Any] = {} if "://" in url else {"exclusive": True}
    try:
        return serial.serial_for_url(url, baudrate=baud, timeout=SLICE_SECONDS, write_timeout=2, **options)
    except ValueError as error:
        raise BadSetting(f"cannot use SOLAR_PORT={url}: {error}; it must be a device path or a pyserial URL") from error
    except OSError as error:
        raise PortMissing(f"cannot open {url}: {_cause(url, error)}") from error


def _cause(url: str, error: OSError) -> str:
    if "://" in url:
        return f"{_words(error)}; check host and port, and that the serial server is on"
    match error.errno:
        case errno.ENOENT | errno.ENXIO | errno.ENODEV:
            return "there is no such port; is the adapter plugged in? `ls /dev/serial/by-id` shows those that are there"
        case errno.EACCES | errno.EPERM:
            return "permission denied; `sudo adduser $USER dialout`, then log in again"
        case errno.EAGAIN | errno.EBUSY:
            return f"{_holder(url)} is using it; only one program at a time can"
    return f"{_words(error)}; is it a serial port?"


def _words(error: OSError) -> str:
    """The operating system's message, without pyserial's words around it."""
    inner = error.__context__
    words = inner.args[1] if inner and len(inner.args) > 1 else error.strerror or error
    return str(words)[:1].lower() + str(words)[1:]


def _holder(path: str) -> str:
    """Who holds the lock on `path`, as far as the kernel shows: "solar (process 123)", or "another program"."""
    try:
        inode = f":{os.stat(path).st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(inode):
                name = Path(f"/proc/{fields[4]}/comm").read_text().strip()
                return f"{name} (process {fields[4]})"
    except OSError:
        pass
    return "another program"
