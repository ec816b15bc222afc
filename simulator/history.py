"""The last 30 days in the EEPROM: a ring of 7-byte records, the newest at the pointer.

45         pointer n, 0 to 29
46 + 7·n   yesterday;  the day before at n - 1, and so on, from 46 round to 249

record     XX NN FF SS II OO HH
           |  |  |  |  |  |  high bits: charge in the low nibble, load in the high one
           |  |  |  |  |  load, Ah
           |  |  |  |  charge, Ah
           |  |  |  state of charge, %
           |  |  time of day at which it went to float, tenths of an hour; 0 also if it did not
           |  lowest voltage
           highest voltage, tenths of a volt, 12 V-equivalent

… 1B 40 21  ->  charge 0x11B = 283 Ah, load 0x240 = 576 Ah
"""

from dataclasses import dataclass
from random import Random

from simulator.addresses import EEPROM_HISTORY, EEPROM_POINTER

DAYS = 30
RECORD_BYTES = 7
MOST_AMP_HOURS = 4095
"""The most that twelve bits hold. What the regulator does above it is unknown; here it stays there (choice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryDay:
    """One daily record, decoded. `days_ago` is 1 for yesterday, as the regulator counts days."""

    days_ago: int
    battery_max_volts: float
    battery_min_volts: float
    float_reached_seconds: int
    state_of_charge_percent: int
    charge_amp_hours: int
    load_amp_hours: int
    raw: bytes


def record_start(pointer: int, days_ago: int) -> int:
    """The EEPROM address of the record from `days_ago` days ago."""
    return EEPROM_HISTORY + RECORD_BYTES * ((pointer - (days_ago - 1)) % DAYS)


def encode_record(
    *, max_tenths: int, min_tenths: int, float_tenths: int, percent: int, charge_amp_hours: int, load_amp_hours: int
) -> bytes:
    """Seven bytes from whole numbers, each in the unit of its byte."""
    charge = min(charge_amp_hours, MOST_AMP_HOURS)
    load = min(load_amp_hours, MOST_AMP_HOURS)
    high = (load >> 8) << 4 | charge >> 8
    return bytes([max_tenths, min_tenths, float_tenths, percent, charge & 0xFF, load & 0xFF, high])


def decode_record(raw: bytes, days_ago: int, system_volts: int) -> HistoryDay:
    """The record's values, with voltages of the whole bank."""
    return HistoryDay(
        days_ago=days_ago,
        battery_max_volts=raw[0] * system_volts / 120,
        battery_min_volts=raw[1] * system_volts / 120,
        float_reached_seconds=raw[2] * 360,
        state_of_charge_percent=raw[3],
        charge_amp_hours=raw[4] + (raw[6] & 0x0F) * 256,
        load_amp_hours=raw[5] + (raw[6] >> 4) * 256,
        raw=raw,
    )


def decode_history(eeprom: bytes | bytearray, system_volts: int) -> list[HistoryDay]:
    """The records written so far, yesterday's first."""
    days = []
    for days_ago in range(1, DAYS + 1):
        start = record_start(eeprom[EEPROM_POINTER], days_ago)
        raw = bytes(eeprom[start : start + RECORD_BYTES])
        if raw not in (bytes(RECORD_BYTES), b"\xff" * RECORD_BYTES):
            days.append(decode_record(raw, days_ago, system_volts))
    return days


def write_record(eeprom: bytearray, record: bytes, days_ago: int) -> None:
    """Store `record` in the place for `days_ago`; 0 is the day after the one at the pointer."""
    start = record_start(eeprom[EEPROM_POINTER], days_ago)
    eeprom[start : start + RECORD_BYTES] = record


def advance_pointer(eeprom: bytearray) -> None:
    """Make the next record the newest one."""
    eeprom[EEPROM_POINTER] = (eeprom[EEPROM_POINTER] + 1) % DAYS


def fill_history(eeprom: bytearray, days: int, bank_amp_hours: int, seed: int) -> None:
    """Invent the last `days` days, fair and dull ones, for a bank of that size."""
    random = Random(f"history {seed}")
    eeprom[EEPROM_POINTER] = random.randrange(DAYS) if days == DAYS else (days - 1) % DAYS
    percent = random.randint(80, 100)
    for days_ago in range(days, 0, -1):
        load = round(bank_amp_hours * random.uniform(0.16, 0.25))
        charge = round(bank_amp_hours * random.uniform(0.08, 0.32))
        percent = max(35, min(100, percent + round(100 * (charge - load) / bank_amp_hours)))
        is_full = percent == 100
        record = encode_record(
            max_tenths=random.randint(146, 151) if is_full else random.randint(133, 142),
            min_tenths=round(116 + percent / 20 + random.uniform(0, 3)),
            float_tenths=random.randint(125, 165) if is_full else 0,
            percent=percent,
            charge_amp_hours=charge,
            load_amp_hours=load,
        )
        write_record(eeprom, record, days_ago)
