"""What the regulator switches by voltage, once a minute: the load, the alarm, the generator.

    load        off after LDEL minutes below LOFF, on again above L ON
    alarm       below ALRM
    generator   on after GDEL minutes below G ON, off above GOFF; not between 21:00 and 09:00

GMOD counts as 0, and the generator never runs for exercise.
"""

from simulator import addresses as at


class Outputs:
    """The three outputs. Voltages are tenths, 12 V-equivalent."""

    def __init__(self) -> None:
        self.is_load_off = False
        self.is_alarm = False
        self.is_generator_on = False
        self.low_load_minutes = 0
        self._low_generator_minutes = 0

    def minute(self, tenths: float, ram: bytearray, hour_tenths: int) -> None:
        """Let a minute pass at this voltage."""
        self.is_alarm = tenths < ram[at.ASET]

        self.low_load_minutes = self.low_load_minutes + 1 if tenths < ram[at.LOFF] else 0
        if self.low_load_minutes > ram[at.LDEL]:
            self.is_load_off = True
        elif tenths > ram[at.LON]:
            self.is_load_off = False

        self._low_generator_minutes = self._low_generator_minutes + 1 if tenths < ram[at.GON] else 0
        is_quiet = not 90 <= hour_tenths < 210
        if is_quiet or tenths > ram[at.GOFF]:
            self.is_generator_on = False
        elif self._low_generator_minutes > ram[at.GDEL]:
            self.is_generator_on = True
