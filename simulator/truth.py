"""What the regulator would show right now, calculated from its registers with the simulator's own scaling.

The names are those of a logger's readings. None means not fitted.
"""

from dataclasses import dataclass
from fractions import Fraction

from simulator import addresses as at
from simulator.charge import STATES
from simulator.registers import COARSE_CHARGE, COARSE_LOAD, HAS_EXTERNAL_CHARGE, HAS_EXTERNAL_LOAD, ticks_of_clock
from simulator.settings import system_volts


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One moment. Temperatures read 0 where no sensor is fitted, as they do on the device."""

    model: str
    battery_volts: float
    battery_celsius: float
    state_of_charge_percent: float
    charge_amps: float
    load_amps: float
    internal_charge_amps: float
    internal_load_amps: float
    external_charge_amps: float | None
    external_load_amps: float | None
    charge_watts: float
    load_watts: float
    charge_amp_hours: float
    load_amp_hours: float
    internal_charge_amp_hours: float
    external_charge_amp_hours: float
    internal_load_amp_hours: float
    external_load_amp_hours: float
    regulator_state: str
    duty_cycle_percent: float
    battery_max_volts: float
    battery_min_volts: float
    solar_volts: float
    load_disconnected: int
    generator_running: int
    alarm: int
    solar_disconnected: int
    regulator_clock_seconds: float


def decode_truth(ram: bytes, model: str, charge_step_amps: float, load_step_amps: float) -> Truth:
    """The truth in 256 bytes of RAM, read at one moment."""
    cells = Fraction(system_volts(ram), 12)
    volts = ram[at.BATV] * cells / 10
    charge = ram[at.CINT] * Fraction(str(charge_step_amps))
    load = ram[at.LINT] * Fraction(str(load_step_amps))
    flags = ram[at.EXTF]
    external_charge = (
        Fraction(ram[at.CEXT], 1 if flags & COARSE_CHARGE else 10) if flags & HAS_EXTERNAL_CHARGE else None
    )
    external_load = Fraction(ram[at.LEXT], 1 if flags & COARSE_LOAD else 10) if flags & HAS_EXTERNAL_LOAD else None
    amp_hours = [
        int.from_bytes(ram[start + 3 : start + 5], "little") for start in (at.CIACC, at.CEACC, at.LIACC, at.LEACC)
    ]
    outputs = ram[at.CONOUT]
    return Truth(
        model=model,
        battery_volts=float(volts),
        battery_celsius=float(ram[at.BATTEMP]),
        state_of_charge_percent=float(ram[at.DSOC]),
        charge_amps=float(charge + (external_charge or 0)),
        load_amps=float(load + (external_load or 0)),
        internal_charge_amps=float(charge),
        internal_load_amps=float(load),
        external_charge_amps=None if external_charge is None else float(external_charge),
        external_load_amps=None if external_load is None else float(external_load),
        charge_watts=float(volts * (charge + (external_charge or 0))),
        load_watts=float(volts * (load + (external_load or 0))),
        charge_amp_hours=float(amp_hours[0] + amp_hours[1]),
        load_amp_hours=float(amp_hours[2] + amp_hours[3]),
        internal_charge_amp_hours=float(amp_hours[0]),
        external_charge_amp_hours=float(amp_hours[1]),
        internal_load_amp_hours=float(amp_hours[2]),
        external_load_amp_hours=float(amp_hours[3]),
        regulator_state=STATES[ram[at.RSTATE] & 3],
        duty_cycle_percent=float(Fraction(ram[at.DUTYCYC] * 100, 240)),
        battery_max_volts=float(ram[at.DVMAX] * cells / 10),
        battery_min_volts=float(ram[at.DVMIN] * cells / 10),
        solar_volts=ram[at.SOLV] / 2,
        load_disconnected=outputs & 1,
        generator_running=outputs >> 1 & 1,
        alarm=outputs >> 4 & 1,
        solar_disconnected=ram[at.UPDATE] >> 4 & 1,
        regulator_clock_seconds=float(ticks_of_clock(ram) * 2),
    )
