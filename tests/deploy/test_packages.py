"""Wheel and sdist: what install.sh and `solar update` need is in them; the scripts please shellcheck."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.deploy.files import PROJECT, UNITS, run
from tests.servers import program

SCRIPTS = ["install.sh", "systemd/install-services", "systemd/solar", "systemd/completion.bash"]


def test_shellcheck_has_nothing_to_say() -> None:
    checked = run(program("shellcheck", "shellcheck"), "--shell=bash", *SCRIPTS[:1], *SCRIPTS[3:], cwd=PROJECT)
    assert (checked.stdout, checked.returncode) == ("", 0)
    checked = run(program("shellcheck", "shellcheck"), *SCRIPTS[1:3], cwd=PROJECT)
    assert (checked.stdout, checked.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--form", "x"], "unknown option --form"),
        (["--from"], "2: parameter"),
    ],
)
def test_install_says_in_one_line_what_is_wrong(arguments: list[str], words: str) -> None:
    ran = run("bash", PROJECT / "install.sh", *arguments)
    assert ran.returncode == 1
    assert words in ran.stdout
    assert ran.stdout.count("\n") == 1


def test_each_unit_gets_its_user_and_no_service_of_the_site_is_enabled(tmp_path: Path) -> None:
    """What would change this computer is only noted."""
    (tmp_path / "share").mkdir()
    (tmp_path / "bin").mkdir()
    for name in ("install-services", "completion.bash"):
        (tmp_path / "share" / name).symlink_to(PROJECT / "systemd" / name)
    (tmp_path / "share/systemd").symlink_to(PROJECT / "systemd")
    for name in ("getent", "groupadd", "useradd", "install", "systemctl", "udevadm"):
        code = 2 if name == "getent" else 0
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/calls"\nexit {code}\n')
        (tmp_path / "bin" / name).chmod(0o755)
    ran = run("sh", tmp_path / "share/install-services", env={"PATH": f"{tmp_path}/bin:/usr/bin:/bin"})
    assert (ran.stdout, ran.returncode) == ("", 0)
    calls = (tmp_path / "calls").read_text().splitlines()
    users = {user for unit in UNITS for user in re.findall(r"^User=(.+)$", unit.read_text(), re.MULTILINE)}
    assert {call.split()[-1] for call in calls if call.startswith("useradd ")} == users
    assert [call for call in calls if " enable " in call] == ["systemctl enable --quiet solar-update.service"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What hatchling makes of the project."""
    hatchling = pytest.importorskip("hatchling.build", reason="hatchling is not installed")
    directory = tmp_path_factory.mktemp("dist")
    script = f"import hatchling.build as b; b.build_wheel({str(directory)!r}); b.build_sdist({str(directory)!r})"
    assert hatchling
    subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=True)
    return directory


def test_the_wheel_carries_what_a_site_needs(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {re.sub(r"^solar_battery_monitoring-[^/]*\.data/data/", "", name) for name in wheel.namelist()}
        commit = wheel.read("admin/commit.txt").decode()
    units = {f"share/solar/systemd/{path.name}" for path in (PROJECT / "systemd").iterdir()}
    assert (
        units
        | {
            "share/solar/install.sh",
            "share/solar/install-services",
            "share/solar/completion.bash",
            "share/solar/compose.yaml",
            "share/solar/deploy/deviceplane.yml",
            "share/man/man1/solar.1",
            "dashboards/grafana/influxql/datasources/solar.yaml",
        }
        <= names
    )
    assert re.fullmatch(r"[0-9a-f]{12}(-dirty)?", commit)


def test_the_sdist_carries_what_the_wheel_is_made_of(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {
        "hatch_build.py",
        "install.sh",
        "compose.yaml",
        "deploy/deviceplane.yml",
        "systemd/solar",
        "docs/solar.1",
    } <= names
    assert "admin/commit.txt" in names
