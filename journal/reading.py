"""What the journal keeps: Reading, Day, Event and Check. Names, units and meanings are those of docs/fields.md.

Each is a frozen dataclass whose fields are the columns of its table, in their order, under the same names.
None means absent: refused, unread or not fitted. `id` is None until the journal has stored the record.
`time_ms` is the best known time, `uptime_ms` the time since boot (host_clock.py); `wall_ms` is what the wall clock
showed, None if that is `time_ms`.

A stream is one of the four tables; its name is the table's: "readings", "days", "events", "checks".
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything that was read from the regulator at one moment.

    `raw` is every byte read for this reading as pairs (address, value), so that a wrong scale can be corrected later.
    The high byte of a counter that cannot have changed since the reading before is not read again: the column has it.
    `reading_seconds`: from the first request to the last reply, to a tenth: more digits would only cost traffic.
    """

    id: int | None = None
    time_ms: int
    boot: int
    uptime_ms: int
    wall_ms: int | None = None
    model: str | None = None
    battery_volts: float | None = None
    battery_celsius: float | None = None
    state_of_charge_percent: float | None = None
    charge_amps: float | None = None
    load_amps: float | None = None
    internal_charge_amps: float | None = None
    internal_load_amps: float | None = None
    external_charge_amps: float | None = None
    external_load_amps: float | None = None
    charge_watts: float | None = None
    load_watts: float | None = None
    charge_amp_hours: float | None = None
    load_amp_hours: float | None = None
    internal_charge_amp_hours: float | None = None
    external_charge_amp_hours: float | None = None
    internal_load_amp_hours: float | None = None
    external_load_amp_hours: float | None = None
    regulator_state: str | None = None
    duty_cycle_percent: float | None = None
    battery_max_volts: float | None = None
    battery_min_volts: float | None = None
    solar_volts: float | None = None
    load_disconnected: int | None = None
    generator_running: int | None = None
    alarm: int | None = None
    solar_disconnected: int | None = None
    regulator_clock_seconds: float | None = None
    time_uncertainty_seconds: float | None = None
    raw: bytes = b""
    reading_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One of the regulator's own daily records, with our date. `time_ms` is the point's timestamp and never changes.

    `began_ms` and `ended_ms` are the regulator's midnights before and after. `raw` holds the record's bytes as pairs
    (address in the EEPROM, value); so it shows the record's slot in the ring.
    The night is the one that ended on this day; autonomy and the time since full are those at the day's end.
    """

    id: int | None = None
    time_ms: int
    date: str
    model: str | None = None
    date_is_estimated: int = 0
    began_ms: int | None = None
    ended_ms: int | None = None
    battery_max_volts: float | None = None
    battery_min_volts: float | None = None
    state_of_charge_percent: float | None = None
    float_reached_seconds: float | None = None
    charge_amp_hours: float | None = None
    load_amp_hours: float | None = None
    measured_charge_amp_hours: float | None = None
    measured_load_amp_hours: float | None = None
    coverage_percent: float | None = None
    raw: bytes = b""
    measured_charge_watt_hours: float | None = None
    measured_load_watt_hours: float | None = None
    depth_of_discharge_percent: float | None = None
    night_used_amp_hours: float | None = None
    night_used_percent: float | None = None
    autonomy_days: float | None = None
    days_since_full: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: `kind` is a short name for machines, `message` one line for people.

    `raw` holds bytes that belong to it as pairs (address, value), a snapshot of the settings for example.
    """

    id: int | None = None
    time_ms: int
    boot: int
    uptime_ms: int
    wall_ms: int | None = None
    kind: str
    message: str
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How the logger itself was at one moment. What is counted or averaged is so since the check before."""

    id: int | None = None
    time_ms: int
    boot: int
    uptime_ms: int
    wall_ms: int | None = None
    version: str
    computer_uptime_seconds: float | None = None
    logger_uptime_seconds: float | None = None
    pending_records: int | None = None
    held_records: int | None = None
    dead_letters: int | None = None
    journal_bytes: int | None = None
    disk_free_bytes: int | None = None
    readings: int | None = None
    reading_seconds: float | None = None
    exchanges: int | None = None
    damaged_percent: float | None = None
    undervoltage: int | None = None
    undervoltage_since_start: int | None = None
    computer_celsius: float | None = None
    clock_trusted: int | None = None


Record = Reading | Day | Event | Check

STREAMS: dict[str, type[Record]] = {"readings": Reading, "days": Day, "events": Event, "checks": Check}

TIMED = ("readings", "events", "checks")
"""The streams whose records get their time from this computer's clock, and so may be held. Days have another time."""
