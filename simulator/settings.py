"""The EEPROM as the installer leaves it: calibration, and the settings of program 0.

EEPROM 14-44  ->  RAM 64-94, copied at power-up and every six minutes
"""

from simulator import addresses as at
from simulator.models import VOLT_CODES
from simulator.options import SimulatorOptions

CALIBRATION = bytes([0x00, 0x18, 0x19, 0x17, 0, 32, 0, 32, 0, 32, 254, 30, 0, 32])

# fmt: off
PROGRAM_0 = {
    # volts are tenths, 12 V-equivalent; hours are tenths
    at.GON:  115, at.GOFF: 138, at.GDEL: 10, 67: 30, 68: 10,
    at.LOFF: 113, at.LON:  128, at.LDEL: 10, at.ASET: 114,
    at.BSTFREQ: 15, at.ATIM: 20, 75: 4, at.BRET: 123, 78: 140,
    at.EQFREQ: 45, at.ETIM: 10, at.ABSV: 140, at.EMAX: 160, at.FLTV: 138, at.BMAX: 150,
    88: 0x21, 89: 0x01,     # LSET 1 and GSET 2; PWM 1 and BSET 0
}
# fmt: on

TCMP_OFF = 8 << 4


def settings_eeprom(options: SimulatorOptions) -> bytearray:
    """A whole EEPROM with calibration, settings and a blank history."""
    eeprom = bytearray([options.blank_byte]) * 256
    eeprom[: len(CALIBRATION)] = CALIBRATION
    eeprom[at.EEPROM_SETTINGS : at.EEPROM_POINTER] = bytes(at.EEPROM_POINTER - at.EEPROM_SETTINGS)
    settings = {
        **PROGRAM_0,
        at.CURLIM: min(255, round(options.traits.charge_limit_amps / options.charge_step)),
        at.GMOD: 0 if options.temperature_sensor else TCMP_OFF,
        at.VOLT: VOLT_CODES[options.system_volts],
        at.BCAP: capacity_code(options.bank_amp_hours),
    }
    for address, value in settings.items():
        eeprom[address - at.SETTINGS + at.EEPROM_SETTINGS] = value
    return eeprom


def capacity_code(amp_hours: int) -> int:
    """BCAP's byte: 20 Ah a step up to 1000 Ah, 100 Ah a step above."""
    if amp_hours <= 1000:
        return max(1, round(amp_hours / 20))
    return 50 + round((amp_hours - 1000) / 100)


def capacity_amp_hours(code: int) -> int:
    """What BCAP's byte means."""
    return code * 20 if code <= 50 else 1000 + (code - 50) * 100


def system_volts(ram: bytes | bytearray) -> int:
    """What the low nibble of RAM 93 means; 12 for an unassigned code."""
    codes = {code: volts for volts, code in VOLT_CODES.items()}
    return codes.get(ram[at.VOLT] & 0x0F, 12)
