"""Energy since the regulator's midnight, in watt hours: each counted ampere hour, times the voltage at that time.

The regulator counts ampere hours only. The sum never falls until its counter starts again.
"""

from collections.abc import Iterable

COLUMNS = ("charge_amp_hours", "load_amp_hours", "battery_volts")


class Energies:
    """The energy of charge and load."""

    def __init__(self) -> None:
        self._watt_hours: dict[str, float] = {}
        self._amp_hours: dict[str, float] = {}

    def add(self, rows: Iterable[tuple[float | None, float | None, float | None]]) -> None:
        """Add more readings, in order; a row has their COLUMNS."""
        for charge, load, volts in rows:
            self._count("charge_watt_hours", charge, volts)
            self._count("load_watt_hours", load, volts)

    def _count(self, name: str, amp_hours: float | None, volts: float | None) -> None:
        if amp_hours is None or volts is None:
            return
        before = self._amp_hours.get(name, 0.0)
        if before == 0.0 or amp_hours < before:
            before = self._watt_hours[name] = 0.0
        self._watt_hours[name] += (amp_hours - before) * volts
        self._amp_hours[name] = amp_hours

    def values(self) -> dict[str, float]:
        """The known values, by name."""
        return {name: round(value, 1) for name, value in self._watt_hours.items()}
