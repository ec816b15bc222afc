"""The computer: which one, its power supply and temperature where the kernel tells, and whether its clock is right."""

from collections.abc import Iterator
from pathlib import Path

from admin.finding import Finding, bad, look, ok, skipped
from admin.words import count, duration
from journal.errors import JournalError
from journal.journal import Journal
from logger.clock import Moment
from logger.trust import Evidence, absurd

SYS = Path("/sys")
DEVICE_TREE = Path("/proc/device-tree/model")

# Bits of the firmware's answer (raspberrypi.com, vcgencmd get_throttled); from 16 on: since the start.
LOW_VOLTAGE, TOO_HOT, LOW_VOLTAGE_BEFORE, TOO_HOT_BEFORE = 0x1, 0x4 | 0x8, 0x10000, 0x40000 | 0x80000
FIRMWARE = "devices/platform/soc*/soc*firmware/get_throttled"
HOT_CELSIUS, WARM_CELSIUS = 80.0, 70.0

SUPPLY = "a better power supply (5.1 volts, 3 amperes) and a short, thick cable; nothing else on its USB sockets"
SHADE = "shade and air for the computer, or a heat sink; heat also ages the card"


def computer(moment: Moment, *, sys: Path = SYS, device_tree: Path = DEVICE_TREE) -> Iterator[Finding]:
    """What the kernel tells in `sys`."""
    model = _read(device_tree) or "of a kind that the kernel does not name"
    yield ok("computer", f"{model}, up for {duration(moment.uptime_ms / 1000)}")
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
        return skipped("power", "this computer does not tell")
    if (throttled or 0) & LOW_VOLTAGE or "1" in alarms:
        return bad("power", "its voltage is too low at this moment", SUPPLY)
    if (throttled or 0) & LOW_VOLTAGE_BEFORE:
        return look("power", "its voltage has been too low at times since the start", SUPPLY)
    return ok("power", "its voltage is right")


def _temperature(sys: Path, throttled: int) -> Finding:
    zones = sorted(sys.glob("class/thermal/thermal_zone*"))
    zones.sort(key=lambda zone: "cpu" not in (_read(zone / "type") or ""))
    text = next((text for zone in zones if (text := _read(zone / "temp"))), "")
    if not text.lstrip("-").isdigit():
        return skipped("temperature", "this computer does not tell")
    celsius = int(text) / 1000
    found = f"{celsius:.0f} degrees Celsius"
    if celsius >= HOT_CELSIUS or throttled & TOO_HOT:
        return bad("temperature", f"{found}, so hot that it slows itself down", SHADE)
    if celsius >= WARM_CELSIUS:
        return look("temperature", found, SHADE)
    if throttled & TOO_HOT_BEFORE:
        return look("temperature", f"{found}; it has been too hot since the start", SHADE)
    return ok("temperature", found)


def clock(moment: Moment, evidence: Evidence | None, data: Path) -> Finding:
    """Whether the time is right, and how many readings wait in the journal for it to be known."""
    held = _held(data)
    waiting = f"; {count(held, 'reading')} held back until it is known" if held else ""
    if why := absurd(moment.time_ms):
        remedy = "connect it to the network so that it can set its clock, or set it: sudo timedatectl set-time"
        return bad("clock", f"it is wrong, {why}{waiting}", remedy)
    if evidence:
        return ok("clock", f"right: {evidence.source}{waiting}")
    remedy = (
        "connect it to the network, check that timedatectl says synchronized; or, if it shows the right time: "
        "solar clock trust"
    )
    return look("clock", f"nothing says that it is right{waiting}", remedy)


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
