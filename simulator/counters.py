"""The current day's figures: four Ah counters, the extremes, the time of float. Cleared at midnight and at power-up."""

from dataclasses import dataclass

TICK_HOURS = 2 / 3600


@dataclass(slots=True)
class DayCounters:
    """Ampere-hours since midnight, with their fractions, and the extremes in tenths of a volt (12 V-equivalent)."""

    max_tenths: float
    min_tenths: float
    charge_amp_hours: float = 0.0
    external_charge_amp_hours: float = 0.0
    load_amp_hours: float = 0.0
    external_load_amp_hours: float = 0.0
    float_tenths: int = 0

    def add(self, charge: float, external_charge: float, load: float, external_load: float, slow_tenths: float) -> None:
        """Count one tick of these currents; `slow_tenths` is the heavily filtered voltage."""
        self.charge_amp_hours += charge * TICK_HOURS
        self.external_charge_amp_hours += external_charge * TICK_HOURS
        self.load_amp_hours += load * TICK_HOURS
        self.external_load_amp_hours += external_load * TICK_HOURS
        self.max_tenths = max(self.max_tenths, slow_tenths)
        self.min_tenths = min(self.min_tenths, slow_tenths)

    def clear(self, counter: int) -> None:
        """Clear one of the four: 0 charge, 1 external charge, 2 load, 3 external load."""
        match counter:
            case 0:
                self.charge_amp_hours = 0.0
            case 1:
                self.external_charge_amp_hours = 0.0
            case 2:
                self.load_amp_hours = 0.0
            case 3:
                self.external_load_amp_hours = 0.0

    def in_amp_hours(self) -> int:
        """IN: internal and external charge, as the history keeps it."""
        return int(self.charge_amp_hours) + int(self.external_charge_amp_hours)

    def out_amp_hours(self) -> int:
        """OUT: internal and external load."""
        return int(self.load_amp_hours) + int(self.external_load_amp_hours)


@dataclass(slots=True)
class Balance:
    """The regulator's idea of the state of charge: Ah in minus Ah out since it last saw the battery as full."""

    amp_hours: float = 0.0
    discharged_amp_hours: float = 0.0

    def add(self, amps: float, capacity_amp_hours: int) -> None:
        """Count one tick. Above 100 % the first whole Ah taken out brings it back to 100."""
        amp_hours = amps * TICK_HOURS
        if self.amp_hours > 0 and amp_hours < 0:
            self.discharged_amp_hours -= amp_hours
            if self.discharged_amp_hours >= 1:
                self.fill()
                return
        self.amp_hours = max(-capacity_amp_hours, min(0.27 * capacity_amp_hours, self.amp_hours + amp_hours))

    def fill(self) -> None:
        """Call this state 100 %."""
        self.amp_hours = self.discharged_amp_hours = 0.0

    def percent(self, capacity_amp_hours: int) -> int:
        """From 0 to 127."""
        return max(0, min(127, round(100 + 100 * self.amp_hours / max(1, capacity_amp_hours))))
