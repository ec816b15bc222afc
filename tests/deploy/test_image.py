"""The image, built by buildah on a clean Debian in place of Docker on python:slim, seen from inside and outside."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.debian import copy_project, debootstrap, trust
from tests.deploy.files import run
from tests.servers import free_port, program

pytestmark = pytest.mark.long

SECRET = "planted-secret-5d0f"


class Buildah:
    """buildah with a store of its own; `run` is in one container of the image, as its user."""

    def __init__(self, directory: Path) -> None:
        self.store = directory / "store"
        self._container = ""
        self._command = (
            program("buildah", "buildah"),
            "--root", str(self.store), "--runroot", str(directory / "run"), "--storage-driver", "vfs",
        )  # fmt: skip

    def __call__(self, *arguments: str | Path) -> str:
        done = run(*self._command, *arguments, env=os.environ | {"BUILDAH_ISOLATION": "chroot"})
        assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout.strip()

    def run(self, *arguments: str, **environment: str) -> str:
        self._container = self._container or self("from", "--quiet", "localhost/solar")
        variables = [word for name, value in environment.items() for word in ("--env", f"{name}={value}")]
        return self("run", "--network", "host", *variables, self._container, "--", *arguments)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Buildah:
    directory = tmp_path_factory.mktemp("image")
    buildah = Buildah(directory)
    debootstrap(directory / "debian", "python3", "python3-venv", "ca-certificates")
    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, directory / "debian")
    buildah("commit", "--quiet", container, "localhost/debian")
    buildah("rm", container)

    context = directory / "context"
    copy_project(context)
    for planted in (".env", "logger/.env", "data/journal.db", "uploader/uploader.db"):
        (context / planted).parent.mkdir(exist_ok=True)
        (context / planted).write_text(f"INFLUXDB_TOKEN={SECRET}\n")
    shown = [word for inside, path in trust(directory).items() for word in ("--volume", f"{path}:{inside}:ro")]
    buildah(
        "build", "--format", "docker", "--network", "host", "--build-arg", "BASE=localhost/debian", *shown,
        "--tag", "localhost/solar", "--file", context / "Dockerfile", context,
    )  # fmt: skip
    return buildah


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


def config(image: Buildah) -> dict[str, Any]:
    inspected: dict[str, Any] = json.loads(image("inspect", "--type", "image", "localhost/solar"))["Docker"]["config"]
    return inspected


def test_it_runs_as_a_user_who_may_use_serial_ports_and_is_not_root(image: Buildah) -> None:
    assert image.run("id") == "uid=10001(solar) gid=10001(solar) groups=10001(solar),20(dialout)"
    assert config(image)["User"] == "10001"


def test_the_command_works(image: Buildah) -> None:
    assert image.run("solar", "--version").startswith("solar ")


def test_its_health_is_what_status_says(image: Buildah) -> None:
    assert config(image)["Healthcheck"]["Test"] == ["CMD", "solar", "status"]
    assert (config(image)["Entrypoint"], config(image)["Cmd"]) == (["solar"], ["log", "--wait"])


def test_it_has_no_compiler_and_no_installer(image: Buildah) -> None:
    tools = "gcc cc clang make ld pip pip3 git curl"
    assert image.run("sh", "-c", f"for tool in {tools}; do command -v $tool; done; true") == ""
    assert image.run("sh", "-c", "python3 -c 'import pip' 2>&1 || echo none").endswith("none")


def test_it_logs_into_its_volume(image: Buildah, simulator: str) -> None:
    said = image.run(
        "sh", "-c", "solar log --count 2 && solar export --table readings", SOLAR_PORT=simulator, SOLAR_INTERVAL="1"
    )
    assert "2 readings stored in /var/lib/solar/journal.db" in said
    assert "battery_volts" in said


def test_nothing_secret_is_in_any_layer(image: Buildah) -> None:
    """Planted in every place of the build context where settings or data may lie. Nor is there a trace of the build."""
    layers = image.store / "vfs/dir"
    search = ("grep", "--recursive", "--files-with-matches", "--devices=skip", "--fixed-strings")
    assert "opt/solar" in run(*search, "solar-battery-monitoring", layers).stdout
    found = run(*search, SECRET, layers)
    assert (found.stdout, found.returncode) == ("", 1)
    assert SECRET not in image("inspect", "--type", "image", "localhost/solar")
    assert not [path for path in layers.glob("*/etc/pip.conf") if path.stat().st_size]


def test_a_token_in_the_environment_is_not_said(image: Buildah) -> None:
    settings = {
        "INFLUXDB_TOKEN": SECRET,
        "INFLUXDB_ORG": "o",
        "INFLUXDB_BUCKET": "b",
        "INFLUXDB_URL": "http://127.0.0.1:9",
    }
    said = image.run(
        "sh", "-c", "solar upload --once --verbose 2>&1; solar status 2>&1; solar upload --help; true", **settings
    )
    assert said
    assert SECRET not in said
