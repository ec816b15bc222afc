"""Energy since the regulator's midnight, in watt hours: each counted ampere hour, times the voltage at that time.

The regulator counts ampere hours only. The sum never falls until its counter starts again.
"""

from collections.abc import Iterable

COLUMNS = ("charge_amp_hours", "load_amp_hours", "battery_volts")


class Energy:
    """The energy of one counter."""

    def __init__(self) -> None:
        self.watt_hours: float | None = None
        self._before: float | None = None

    def add(self, amp_hours: float | None, volts: float | None) -> None:
        if amp_hours is None or volts is None:
            return
        before = 0.0 if self._before is None or amp_hours < self._before else self._before
        if before == 0.0:
            self.watt_hours = 0.0
        self.watt_hours = (self.watt_hours or 0.0) + (amp_hours - before) * volts
        self._before = amp_hours


class Energies:
    """The energy of charge and load."""

    def __init__(self) -> None:
        self._charge, self._load = Energy(), Energy()

    def add(self, rows: Iterable[tuple[float | None, float | None, float | None]]) -> None:
        """Add more readings, in order; a row has their COLUMNS."""
        for charge, load, volts in rows:
            self._charge.add(charge, volts)
            self._load.add(load, volts)

    def values(self) -> dict[str, float]:
        """The known values, by name."""
        found = {"charge_watt_hours": self._charge.watt_hours, "load_watt_hours": self._load.watt_hours}
        return {name: round(value, 1) for name, value in found.items() if value is not None}
