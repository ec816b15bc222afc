"""A Raspberry Pi's power supply and temperature, from the kernel's files.

Bits of the firmware's answer: raspberrypi.com, vcgencmd get_throttled. Bits from 16 on: at any time since the start.
"""

from pathlib import Path

SYS = Path("/sys")
LOW_VOLTAGE, TOO_HOT, LOW_VOLTAGE_BEFORE, TOO_HOT_BEFORE = 0x1, 0x4 | 0x8, 0x10000, 0x40000 | 0x80000
LOW_VOLTAGE_EVER = LOW_VOLTAGE | LOW_VOLTAGE_BEFORE
FIRMWARE = "devices/platform/soc*/soc*firmware/get_throttled"


def throttled(sys: Path = SYS) -> int | None:
    """The firmware's bits. The voltage sensor can set LOW_VOLTAGE too. None if there is neither."""
    bits = next((bits for path in sys.glob(FIRMWARE) if (bits := _hexadecimal(read(path))) is not None), None)
    alarms = [
        alarm
        for path in sys.glob("class/hwmon/hwmon*/name")
        if read(path) == "rpi_volt" and (alarm := read(path.with_name("in0_lcrit_alarm")))
    ]
    if bits is None and not alarms:
        return None
    return (bits or 0) | (LOW_VOLTAGE if "1" in alarms else 0)


def celsius(sys: Path = SYS) -> float | None:
    """The processor's temperature; None if there is no sensor."""
    zones = sorted(sys.glob("class/thermal/thermal_zone*"))
    zones.sort(key=lambda zone: "cpu" not in (read(zone / "type") or ""))
    text = next((text for zone in zones if (text := read(zone / "temp"))), "")
    return int(text) / 1000 if text.lstrip("-").isdigit() else None


def read(path: Path) -> str | None:
    """The file's text, without surrounding blanks, line ends and NUL bytes; None if it cannot be read."""
    try:
        return path.read_text().strip("\0\n ")
    except (OSError, ValueError):
        return None


def _hexadecimal(text: str | None) -> int | None:
    try:
        return int((text or "").removeprefix("throttled="), 16)
    except ValueError:
        return None
