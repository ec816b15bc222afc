"""All options of a simulated site before it starts."""

from dataclasses import dataclass, field

from simulator.faults import Faults
from simulator.models import MODELS, VOLT_CODES, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorOptions:
    """By default a PL80 on a 24 V bank at ten in the morning.

    Raises ValueError with one line that names the value and says what would be right.

    speed               simulated seconds per real second; the answers are faster by the same factor
    start_hour          local time of day at the start, for the sun and the household
    clock_offset_hours  the regulator's clock minus local time; its midnight is not the site's
    battery_percent     how full the battery really is at the start
    version             RAM 0, instead of the model's
    charge_step_amps    amperes per step of RAM 213 and 77, instead of the model's; load_step_amps likewise for RAM 217
    external_charge     a wind turbine and a generator on a shunt; external_load: an inverter on a shunt (RAM 205, 206)
    history_days        how many of the 30 daily records already exist; the other slots hold blank_byte
    pointer_first       at midnight the pointer moves before the record is written, not after
    answer_seconds      shortest and longest time from a command to its answer, before the division by speed
    late_seconds        how late a late answer is, in real seconds
    unplugged_code      what the PLI answers when there is no regulator: 129 or 133
    """

    model: str = "PL80"
    system_volts: int = 24
    speed: float = 1.0
    start_hour: float = 10.0
    clock_offset_hours: float = 0.0
    seed: int = 1
    faults: Faults = field(default_factory=Faults)
    battery_percent: float = 76.0
    battery_amp_hours: int | None = None
    version: int | None = None
    charge_step_amps: float | None = None
    load_step_amps: float | None = None
    external_charge: bool = False
    external_load: bool = False
    temperature_sensor: bool = True
    history_days: int = 30
    blank_byte: int = 0xFF
    pointer_first: bool = False
    answer_seconds: tuple[float, float] = (0.07, 0.2)
    late_seconds: tuple[float, float] = (0.3, 2.5)
    unplugged_code: int = 129

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"cannot simulate a '{self.model}': choose {', '.join(MODELS)}")
        if self.system_volts not in VOLT_CODES:
            volts = ", ".join(map(str, VOLT_CODES))
            raise ValueError(f"cannot simulate {self.system_volts} system volts: choose {volts}")
        # At a higher speed a small computer does not finish one moment before the next is due.
        if not 0 < self.speed <= 10_000:
            raise ValueError(f"cannot simulate at speed {self.speed:g}: it must be greater than 0 and at most 10000")
        if not 0 <= self.start_hour < 24:
            raise ValueError(f"cannot start at hour {self.start_hour}: it must be from 0 to below 24")
        if not -24 <= self.clock_offset_hours <= 24:
            raise ValueError(
                f"cannot put the regulator's clock {self.clock_offset_hours:g} hours ahead: give -24 to 24"
            )
        if not 0 <= self.battery_percent <= 100:
            raise ValueError(f"cannot start with a battery {self.battery_percent} % full: it must be from 0 to 100")
        if self.battery_amp_hours is not None and not 20 <= self.battery_amp_hours <= 20_000:
            raise ValueError(f"cannot simulate {self.battery_amp_hours} Ah: it must be from 20 to 20000")
        if self.version is not None and not 0 <= self.version <= 255:
            raise ValueError(f"cannot use version {self.version}: RAM 0 holds 0 to 255")
        for step in (self.charge_step_amps, self.load_step_amps):
            if step is not None and not 0 < step <= 10:
                raise ValueError(f"cannot use a step of {step} A: it must be greater than 0 and at most 10")
        if not 0 <= self.history_days <= 30:
            raise ValueError(f"cannot fill {self.history_days} days of history: it must be from 0 to 30")
        for shortest, longest in (self.answer_seconds, self.late_seconds):
            if not 0 <= shortest <= longest:
                raise ValueError(f"cannot wait from {shortest} to {longest} seconds: give the shorter time first")
        if self.unplugged_code not in (129, 133):
            raise ValueError(f"cannot answer {self.unplugged_code} for a missing regulator: it is 129 or 133")

    @property
    def traits(self) -> Model:
        """The chosen model."""
        return MODELS[self.model]

    @property
    def charge_step(self) -> float:
        """Amperes per step of RAM 213 and 77."""
        return self.traits.charge_step_amps if self.charge_step_amps is None else self.charge_step_amps

    @property
    def load_step(self) -> float:
        """Amperes per step of RAM 217."""
        return self.traits.load_step_amps if self.load_step_amps is None else self.load_step_amps

    @property
    def bank_amp_hours(self) -> int:
        """The battery's capacity."""
        return self.traits.bank_amp_hours if self.battery_amp_hours is None else self.battery_amp_hours
