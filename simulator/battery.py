"""A lead-acid bank. All volts are 12 V-equivalent: for six cells, however many are in series.

The voltage is the rest voltage plus current times a resistance that rises steeply as the bank fills. This makes a
charge cycle: at a given voltage a full bank takes almost no current.
"""


class Battery:
    """A bank of `amp_hours`, filled to `fullness` (0 to 1)."""

    def __init__(self, amp_hours: float, fullness: float) -> None:
        self.amp_hours = amp_hours
        self.fullness = fullness
        self.volts = self.rest_volts

    @property
    def rest_volts(self) -> float:
        """The voltage without current."""
        return 11.55 + 1.2 * self.fullness

    def resistance(self, *, is_charging: bool) -> float:
        """Volts per ampere, for a current in either direction."""
        full = self.fullness
        ohms = 0.25 + 0.2 * full + 2.0 * full**12 + 20.0 * full**80 if is_charging else 0.5 + 0.5 * (1 - full) ** 4
        return ohms * 20 / self.amp_hours

    def amps_at(self, volts: float) -> float:
        """The current it takes (gives, when negative) at a constant voltage."""
        drive = volts - self.rest_volts
        return drive / self.resistance(is_charging=drive > 0)

    def flow(self, amps: float, seconds: float) -> None:
        """Let a current flow into it, out of it when negative, for a few seconds."""
        settled = self.rest_volts + amps * self.resistance(is_charging=amps > 0)
        self.volts += (settled - self.volts) * min(1.0, seconds / 20)
        kept = 1 - self.fullness**30 if amps > 0 else 1.0
        self.fullness = min(1.0, max(0.0, self.fullness + amps * kept * seconds / 3600 / self.amp_hours))
