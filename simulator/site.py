"""The hardware around the regulator: panels, battery, household, and the devices on the external shunts."""

from typing import NamedTuple

from simulator.battery import Battery
from simulator.options import SimulatorOptions
from simulator.weather import Weather

TICK_SECONDS = 2
"""Everything moves in the regulator's own steps, which RAM 46 counts."""


class Flows(NamedTuple):
    """What really flows during one tick; volts are 12 V-equivalent."""

    volts: float
    charge_amps: float
    load_amps: float
    external_charge_amps: float
    external_load_amps: float
    duty: float
    solar_open_volts: float
    celsius: float


class Switches(NamedTuple):
    """The positions of the regulator's switches."""

    target_volts: float
    limit_amps: float
    is_solar_connected: bool
    is_load_connected: bool
    is_generator_on: bool


ALL_OFF = Switches(
    target_volts=0.0, limit_amps=0.0, is_solar_connected=False, is_load_connected=False, is_generator_on=False
)


class Site:
    """One household, from `start_hour` of its day 0 on."""

    def __init__(self, options: SimulatorOptions) -> None:
        self.battery = Battery(options.bank_amp_hours, options.battery_percent / 100)
        self._traits = options.traits
        self._has_turbine = options.external_charge
        self._has_inverter = options.external_load
        self._weather = Weather(options.seed)
        self._seconds = options.start_hour * 3600

    def step(self, switches: Switches) -> Flows:
        """Let one tick pass with these positions of the switches."""
        self._seconds += TICK_SECONDS
        now = self._seconds
        weather, battery, traits = self._weather, self.battery, self._traits
        sun = weather.sunlight(now)
        available = min(sun * traits.array_amps, switches.limit_amps)
        load = weather.household(now) * traits.load_limit_amps if switches.is_load_connected else 0.0
        external_charge = weather.wind(now) * battery.amp_hours / 40 if self._has_turbine else 0.0
        if switches.is_generator_on:
            external_charge += battery.amp_hours / 15
        external_load = weather.inverter(now) * battery.amp_hours / 15 if self._has_inverter else 0.0

        others = external_charge - external_load - load
        wanted = battery.amps_at(switches.target_volts) - others
        charge = max(0.0, min(available, wanted)) if switches.is_solar_connected else 0.0
        battery.flow(charge + others, TICK_SECONDS)
        return Flows(
            volts=battery.volts,
            charge_amps=charge,
            load_amps=load,
            external_charge_amps=external_charge,
            external_load_amps=external_load,
            # In the dark the switch stays closed: there is nothing to hold back.
            duty=charge / available if available > 0.05 else 1.0,
            solar_open_volts=21.5 * min(1.0, sun * 40) * (0.82 + 0.18 * sun**0.5),
            celsius=weather.celsius(now),
        )
