"""The image, built on a clean Debian in place of python:slim, seen from inside and outside."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dashboards.build import files
from tests.deploy.conftest import SECRET
from tests.deploy.engine import Engine
from tests.deploy.files import run
from tests.servers import free_port

pytestmark = pytest.mark.long


@pytest.fixture
def simulator() -> Iterator[str]:
    """The URL of a simulated regulator at a serial server."""
    place = f"127.0.0.1:{free_port()}"
    solar = Path(sys.executable).with_name("solar")
    command = [str(solar), "simulate", "--tcp", place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield f"socket://{place}"
        process.terminate()


def inside(docker: Engine, image: str, *command: str, **environment: str) -> str:
    """What the command says in a container of the image, as its user."""
    variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
    return docker("run", "--rm", "--network", "host", *variables, "--entrypoint", command[0], image, *command[1:])


def config(docker: Engine, image: str) -> dict[str, Any]:
    found = docker.inspect(image)["Config"]
    assert isinstance(found, dict)
    return found


def test_it_runs_as_a_user_who_may_use_serial_ports_and_is_not_root(docker: Engine, image: str) -> None:
    assert inside(docker, image, "id") == "uid=10001(solar) gid=10001(solar) groups=10001(solar),20(dialout)"
    assert config(docker, image)["User"] == "10001"


def test_the_command_works(docker: Engine, image: str) -> None:
    assert inside(docker, image, "solar", "--version").startswith("solar ")


def test_its_health_is_what_status_says(docker: Engine, image: str) -> None:
    found = config(docker, image)
    assert found["Healthcheck"]["Test"] == ["CMD", "solar", "status"]
    assert (found["Entrypoint"], found["Cmd"]) == (["solar"], ["log", "--wait"])


def test_it_has_what_page_alerts_and_mqtt_need(docker: Engine, image: str) -> None:
    """Each gets as far as the setting that is missing."""
    said = inside(docker, image, "sh", "-c", "solar serve --listen 0.0.0.0:0; solar alert run; solar mqtt; true")
    for name in ("SOLAR_PAGE_TOKEN", "SOLAR_ALERT_URLS", "SOLAR_MQTT_URL"):
        assert f"set {name}" in said or f"{name} is not set" in said


def test_it_has_no_compiler_and_no_installer(docker: Engine, image: str) -> None:
    tools = "gcc cc clang make ld pip pip3 git curl"
    assert inside(docker, image, "sh", "-c", f"for tool in {tools}; do command -v $tool; done; true") == ""
    assert inside(docker, image, "sh", "-c", "python3 -c 'import pip' 2>&1 || echo none").endswith("none")


def test_it_logs_into_its_volume(docker: Engine, image: str, simulator: str) -> None:
    said = inside(
        docker, image, "sh", "-c", "solar log --count 2 && solar export --table readings",
        SOLAR_PORT=simulator, SOLAR_INTERVAL="1",
    )  # fmt: skip
    assert "2 readings stored in /var/lib/solar/journal.db" in said
    assert "battery_volts" in said


def test_it_carries_the_dashboards_for_any_battery(docker: Engine, image: str) -> None:
    """From the wheel that was built for it, without the development extras."""
    write = (
        "cd /tmp; solar dashboards --bank-volts 48 --output . >&2; find grafana influxdb -type f -exec sha256sum {} +"
    )
    said = inside(docker, image, "sh", "-c", write)
    for name, text in files(48).items():
        assert f"{hashlib.sha256(text.encode()).hexdigest()}  {name}" in said
    packages = inside(docker, image, "sh", "-c", "ls /opt/solar/lib/python3*/site-packages/dashboards")
    assert set(packages.split()) - {"__pycache__"} == {"__init__.py", "grafana", "influxdb"}


def test_nothing_secret_is_in_any_layer(docker: Engine, image: str, tmp_path: Path) -> None:
    """Planted in every place of the build context where settings or data may lie."""
    docker("save", "--output", tmp_path / "image.tar", image)
    search = ("grep", "--text", "--count", "--fixed-strings")
    assert run(*search, "solar_battery_monitoring", tmp_path / "image.tar").returncode == 0
    assert run(*search, SECRET, tmp_path / "image.tar").stdout == "0\n"


def test_a_token_in_the_environment_is_not_said(docker: Engine, image: str) -> None:
    settings = {
        "INFLUXDB_TOKEN": SECRET,
        "INFLUXDB_ORG": "o",
        "INFLUXDB_BUCKET": "b",
        "INFLUXDB_URL": "http://127.0.0.1:9",
    }
    said = inside(
        docker, image, "sh", "-c", "solar upload --once --verbose 2>&1; solar status 2>&1; solar upload --help; true",
        **settings,
    )  # fmt: skip
    assert said
    assert SECRET not in said
