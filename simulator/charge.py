"""The charge cycle: which voltage the regulator is heading for, and when it moves on.

boost ──3 min at BMAX──> absorption ──ATIM at ABSV──> float ──10 min below BRTN, or BFRQ days──> boost
  └──if due──> equalise ──ETIM at EMAX, or 4 days──┘
                  ^ also at nine in the morning, EFRQ days after the last one (not at all with an ETIM of 0)
"""

from simulator import addresses as at

BOOST, EQUALISE, ABSORPTION, FLOAT = range(4)
STATES = ("boost", "equalise", "absorption", "float")

NEAR_TENTHS = 1
"""A voltage counts as reached one step of the display below it."""


class ChargeCycle:
    """The state, and how long it has lasted. Voltages are tenths, 12 V-equivalent; settings come from the RAM."""

    def __init__(self) -> None:
        self.state = BOOST
        self.days_since_boost = 3
        self.days_since_equalise = 12
        self._reached_seconds = 0
        self._low_seconds = 0
        self._equalise_days = 0

    def target_tenths(self, ram: bytearray) -> int:
        """The voltage to regulate to."""
        return ram[(at.BMAX, at.EMAX, at.ABSV, at.FLTV)[self.state]]

    def tick(self, tenths: float, ram: bytearray, seconds: int) -> bool:
        """Let `seconds` pass at this voltage. True if the state changes."""
        before = self.state
        if tenths >= self.target_tenths(ram) - NEAR_TENTHS:
            self._reached_seconds += seconds
        self._low_seconds = self._low_seconds + seconds if tenths < ram[at.BRET] else 0
        reached = self._reached_seconds
        if self.state == BOOST and reached >= 180:
            self.days_since_boost = 0
            self._enter(EQUALISE if self._is_equalise_due(ram) else ABSORPTION)
        elif self.state == EQUALISE and (reached >= ram[at.ETIM] * 360 or self._equalise_days >= 4):
            self.days_since_equalise = 0
            self._enter(ABSORPTION)
        elif self.state == ABSORPTION and reached >= ram[at.ATIM] * 360:
            self._enter(FLOAT)
        elif self.state == FLOAT and (self._low_seconds >= 600 or self.days_since_boost >= ram[at.BSTFREQ]):
            self._enter(BOOST)
        return self.state != before

    def nine_o_clock(self, ram: bytearray) -> None:
        """Begin to equalise if it is due."""
        if self._is_equalise_due(ram):
            self._enter(EQUALISE)

    def midnight(self) -> None:
        """Count the days."""
        self.days_since_boost = min(255, self.days_since_boost + 1)
        self.days_since_equalise = min(255, self.days_since_equalise + 1)
        self._equalise_days += 1

    def _is_equalise_due(self, ram: bytearray) -> bool:
        return ram[at.ETIM] > 0 and self.days_since_equalise >= ram[at.EQFREQ] and self.state != EQUALISE

    def _enter(self, state: int) -> None:
        self.state = state
        self._reached_seconds = self._low_seconds = self._equalise_days = 0
