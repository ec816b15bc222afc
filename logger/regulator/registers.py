"""The register table of PL20, PL40, PL60 and PL80, and how its bytes become a Reading. Pure.

Rules:
- A quantity is absent when its byte was not read or is out of range; nothing is clamped or made up.
- A total is absent when one of its parts could not be read.
- Voltages marked `system_volts` are 12 V-equivalents, scaled by the system voltage in RAM 93; currents are scaled by
  the model in RAM 0. Where one of these bytes is absent, what depends on it is absent too.
- A byte or counter at its limit (255; 65,535) is out of range: the true value may be higher, or nothing is there.
- Numbers are exact fractions until the end: 52 steps of 0.4 A are 20.8 A.
- Reading.raw keeps all the bytes, so that `decode` can run again when a scale turns out to be wrong.

Sources: PLI.Info.2.16.0 pages 5 to 9; PL Reference Manual 6.4.0; valid ranges where either gives them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from journal.reading import Reading
from logger.regulator.models import Steps, model_of

SOFTWARE_VERSION = 0
SECONDS, MINUTES, HOURS = 46, 47, 48
BATTERY_VOLTS = 50
REGULATOR_STATE = 101
SCREEN = 102
OUTPUTS = 115
UPDATE = 126
EXTERNAL_CHARGE, EXTERNAL_LOAD, EXTERNAL_FLAGS = 205, 206, 207
SYSTEM = 93

DECODER = 2
"""Increase it when the same bytes should become other quantities. Old readings are then decoded again."""

STATES = ("boost", "equalise", "absorption", "float")
SOLV_SCREEN = 39
DAY_SECONDS = 86400
SYSTEM_VOLTS = {0: 12, 1: 24, 2: 32, 3: 36, 4: 48}


@dataclass(frozen=True, slots=True)
class Scale:
    """What a register's step is worth on this model and system; None if unknown."""

    system_volts: Fraction | None
    charge_step: Fraction | None
    load_step: Fraction | None


@dataclass(frozen=True, slots=True)
class Register:
    """quantity = raw * times / over * unit, for a raw byte from `lowest` to `highest`."""

    name: str
    address: int
    lowest: int
    highest: int
    times: int
    over: int
    unit: Callable[[Scale], Fraction | None]


@dataclass(frozen=True, slots=True)
class Counter:
    """A count of whole Ah in two bytes: 256 * high + low."""

    name: str
    low: int
    high: int


def as_it_is(_: Scale) -> Fraction:
    return Fraction(1)


def system_volts(scale: Scale) -> Fraction | None:
    return scale.system_volts and scale.system_volts / 12


def charge_step(scale: Scale) -> Fraction | None:
    return scale.charge_step


def load_step(scale: Scale) -> Fraction | None:
    return scale.load_step


# fmt: off
REGISTERS = (
    #        name                    address  valid raw  times over  unit
    Register("duty_cycle_percent",       39,    0, 240,    5,  12,  as_it_is),
    Register("battery_volts",            50,   75, 203,    1,  10,  system_volts),
    Register("battery_celsius",          52,    1,  80,    1,   1,  as_it_is),      # 0: no sensor; below 0: unknown
    Register("solar_volts",              53,    0, 199,    1,   2,  as_it_is),
    Register("state_of_charge_percent", 181,    0, 127,    1,   1,  as_it_is),
    Register("battery_max_volts",       182,   75, 203,    1,  10,  system_volts),
    Register("battery_min_volts",       183,   75, 203,    1,  10,  system_volts),
    Register("internal_charge_amps",    213,    0, 254,    1,   1,  charge_step),      # 255: the byte's limit
    Register("internal_load_amps",      217,    0, 254,    1,   1,  load_step),
)

COUNTERS = (
    #       name                         low  high
    Counter("internal_charge_amp_hours", 188, 189),
    Counter("external_charge_amp_hours", 193, 194),
    Counter("internal_load_amp_hours",   198, 199),
    Counter("external_load_amp_hours",   203, 204),
)

# fmt: on

FLAGS = {"load_disconnected": 0, "generator_running": 1, "alarm": 4}
"""Bits of OUTPUTS."""


def pairs(raw: Mapping[int, int]) -> bytes:
    """Bytes with their addresses, as Reading.raw keeps them: pairs (address, value), ascending."""
    return bytes(byte for address in sorted(raw) for byte in (address, raw[address]))


def by_address(raw: bytes) -> dict[int, int]:
    """The bytes of Reading.raw by their address. Raises ValueError when they are not pairs."""
    if len(raw) % 2:
        raise ValueError(f"cannot take {len(raw)} bytes apart: they are not pairs of address and value")
    return dict(zip(raw[::2], raw[1::2], strict=True))


