"""Checks the computer: model, power supply, temperature, clock."""

from collections.abc import Iterator
from pathlib import Path

from admin.doctor.finding import Finding, bad, look, ok, skipped
from admin.health.clock_state import CHRONY_REMEDY, REMEDY
from admin.terminal.words import count, duration
from journal.errors import JournalError
from journal.journal import Journal
from logger.clock.host_clock import Moment
from logger.clock.trust import CHRONY, Evidence, absurd

SYS = Path("/sys")
DEVICE_TREE = Path("/proc/device-tree/model")

# Bits of the firmware's answer (raspberrypi.com, vcgencmd get_throttled); bits from 16 on: since the start.
LOW_VOLTAGE, TOO_HOT, LOW_VOLTAGE_BEFORE, TOO_HOT_BEFORE = 0x1, 0x4 | 0x8, 0x10000, 0x40000 | 0x80000
FIRMWARE = "devices/platform/soc*/soc*firmware/get_throttled"
HOT_CELSIUS, WARM_CELSIUS = 80.0, 70.0

SUPPLY = "use a better power supply (5.1 volts, 3 amperes) and a short, thick cable; unplug other USB devices"
NOT_AVAILABLE = "not available on this computer"
SHADE = "give the computer shade and air, or a heat sink; heat also wears out the card"


def computer(moment: Moment, *, sys: Path = SYS, device_tree: Path = DEVICE_TREE) -> Iterator[Finding]:
    """The findings, from the kernel's files in `sys`."""
    model = _read(device_tree) or "unknown model"
    yield ok("computer", f"{model}, running for {duration(moment.uptime_ms / 1000)}")
    throttled = _throttled(sys)
    yield _power(sys, throttled)
    yield _temperature(sys, throttled or 0)


def _power(sys: Path, throttled: int | None) -> Finding:
    alarms = [
        _read(path.with_name("in0_lcrit_alarm"))
        for path in sys.glob("class/hwmon/hwmon*/name")
        if _read(path) == "rpi_volt"
    ]
    if throttled is None and not any(alarms):
        return skipped("power", NOT_AVAILABLE)
    if (throttled or 0) & LOW_VOLTAGE or "1" in alarms:
        return bad("power", "the voltage is too low now", SUPPLY)
    if (throttled or 0) & LOW_VOLTAGE_BEFORE:
        return look("power", "the voltage has been too low since the computer started", SUPPLY)
    return ok("power", "the voltage is right")


def _temperature(sys: Path, throttled: int) -> Finding:
    zones = sorted(sys.glob("class/thermal/thermal_zone*"))
    zones.sort(key=lambda zone: "cpu" not in (_read(zone / "type") or ""))
    text = next((text for zone in zones if (text := _read(zone / "temp"))), "")
    if not text.lstrip("-").isdigit():
        return skipped("temperature", NOT_AVAILABLE)
    celsius = int(text) / 1000
    found = f"{celsius:.0f} degrees Celsius"
    if celsius >= HOT_CELSIUS or throttled & TOO_HOT:
        return bad("temperature", f"{found}: so hot that the computer slows down", SHADE)
    if celsius >= WARM_CELSIUS:
        return look("temperature", found, SHADE)
    if throttled & TOO_HOT_BEFORE:
        return look("temperature", f"{found}; it has been too hot since the computer started", SHADE)
    return ok("temperature", found)


def clock(moment: Moment, evidence: Evidence | None, data: Path) -> Finding:
    """Whether the clock is right, and how many readings are held until it is confirmed."""
    held = _held(data)
    waiting = f"; {count(held, 'reading')} held until it is confirmed" if held else ""
    if why := absurd(moment.time_ms):
        return bad("clock", f"the date is wrong, {why}{waiting}", REMEDY)
    if evidence and evidence.source == CHRONY and held:
        return look("clock", f"right: {evidence.source}, but the kernel does not know{waiting}", CHRONY_REMEDY)
    if evidence:
        return ok("clock", f"right: {evidence.source}{waiting}")
    return look("clock", f"the clock has not been confirmed{waiting}", REMEDY)


def _held(data: Path) -> int:
    try:
        with Journal.open(data / "journal.db") as journal:
            return sum(last - first + 1 for first, last in journal.held("readings"))
    except JournalError:
        return 0


def _throttled(sys: Path) -> int | None:
    for path in sys.glob(FIRMWARE):
        try:
            return int(path.read_text().strip().removeprefix("throttled="), 16)
        except (OSError, ValueError):
            continue
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text().strip("\0\n ")
    except (OSError, ValueError):
        return None
