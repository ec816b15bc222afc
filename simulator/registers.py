"""What the RAM shows of the regulator's state: values to bytes.

50        12.8 V-equivalent -> 128, rounded; 220/221 the same voltage finer: 75 + msb/2 is 50's tenths
213, 217  amperes / step, cut off; the 256ths that were cut off are in 212, 216
185-204   four times: 24-bit fraction of an Ah (choice), Ah low, Ah high
205-207   tenths of an ampere or whole amperes, as the scale bit says; 0 if no shunt is fitted
101       state in the low two bits, anything in the others
"""

from simulator import addresses as at
from simulator.meters import Meters
from simulator.options import SimulatorOptions
from simulator.settings import TCMP_OFF, capacity_amp_hours, system_volts
from simulator.state import State

FULL_DUTY = 240
FULL_SCALE = 0xFFFF
HAS_EXTERNAL_CHARGE, HAS_EXTERNAL_LOAD = 0x04, 0x08
COARSE_CHARGE, COARSE_LOAD = 0x01, 0x02


def show(state: State, options: SimulatorOptions, ram: bytearray) -> None:
    """Write every live register into `ram`."""
    meters, counters = state.meters, state.counters
    show_clock(state.ticks, ram)

    adc = clip(round(meters.tenths * 512) - 38_400, FULL_SCALE)
    ram[at.BATVL], ram[at.VBAT] = adc & 0xFF, adc >> 8
    ram[at.BATV] = clip((adc + 38_400 + 256) // 512, 255)
    show_current(meters.charge_amps, options.charge_step, ram, at.CHARGL, at.CINT)
    show_current(meters.load_amps, options.load_step, ram, at.LOADL, at.LINT)
    show_external(meters, options, ram)

    has_sensor = ram[at.GMOD] & 0xF0 != TCMP_OFF
    celsius = clip(round(meters.celsius * 256), FULL_SCALE) if has_sensor else 0
    ram[at.BATTEML], ram[at.TBAT] = celsius & 0xFF, celsius >> 8
    ram[at.BATTEMP] = ram[at.DTEMP] = celsius >> 8
    # The display ends at 99.5 V, which is 199.
    solar = min(round(state.sampled_solar_volts * 512), 199 << 8)
    ram[at.SOLVL], ram[at.VSOL], ram[at.SOLV] = solar & 0xFF, solar >> 8, solar >> 8
    ram[at.BATSENL], ram[at.VSEN] = 0, 80

    ram[at.VDIV] = system_volts(ram) // 24
    ram[at.DUTYCYC] = round(meters.duty * FULL_DUTY)
    ram[at.VREG] = state.charge.target_tenths(ram)
    ram[at.RSTATE] = (state.ticks * 0x9E3779B1 >> 11) & 0xFC | state.charge.state
    ram[at.CONOUT] = (
        (meters.duty < 0.99) << 7
        | (meters.charge_amps >= options.charge_step) << 6
        | state.outputs.is_alarm << 4
        | state.outputs.is_generator_on << 1
        | state.outputs.is_load_off
    )
    ram[at.LCOUNT] = min(state.outputs.low_load_minutes, 255)
    ram[at.BSTDAY], ram[at.EQCNT] = state.charge.days_since_boost, state.charge.days_since_equalise
    ram[at.GENEXD] = state.days_since_generator
    ram[at.DSOC] = state.balance.percent(capacity_amp_hours(ram[at.BCAP]))

    ram[at.DVMAX] = clip(round(counters.max_tenths), 255)
    ram[at.DVMIN] = clip(round(counters.min_tenths), 255)
    ram[at.DFLTIM] = counters.float_tenths
    show_amp_hours(counters.charge_amp_hours, ram, at.CIACC)
    show_amp_hours(counters.external_charge_amp_hours, ram, at.CEACC)
    show_amp_hours(counters.load_amp_hours, ram, at.LIACC)
    show_amp_hours(counters.external_load_amp_hours, ram, at.LEACC)


def show_clock(ticks: int, ram: bytearray) -> None:
    """43,200 ticks a day: 30 a minute, 6 minutes in a tenth of an hour."""
    minutes, ram[at.SEC] = divmod(ticks, 30)
    ram[at.HOUR], ram[at.MIN] = divmod(minutes, 6)


def ticks_of_clock(ram: bytes | bytearray) -> int:
    """The clock in `ram`, as ticks since midnight."""
    return (ram[at.HOUR] * 180 + ram[at.MIN] * 30 + ram[at.SEC]) % 43_200


def show_current(amps: float, step_amps: float, ram: bytearray, low: int, high: int) -> None:
    """A current through the regulator, as a 16-bit filter whose upper byte counts steps."""
    fine = clip(round(amps / step_amps * 256), FULL_SCALE)
    ram[low], ram[high] = fine & 0xFF, fine >> 8


def show_external(meters: Meters, options: SimulatorOptions, ram: bytearray) -> None:
    """The currents through the shunts, with the flags that say which exist and in which unit."""
    ram[at.CEXT] = ram[at.LEXT] = ram[at.EXTF] = 0
    if options.external_charge:
        scale = 1 if meters.is_external_charge_coarse else 10
        ram[at.CEXT] = clip(round(meters.external_charge_amps * scale), 255)
        ram[at.EXTF] |= HAS_EXTERNAL_CHARGE | meters.is_external_charge_coarse * COARSE_CHARGE
    if options.external_load:
        scale = 1 if meters.is_external_load_coarse else 10
        ram[at.LEXT] = clip(round(meters.external_load_amps * scale), 255)
        ram[at.EXTF] |= HAS_EXTERNAL_LOAD | meters.is_external_load_coarse * COARSE_LOAD
    ram[at.VEXT] = 0


def show_amp_hours(amp_hours: float, ram: bytearray, address: int) -> None:
    """Five bytes from `address` on."""
    whole = clip(int(amp_hours), FULL_SCALE)
    fraction = int((amp_hours - int(amp_hours)) * (1 << 24))
    ram[address : address + 5] = fraction.to_bytes(3, "little") + whole.to_bytes(2, "little")


def clip(value: int, most: int) -> int:
    """`value`, or the nearest value that the register can hold."""
    return max(0, min(most, value))
