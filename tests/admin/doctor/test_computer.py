from pathlib import Path

import pytest

from admin.doctor.computer import clock, computer
from admin.doctor.finding import Finding
from logger.clock.host_clock import Moment
from logger.clock.trust import Evidence

NOW = Moment(time_ms=1_780_000_000_000, boot=1, uptime_ms=3 * 86_400_000)


def pi(directory: Path, files: dict[str, str]) -> dict[str, Finding]:
    """The findings about a computer whose /sys holds these files."""
    for name, content in files.items():
        path = directory / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (directory / "model").write_text("Raspberry Pi Zero 2 W Rev 1.0\0")
    return {finding.name: finding for finding in computer(NOW, sys=directory / "sys", device_tree=directory / "model")}


GET_THROTTLED = "devices/platform/soc/soc:firmware/get_throttled"
ZONE = "class/thermal/thermal_zone0"


def test_a_pi_that_is_well(tmp_path: Path) -> None:
    found = pi(tmp_path, {GET_THROTTLED: "0\n", f"{ZONE}/temp": "48312\n", f"{ZONE}/type": "cpu-thermal\n"})
    assert [(each.verdict.value, each.found) for each in found.values()] == [
        ("ok", "Raspberry Pi Zero 2 W Rev 1.0, running for 3 days"),
        ("ok", "the voltage is right"),
        ("ok", "48 degrees Celsius"),
    ]


PI_5 = "devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled"
HWMON = "class/hwmon/hwmon1"
TOO_LOW = "the voltage is too low now"
NOT_TOLD = "not available on this computer"


@pytest.mark.parametrize(
    ("files", "verdict", "words"),
    [
        ({GET_THROTTLED: "50005\n"}, "bad", TOO_LOW),
        ({GET_THROTTLED: "50000\n"}, "look", "the voltage has been too low since the computer started"),
        ({PI_5: "1\n"}, "bad", TOO_LOW),
        ({f"{HWMON}/name": "rpi_volt\n", f"{HWMON}/in0_lcrit_alarm": "1\n"}, "bad", TOO_LOW),
        ({f"{HWMON}/name": "rpi_volt\n", f"{HWMON}/in0_lcrit_alarm": "0\n"}, "ok", "the voltage is right"),
        ({f"{HWMON}/name": "nvme\n", f"{HWMON}/in0_lcrit_alarm": "1\n"}, "skipped", NOT_TOLD),
        ({GET_THROTTLED: "what\n"}, "skipped", NOT_TOLD),
        ({}, "skipped", NOT_TOLD),
    ],
    ids=["now", "before", "a Pi 5", "hwmon", "hwmon is content", "another hwmon", "nonsense", "no Pi"],
)
def test_the_power_supply(tmp_path: Path, files: dict[str, str], verdict: str, words: str) -> None:
    finding = pi(tmp_path, files)["power"]
    assert (finding.verdict.value, finding.found) == (verdict, words)


OTHER = "class/thermal/thermal_zone1"
TWO_ZONES = {f"{ZONE}/temp": "90000", f"{ZONE}/type": "wifi", f"{OTHER}/temp": "40000", f"{OTHER}/type": "cpu"}
WAS_HOT = {f"{ZONE}/temp": "50000", GET_THROTTLED: "80000"}


@pytest.mark.parametrize(
    ("files", "verdict", "words"),
    [
        ({f"{ZONE}/temp": "83500"}, "bad", "84 degrees Celsius: so hot that the computer slows down"),
        ({f"{ZONE}/temp": "72000"}, "look", "72 degrees Celsius"),
        (WAS_HOT, "look", "50 degrees Celsius; it has been too hot since the computer started"),
        ({f"{ZONE}/temp": "-5000"}, "ok", "-5 degrees Celsius"),
        (TWO_ZONES, "ok", "40 degrees Celsius"),
        ({f"{ZONE}/temp": ""}, "skipped", NOT_TOLD),
    ],
    ids=["hot", "warm", "was hot", "frost", "two zones", "nothing in it"],
)
def test_the_temperature(tmp_path: Path, files: dict[str, str], verdict: str, words: str) -> None:
    finding = pi(tmp_path, files)["temperature"]
    assert (finding.verdict.value, finding.found) == (verdict, words)


def test_a_clock_that_somebody_vouches_for() -> None:
    finding = clock(NOW, Evidence("the kernel is synchronised with a time server"), held=0)
    assert (finding.verdict.value, finding.found) == ("ok", "right: the kernel is synchronised with a time server")


def test_a_clock_that_nobody_vouches_for_holds_readings_back() -> None:
    finding = clock(NOW, None, held=2)
    assert finding.verdict.value == "look"
    assert finding.found == "the clock has not been confirmed; 2 readings held until it is confirmed"


def test_a_clock_in_the_past_is_wrong_whoever_vouches_for_it() -> None:
    finding = clock(Moment(0, 1, 1), Evidence("SOLAR_CLOCK=trust says so"), held=0)
    assert (finding.verdict.value, finding.found) == ("bad", "the date is wrong, before 2026")
