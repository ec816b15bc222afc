"""The regulator's own memory of the last 30 days: EEPROM 45 to 255, a ring of 7-byte records. Pure.

    45         pointer n, 0 to 29
    46 + 7·n   the last day that ended; the one before at n - 1, and so on, from 46 round to 249

    record     XX NN FF SS II OO HH
               |  |  |  |  |  |  high bits: charge in the low nibble, load in the high one
               |  |  |  |  |  load, Ah
               |  |  |  |  charge, Ah
               |  |  |  state of charge, %
               |  |  when it went to float, tenths of an hour; 0 also when it did not
               |  lowest voltage
               highest voltage, tenths of a volt, 12 V-equivalent

    … 1B 40 21  ->  charge 0x11B = 283 Ah, load 0x240 = 576 Ah

Rules:
- The pointer is read first and last; when it has moved, everything is read again. At midnight the regulator writes
  record and pointer one after the other, in an undocumented order: nothing is read within ten minutes of midnight.
- A slot with only 0x00 or only 0xFF was never written and is no day. A value out of range is absent.

Sources: PLI.Info.2.16.0 pages 11 to 13; PL Reference Manual 6.0.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

POINTER = 45
FIRST = 46
SLOTS = 30
RECORD_BYTES = 7
ADDRESSES = range(POINTER, FIRST + SLOTS * RECORD_BYTES)
QUIET_SECONDS = 600
"""The history is not read within this time of midnight."""
DAY_SECONDS = 86_400
TRIES_A_BYTE = 3

BLANK = (bytes(RECORD_BYTES), b"\xff" * RECORD_BYTES)


@dataclass(frozen=True, slots=True)
class History:
    """The ring at one moment: the pointer, and by slot (0 to 29) the records that were written and could be read."""

    pointer: int
    records: Mapping[int, bytes]

    def slot(self, days_ago: int) -> int:
        """The slot of the record of so many days ago: 1 is the last day that ended."""
        return (self.pointer - days_ago + 1) % SLOTS

    def days_ago(self, slot: int) -> int:
        """How many days ago the record in a slot was: 1 to 30."""
        return (self.pointer - slot) % SLOTS + 1


@dataclass(frozen=True, slots=True)
class DayValues:
    """One record, decoded; None if a byte is out of range."""

    battery_max_volts: float | None
    battery_min_volts: float | None
    float_reached_seconds: float | None
    state_of_charge_percent: float | None
    charge_amp_hours: float
    load_amp_hours: float


def decode_record(raw: bytes, system_volts: Fraction | int | None) -> DayValues:
    """The values in seven bytes, on a system of so many volts; voltages are absent if that is unknown."""
    highest, lowest, float_tenths, percent, charge, load, high = raw
    return DayValues(
        battery_max_volts=_volts(highest, system_volts),
        battery_min_volts=_volts(lowest, system_volts),
        float_reached_seconds=float(float_tenths * 360) if 0 < float_tenths < 240 else None,
        state_of_charge_percent=float(percent) if percent <= 127 else None,
        charge_amp_hours=float(charge + 256 * (high & 0x0F)),
        load_amp_hours=float(load + 256 * (high >> 4)),
    )


def _volts(tenths: int, system_volts: Fraction | int | None) -> float | None:
    if system_volts is None or not 75 <= tenths <= 203:
        return None
    return float(Fraction(tenths) * system_volts / 120)


def start(slot: int) -> int:
    """The EEPROM address at which a slot begins."""
    return FIRST + RECORD_BYTES * slot


def is_quiet(clock_seconds: float) -> bool:
    """Whether midnight is ten minutes or more away, before and after."""
    return QUIET_SECONDS <= clock_seconds % DAY_SECONDS <= DAY_SECONDS - QUIET_SECONDS


class PartialHistory:
    """The bytes of a history while it is being read, one at a time."""

    def __init__(self) -> None:
        self.times_moved = 0
        """How often the pointer had moved by the end."""
        self._begin()

    def _begin(self) -> None:
        self._values: dict[int, int] = {}
        self._failures: dict[int, int] = {}
        self._pointer: int | None = None
        self._unread = deque([*ADDRESSES, POINTER])

    @property
    def next_address(self) -> int | None:
        """The address to read next; None when all were read."""
        return self._unread[0] if self._unread else None

    @property
    def done(self) -> int:
        """How many of the 212 bytes are done."""
        return len(ADDRESSES) + 1 - len(self._unread)

    def take(self, value: int | None) -> None:
        """Note the byte at `next_address`; None if it could not be read."""
        address = self._unread.popleft()
        if value is None:
            self._failures[address] = self._failures.get(address, 0) + 1
            if self._failures[address] < TRIES_A_BYTE:
                # The pointer stays at the two ends.
                self._unread.insert(0 if address == POINTER else len(self._unread) - 1, address)
            elif address == POINTER:
                self._unread.clear()
                self._pointer = None
        elif address != POINTER:
            self._values[address] = value
        elif self._unread:
            self._pointer = value
        elif value != self._pointer:
            self.times_moved += 1
            self._begin()

    def history(self) -> History | None:
        """The whole history, once everything was read. None when the pointer could not be read or is invalid."""
        if self._pointer is None or self._pointer >= SLOTS:
            return None
        records = {}
        for slot in range(SLOTS):
            addresses = range(start(slot), start(slot) + RECORD_BYTES)
            if all(address in self._values for address in addresses):
                raw = bytes(self._values[address] for address in addresses)
                if raw not in BLANK:
                    records[slot] = raw
        return History(self._pointer, records)
