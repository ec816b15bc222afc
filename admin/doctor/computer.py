"""Checks the computer: model, power supply, temperature, clock."""

from collections.abc import Iterator
from pathlib import Path

from admin.doctor.finding import Finding, bad, look, ok, skipped
from admin.health.clock_state import CHRONY_REMEDY, REMEDY
from admin.terminal.words import count, duration
from logger.clock.host_clock import Moment
from logger.clock.trust import CHRONY, Evidence, absurd
from logger.computer import LOW_VOLTAGE, LOW_VOLTAGE_BEFORE, SYS, TOO_HOT, TOO_HOT_BEFORE, celsius, read, throttled

DEVICE_TREE = Path("/proc/device-tree/model")

HOT_CELSIUS, WARM_CELSIUS = 80.0, 70.0

SUPPLY = "use a better power supply (5.1 volts, 3 amperes) and a short, thick cable; unplug other USB devices"
NOT_AVAILABLE = "not available on this computer"
SHADE = "give the computer shade and air, or a heat sink; heat also wears out the card"


def computer(moment: Moment, *, sys: Path = SYS, device_tree: Path = DEVICE_TREE) -> Iterator[Finding]:
    """The findings, from the kernel's files in `sys`."""
    model = read(device_tree) or "unknown model"
    yield ok("computer", f"{model}, running for {duration(moment.uptime_ms / 1000)}")
    bits = throttled(sys)
    yield _power(bits)
    yield _temperature(celsius(sys), bits or 0)


def _power(bits: int | None) -> Finding:
    if bits is None:
        return skipped("power", NOT_AVAILABLE)
    if bits & LOW_VOLTAGE:
        return bad("power", "the voltage is too low now", SUPPLY)
    if bits & LOW_VOLTAGE_BEFORE:
        return look("power", "the voltage has been too low since the computer started", SUPPLY)
    return ok("power", "the voltage is right")


def _temperature(degrees: float | None, bits: int) -> Finding:
    if degrees is None:
        return skipped("temperature", NOT_AVAILABLE)
    found = f"{degrees:.0f} degrees Celsius"
    if degrees >= HOT_CELSIUS or bits & TOO_HOT:
        return bad("temperature", f"{found}: so hot that the computer slows down", SHADE)
    if degrees >= WARM_CELSIUS:
        return look("temperature", found, SHADE)
    if bits & TOO_HOT_BEFORE:
        return look("temperature", f"{found}; it has been too hot since the computer started", SHADE)
    return ok("temperature", found)


def clock(moment: Moment, evidence: Evidence | None, held: int) -> Finding:
    """Whether the clock is right, and how many readings are held until it is confirmed."""
    waiting = f"; {count(held, 'reading')} held until it is confirmed" if held else ""
    if why := absurd(moment.time_ms):
        return bad("clock", f"the date is wrong, {why}{waiting}", REMEDY)
    if evidence and evidence.source == CHRONY and held:
        return look("clock", f"right: {evidence.source}, but the kernel does not know{waiting}", CHRONY_REMEDY)
    if evidence:
        return ok("clock", f"right: {evidence.source}{waiting}")
    return look("clock", f"the clock has not been confirmed{waiting}", REMEDY)
