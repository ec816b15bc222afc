"""The regulator's settings (RAM 64 to 94) in the manual's words: "BMAX" is "28.4 V". Pure.

They are the RAM copies of EEPROM 14 to 44. A setting that depends on one that was not read is shown as the raw number,
and so are the three of EVNT.

Sources: PLI.Info.2.16.0 pages 6, 11 and 21; PL Reference Manual 6.4.0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from logger.regulator.registers import SYSTEM, volts_of

ADDRESSES = range(64, 95)
GENERATOR_MODE = 92
BY_CHARGE = (1, 2, 5, 6)
"""The generator modes that use the state of charge."""


@dataclass(frozen=True, slots=True)
class Site:
    """What other settings depend on; None if it was not read.

    cells         system voltage / 12
    is_by_charge  GMOD runs the generator by state of charge, not by voltage
    """

    cells: Fraction | None
    is_by_charge: bool | None


@dataclass(frozen=True, slots=True)
class Setting:
    """One item of the menus and the byte, or half of one, that holds it."""

    name: str
    address: int
    words: Callable[[int, Site], str]


def volts(raw: int, site: Site) -> str:
    return f"{float(raw * site.cells / 10):.1f} V" if site.cells else f"{raw / 10:.1f} V at 12 V"


def hours(raw: int, _: Site) -> str:
    return f"{raw / 10:.1f} h"


def minutes(raw: int, _: Site) -> str:
    return f"{raw} min"


def days(raw: int, _: Site) -> str:
    return f"{raw} days"


def number(raw: int, _: Site) -> str:
    return str(raw)


def low(raw: int, _: Site) -> str:
    return str(raw & 0x0F)


def high(raw: int, _: Site) -> str:
    return str(raw >> 4)


def generator_on(raw: int, site: Site) -> str:
    if site.is_by_charge is None:
        return str(raw)
    return f"{raw} %" if site.is_by_charge else volts(raw, site)


def generator_delay(raw: int, site: Site) -> str:
    if site.is_by_charge is None:
        return str(raw)
    return f"{raw} %" if site.is_by_charge else minutes(raw, site)


def system(raw: int, _: Site) -> str:
    known = volts_of({SYSTEM: raw})
    return f"{known} V" if known else f"code {raw & 0x0F}"


def capacity(raw: int, _: Site) -> str:
    return f"{raw * 20 if raw <= 50 else 1000 + (raw - 50) * 100} Ah"


# fmt: off
SETTINGS = (
    #       name    RAM  words
    Setting("G ON",  64, generator_on),
    Setting("GOFF",  65, volts),
    Setting("GDEL",  66, generator_delay),
    Setting("GEXD",  67, days),
    Setting("GRUN",  68, hours),
    Setting("LOFF",  69, volts),
    Setting("L ON",  70, volts),
    Setting("LDEL",  71, minutes),
    Setting("ALRM",  72, volts),
    Setting("BFRQ",  73, days),
    Setting("ATIM",  74, hours),
    Setting("HYST",  75, volts),
    Setting("BRTN",  76, volts),
    Setting("CHRG",  77, number),      # its step is not documented
    Setting("BAT2",  78, volts),
    Setting("ESET1", 79, number),
    Setting("ESET2", 80, number),
    Setting("ESET3", 81, number),
    Setting("EFRQ",  82, days),
    Setting("ETIM",  83, hours),
    Setting("ABSV",  84, volts),
    Setting("EMAX",  85, volts),
    Setting("FLTV",  86, volts),
    Setting("BMAX",  87, volts),
    Setting("LSET",  88, low),
    Setting("GSET",  88, high),
    Setting("PWM",   89, low),
    Setting("BSET",  89, high),
    Setting("STRT",  90, low),
    Setting("STOP",  90, high),
    Setting("EMOD",  91, low),
    Setting("TMOD",  91, high),
    Setting("GMOD",  92, low),         # the manual's appendix says 88, where GSET is: a slip
    Setting("TCMP",  92, high),
    Setting("VOLT",  93, system),
    Setting("PROG",  93, high),
    Setting("BCAP",  94, capacity),
)
# fmt: on


def decode_settings(ram: Mapping[int, int]) -> dict[str, str]:
    """The name and text of each setting whose byte was read."""
    known = volts_of(ram)
    site = Site(
        cells=None if known is None else Fraction(known, 12),
        is_by_charge=ram[GENERATOR_MODE] & 0x0F in BY_CHARGE if GENERATOR_MODE in ram else None,
    )
    return {setting.name: setting.words(ram[setting.address], site) for setting in SETTINGS if setting.address in ram}


def changes(old: Mapping[int, int], new: Mapping[int, int]) -> str:
    """What changed, in words: "BMAX 28.4 V → 29.0 V, ATIM 2.0 h → 3.0 h"; only what is in both counts."""
    before, after = decode_settings(old), decode_settings(new)
    return ", ".join(
        f"{name} {before[name]} → {after[name]}" for name in after if name in before and before[name] != after[name]
    )
