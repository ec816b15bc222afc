"""The state of a regulator apart from its memory: clock, measurements, charge cycle, outputs, counters."""

from dataclasses import dataclass, field

from simulator.charge import ChargeCycle
from simulator.counters import Balance, DayCounters
from simulator.meters import Meters
from simulator.outputs import Outputs


@dataclass(slots=True)
class State:
    """A power failure clears all of it except the meters, which settle within seconds.

    `ticks` is the clock, two seconds each since midnight.
    """

    ticks: int
    meters: Meters
    counters: DayCounters
    charge: ChargeCycle = field(default_factory=ChargeCycle)
    outputs: Outputs = field(default_factory=Outputs)
    balance: Balance = field(default_factory=Balance)
    days_since_generator: int = 1
    sampled_solar_volts: float = 0.0
    is_midnight_half_done: bool = False
