"""What each quantity of a reading means to a person; README.md has the same words. Other records: docs/fields.md."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its unit ("" for none), where it comes from, and its meaning in a few words."""

    name: str
    unit: str
    source: str
    meaning: str


# fmt: off
READING = (
    Field("id",                        "",    "journal",       "number of the reading, ascending, never reused"),
    Field("time",                      "",    "host clock",    "when it was taken, UTC; `time_ms` in the table"),
    Field("model",                     "",    "RAM 0",         "model of the regulator"),
    Field("battery_volts",             "V",   "RAM 50",        "battery voltage"),
    Field("battery_celsius",           "°C",  "RAM 52",        "battery temperature; none without a sensor"),
    Field("state_of_charge_percent",   "%",   "RAM 181, 0-127", "state of charge, the regulator's estimate"),
    Field("charge_amps",               "A",   "below",         "charge current, internal and external"),
    Field("load_amps",                 "A",   "below",         "load current, internal and external"),
    Field("internal_charge_amps",      "A",   "RAM 213",       "charge current through the regulator"),
    Field("internal_load_amps",        "A",   "RAM 217",       "load current through the regulator"),
    Field("external_charge_amps",      "A",   "RAM 205, 207",  "charge current through a shunt"),
    Field("external_load_amps",        "A",   "RAM 206, 207",  "load current through a shunt"),
    Field("charge_watts",              "W",   "derived",       "battery volts x charge amps"),
    Field("load_watts",                "W",   "derived",       "battery volts x load amps"),
    Field("charge_amp_hours",          "Ah",  "below",         "charged since midnight, total"),
    Field("load_amp_hours",            "Ah",  "below",         "used since midnight, total"),
    Field("internal_charge_amp_hours", "Ah",  "RAM 188, 189",  "charged through the regulator"),
    Field("external_charge_amp_hours", "Ah",  "RAM 193, 194",  "charged through the shunt"),
    Field("internal_load_amp_hours",   "Ah",  "RAM 198, 199",  "used through the regulator"),
    Field("external_load_amp_hours",   "Ah",  "RAM 203, 204",  "used through the shunt"),
    Field("regulator_state",           "",    "RAM 101",       "boost, equalise, absorption or float"),
    Field("duty_cycle_percent",        "%",   "RAM 39",        "duty cycle of the charge switch"),
    Field("battery_max_volts",         "V",   "RAM 182",       "battery voltage, highest today"),
    Field("battery_min_volts",         "V",   "RAM 183",       "battery voltage, lowest today"),
    Field("solar_volts",               "V",   "RAM 53",        "panels, open circuit; may be minutes old"),
    Field("load_disconnected",         "0/1", "RAM 115 bit 0", "the load is cut off: the battery is low"),
    Field("generator_running",         "0/1", "RAM 115 bit 1", "the generator is asked to run"),
    Field("alarm",                     "0/1", "RAM 115 bit 4", "the battery alarm is on"),
    Field("solar_disconnected",        "0/1", "RAM 102, 126",  "SOLV is on the screen; charge reads 0"),
    Field("regulator_clock_seconds",   "s",   "RAM 46-48",     "the regulator's time of day"),
    Field("time_uncertainty_seconds",  "s",   "host clock",    "how far `time` may be off; absent: under 1 s"),
    Field("reading_seconds",           "s",   "host clock",    "how long the reading took"),
    Field("boot",                      "",    "host",          "number of this computer's start"),
    Field("uptime_ms",                 "ms",  "host",          "time since that start"),
    Field("wall_ms",                   "ms",  "host clock",    "what the clock showed, if it was wrong"),
    Field("raw",                       "",    "all",           "every byte read: pairs of address and value"),
)
# fmt: on


def shown(value: float | str | None, unit: str) -> str:
    """A value for a person: 25.4 V, yes, boost, a dash for what is absent."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if unit == "0/1":
        return "yes" if value else "no"
    digits = {"V": 1, "A": 1, "W": 0, "s": 0}.get(unit, 0)
    return f"{value:,.{digits}f} {unit}".rstrip()