def decode(
    raw: bytes | Mapping[int, int],
    steps: Steps | None = None,
    *,
    time_ms: int,
    boot: int,
    uptime_ms: int,
    reading_seconds: float | None = None,
    known_highs: Mapping[int, int | None] = MappingProxyType({}),
) -> Reading:
    """The Reading from these bytes of RAM, given as Reading.raw or by address; what is absent is None.

    `known_highs`: high bytes of counters that stand for those that were not read, because they cannot have changed.
    """
    ram = by_address(raw) if isinstance(raw, bytes) else dict(raw)
    scale = scale_of(ram, steps or Steps())
    values = {register.name: _quantity(ram.get(register.address), register, scale) for register in REGISTERS}
    values |= {counter.name: _count(ram, counter, known_highs) for counter in COUNTERS}
    charges, external_charge = _external(ram, EXTERNAL_CHARGE, enabled=2, coarse=0)
    loads, external_load = _external(ram, EXTERNAL_LOAD, enabled=3, coarse=1)
    charge = _total(values["internal_charge_amps"], charges)
    load = _total(values["internal_load_amps"], loads)
    volts = values["battery_volts"]
    values |= {
        "charge_amps": charge,
        "load_amps": load,
        "external_charge_amps": external_charge,
        "external_load_amps": external_load,
        "charge_watts": None if volts is None or charge is None else round(volts * charge, 2),
        "load_watts": None if volts is None or load is None else round(volts * load, 2),
        "charge_amp_hours": _total(values["internal_charge_amp_hours"], values["external_charge_amp_hours"]),
        "load_amp_hours": _total(values["internal_load_amp_hours"], values["external_load_amp_hours"]),
        "regulator_clock_seconds": clock_seconds(ram),
    }
    flags = {name: ram[OUTPUTS] >> bit & 1 if OUTPUTS in ram else None for name, bit in FLAGS.items()}
    duty = values["duty_cycle_percent"]
    values["duty_cycle_percent"] = duty and round(duty, 2)
    return Reading(
        time_ms=time_ms,
        boot=boot,
        uptime_ms=uptime_ms,
        model=model_of(ram[SOFTWARE_VERSION]).name if SOFTWARE_VERSION in ram else None,
        regulator_state=STATES[ram[REGULATOR_STATE] & 3] if REGULATOR_STATE in ram else None,
        solar_disconnected=_solar_disconnected(ram),
        reading_seconds=reading_seconds,
        raw=pairs(ram),
        **flags,
        **{name: None if value is None else float(value) for name, value in values.items()},  # type: ignore[arg-type]
    )


def highs_of(counts: Iterable[float | None]) -> dict[int, int]:
    """The high bytes of a reading's four COUNTERS, by address, since `raw` need not have them."""
    return {
        counter.high: int(count) // 256 for counter, count in zip(COUNTERS, counts, strict=True) if count is not None
    }


def volts_of(ram: Mapping[int, int]) -> int | None:
    """The system voltage, by the low nibble of RAM 93."""
    return SYSTEM_VOLTS.get(ram[SYSTEM] & 0x0F) if SYSTEM in ram else None


def scale_of(ram: Mapping[int, int], steps: Steps) -> Scale:
    """The scale from RAM 0 and RAM 93, and from `steps` for the currents."""
    volts = volts_of(ram)
    fraction = None if volts is None else Fraction(volts)
    if SOFTWARE_VERSION not in ram:
        return Scale(fraction, None, None)
    model = model_of(ram[SOFTWARE_VERSION])
    return Scale(fraction, steps.charge_of(model), steps.load_of(model))


def clock_seconds(ram: Mapping[int, int]) -> Fraction | None:
    """The regulator's time of day: tenths of an hour, minutes within one, steps of two seconds."""
    if not {HOURS, MINUTES, SECONDS} <= ram.keys():
        return None
    if ram[HOURS] > 239 or ram[MINUTES] > 5 or ram[SECONDS] > 29:
        return None
    return Fraction(ram[HOURS] * 360 + ram[MINUTES] * 60 + ram[SECONDS] * 2)


def _quantity(raw: int | None, register: Register, scale: Scale) -> Fraction | None:
    unit = register.unit(scale)
    if raw is None or unit is None or not register.lowest <= raw <= register.highest:
        return None
    return raw * Fraction(register.times, register.over) * unit


def _count(ram: Mapping[int, int], counter: Counter, known_highs: Mapping[int, int | None]) -> Fraction | None:
    low, high = ram.get(counter.low), ram.get(counter.high, known_highs.get(counter.high))
    if low is None or high is None or (low, high) == (255, 255):
        return None
    return Fraction(256 * high + low)


def _external(
    ram: Mapping[int, int], address: int, *, enabled: int, coarse: int
) -> tuple[Fraction | None, Fraction | None]:
    """What a shunt adds to the total (0 if none is enabled, None if unread), and what it measures."""
    if EXTERNAL_FLAGS not in ram:
        return None, None
    flags = ram[EXTERNAL_FLAGS]
    if not flags >> enabled & 1:
        return Fraction(0), None
    if ram.get(address, 255) == 255:
        return None, None
    amps = Fraction(ram[address], 1 if flags >> coarse & 1 else 10)
    return amps, amps


def _total(*parts: Fraction | None) -> Fraction | None:
    known = [part for part in parts if part is not None]
    return sum(known, Fraction(0)) if len(known) == len(parts) else None


def _solar_disconnected(ram: Mapping[int, int]) -> int | None:
    """1 when either sign of the SOLV screen shows, 0 when both bytes were read and neither does."""
    signs = [ram.get(SCREEN) == SOLV_SCREEN, bool(ram.get(UPDATE, 0) >> 4 & 1)]
    if any(signs):
        return 1
    return 0 if SCREEN in ram and UPDATE in ram else None
