"""The regulator's filtered measurements: they follow the flows slowly, and so does everything counted from them."""

from simulator.site import Flows


class Meters:
    """Volts are tenths, 12 V-equivalent; currents amperes."""

    def __init__(self, flows: Flows) -> None:
        """The values after a long time with these flows."""
        self.tenths = self.slow_tenths = flows.volts * 10
        self.charge_amps = flows.charge_amps
        self.load_amps = flows.load_amps
        self.external_charge_amps = flows.external_charge_amps
        self.external_load_amps = flows.external_load_amps
        self.duty = flows.duty
        self.celsius = flows.celsius
        self.solar_open_volts = flows.solar_open_volts
        self.is_external_charge_coarse = False
        self.is_external_load_coarse = False

    def measure(self, flows: Flows, *, is_solar_connected: bool) -> None:
        """Follow one tick's flows."""
        self.tenths += (flows.volts * 10 - self.tenths) * 0.3
        # It takes the manual's "up to 40 minutes" to settle.
        self.slow_tenths += (self.tenths - self.slow_tenths) / 300
        self.charge_amps = (
            self.charge_amps + (flows.charge_amps - self.charge_amps) * 0.3 if is_solar_connected else 0.0
        )
        self.load_amps += (flows.load_amps - self.load_amps) * 0.3
        self.external_charge_amps += (flows.external_charge_amps - self.external_charge_amps) * 0.3
        self.external_load_amps += (flows.external_load_amps - self.external_load_amps) * 0.3
        self.duty += (flows.duty - self.duty) * 0.03
        self.celsius += (flows.celsius - self.celsius) / 5000
        self.solar_open_volts = flows.solar_open_volts
        self.is_external_charge_coarse = is_coarse(self.external_charge_amps, self.is_external_charge_coarse)
        self.is_external_load_coarse = is_coarse(self.external_load_amps, self.is_external_load_coarse)


def is_coarse(amps: float, before: bool) -> bool:
    """Whether a shunt is read in whole amperes: above 25 A, and until it is below 20 A again (choice)."""
    return amps > (20 if before else 25)
