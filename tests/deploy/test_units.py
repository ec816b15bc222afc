"""The systemd units, as systemd's own tools judge them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import HELPERS, PROJECT, UNITS, run
from tests.servers import program

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


def settings_of(unit: Path) -> dict[str, list[str]]:
    """Every value of every setting, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if re.match(r"[A-Z]\w+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def test_systemd_verifies_the_units_without_a_word(tmp_path: Path) -> None:
    """On this machine nothing is installed in /opt/solar: copies name a program that is there."""
    copies = []
    for unit in [*UNITS, *HELPERS]:
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(re.sub(r"/opt/solar/(current|previous)/bin/solar", "/bin/true", unit.read_text()))
    verified = run(program("systemd-analyze", "systemd"), "verify", "--man=no", *copies)
    assert (verified.stdout, verified.returncode) == ("", 0)


@each_unit
def test_exposure_is_at_most_2_of_10(unit: Path) -> None:
    judged = run(program("systemd-analyze", "systemd"), "security", "--offline=true", "--threshold=20", unit)
    assert judged.returncode == 0, judged.stdout


@each_unit
def test_a_hung_service_is_running_again_within_60_seconds(unit: Path) -> None:
    found = settings_of(unit)
    assert (found["Type"], found["Restart"], found["StartLimitIntervalSec"]) == (["notify"], ["always"], ["0"])
    assert int(found["WatchdogSec"][0]) <= 60
    if unit.stem == "solar-logger":
        assert sum(int(found[name][0]) for name in ("WatchdogSec", "TimeoutAbortSec", "RestartSec")) <= 60


def test_all_share_one_directory_by_group_and_each_is_a_user_of_its_own() -> None:
    logger, *others = all_settings = [settings_of(unit) for unit in UNITS]
    for name in ("StateDirectory", "StateDirectoryMode", "UMask", "Group"):
        assert all(logger[name] == other[name] for other in others)
    assert (logger["StateDirectory"], logger["StateDirectoryMode"], logger["UMask"]) == (["solar"], ["2770"], ["0007"])
    assert len({settings["User"][0] for settings in all_settings}) == len(UNITS)


def test_the_logger_has_no_network_and_the_others_no_devices() -> None:
    logger, *others = map(settings_of, UNITS)
    assert (logger["PrivateNetwork"], logger["RestrictAddressFamilies"]) == (["yes"], ["AF_UNIX"])
    for other in others:
        assert (other["PrivateDevices"], other["DevicePolicy"]) == (["yes"], ["closed"])
        assert "DeviceAllow" not in other


def test_the_logger_may_ask_whether_the_clock_is_synchronised() -> None:
    """ProtectClock= would refuse adjtimex() even to those who only read."""
    logger = settings_of(UNITS[0])
    assert "ProtectClock" not in logger
    assert logger["SystemCallFilter"][-1].split() == ["adjtimex", "clock_adjtime"]


def test_the_drop_in_for_serial_servers_gives_the_logger_a_network(tmp_path: Path) -> None:
    example = PROJECT / "systemd/solar-logger.service.d-network.conf.example"
    drop_in = tmp_path / "solar-logger.service.d/network.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(example.read_text())
    unit = tmp_path / UNITS[0].name
    unit.write_text(UNITS[0].read_text().replace("/opt/solar/current/bin/solar", "/bin/true"))
    verified = run(program("systemd-analyze", "systemd"), "verify", "--man=no", unit)
    assert (verified.stdout, verified.returncode) == ("", 0)
    assert settings_of(example)["PrivateNetwork"] == ["no"]


def test_the_udev_rules_name_real_keys() -> None:
    """udevadm of Debian 12 cannot verify rules yet. Each line is made of matches and assignments as in udev(7)."""
    word = r'(ACTION|SUBSYSTEM|SUBSYSTEMS|ATTRS\{id(Vendor|Product)\}|SYMLINK|TAG|GOTO|LABEL)(==|!=|=|\+=)"[^"]*"'
    lines = [
        line
        for line in (PROJECT / "systemd/99-solar-pli.rules").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert len(lines) == 8
    for line in lines:
        assert re.fullmatch(rf"{word}(, {word})*", line), line
        if "ATTRS" in line:
            assert 'SYMLINK+="solar-pli", TAG+="systemd"' in line


@pytest.fixture
def wrapper(tmp_path: Path) -> Path:
    """systemd/solar with its paths below `tmp_path`, and in place of the program one that prints its environment."""
    text = (PROJECT / "systemd/solar").read_text()
    for path in ("/etc/solar", "/opt/solar"):
        assert path in text
        text = text.replace(path, str(tmp_path / path[1:4]))
    program = tmp_path / "opt/current/bin/solar"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\numask\necho "$@"\nexec env -0\n')
    program.chmod(0o755)
    (tmp_path / "etc").mkdir()
    wrapper = tmp_path / "solar"
    wrapper.write_text(text)
    return wrapper


def test_the_command_for_people_has_the_settings_of_the_services(wrapper: Path) -> None:
    (wrapper.parent / "etc/solar.env").write_text(
        "# a comment\nSOLAR_SITE=my house $(touch oops) `touch oops`\n\n"
        "SOLAR_PORT='/dev/solar-pli'\nSOLAR_BAUD=\"300\"\n"
        "; another\nnot a setting\nSOLAR-ODD=1\nSOLAR_INTERVAL=60\nhttp_proxy=http://proxy:3128\nSOLAR_LAST=no newline"
    )
    for name in ("uploader", "backup", "page", "alert", "mqtt"):
        (wrapper.parent / f"etc/{name}.env").write_text(f"SOLAR_OF_{name.upper()}=a b\n")
    ran = subprocess.run(
        ["/bin/sh", wrapper, "status", "two words"],
        env={"PATH": os.environ["PATH"], "SOLAR_INTERVAL": "5"},
        capture_output=True,
        text=True,
        check=True,
        cwd=wrapper.parent,
    )
    umask, arguments, environment = ran.stdout.split("\n", 2)
    assert (umask, arguments, ran.stderr) == ("0002", "status two words", "")
    variables = dict(line.split("=", 1) for line in environment.strip("\0").split("\0"))
    assert {name: value for name, value in variables.items() if name.startswith("SOLAR")} == {
        "SOLAR_SITE": "my house $(touch oops) `touch oops`",
        "SOLAR_PORT": "/dev/solar-pli",
        "SOLAR_BAUD": "300",
        "SOLAR_INTERVAL": "5",
        "SOLAR_LAST": "no newline",
        **{f"SOLAR_OF_{name}": "a b" for name in ("UPLOADER", "BACKUP", "PAGE", "ALERT", "MQTT")},
        "SOLAR_DATA": "/var/lib/solar",
    }
    assert variables["http_proxy"] == "http://proxy:3128"
    assert not (wrapper.parent / "oops").exists()
