"""What it writes is compared with the generator's in tests/dashboards/test_build.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.admin.conftest import Solar


def test_it_says_what_the_files_are_for(solar: Solar, tmp_path: Path) -> None:
    ran = solar("dashboards", "--bank-volts", "12", "--output", "mine")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("11 files for a 12 V battery in mine.")
    for named in ("mine/grafana/flux", "mine/grafana/influxql", "mine/influxdb/solar.yml"):
        assert named in ran.out
        assert (tmp_path / named).exists()


def test_files_from_an_earlier_time_are_replaced(solar: Solar, tmp_path: Path) -> None:
    solar("dashboards", "--bank-volts", "12", "--output", "mine")
    solar("dashboards", "--bank-volts", "48", "--output", "mine")
    assert "- 47.2\n" in (tmp_path / "mine/grafana/flux/alerting/solar.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bank-volts", "13", "--output", "mine"], "48"),
        (["--output", "mine"], "--bank-volts"),
        (["--bank-volts", "12"], "--output"),
        (["--bank-volts", "12", "--output", "taken"], "cannot make the directory taken"),
    ],
    ids=["no such battery", "no battery", "nowhere", "a file in the way"],
)
def test_what_cannot_be_is_said_in_one_line(solar: Solar, tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "taken").touch()
    ran = solar("dashboards", *options)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert not (tmp_path / "mine").exists()


def test_no_development_extra_is_needed(tmp_path: Path) -> None:
    """The SDK and PyYAML are not there in the installed program."""
    command = (
        "import sys; sys.modules |= dict.fromkeys(('grafana_foundation_sdk', 'yaml'));"
        "from admin.cli import run; sys.exit(run(['dashboards', '--bank-volts', '12', '--output', '.']))"
    )
    subprocess.run([sys.executable, "-c", command], check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
