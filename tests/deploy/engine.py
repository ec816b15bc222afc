"""A Docker engine of the tests' own, without a registry: nothing of the machine's own engine or firewall is touched.

As root only. Its images: `debian` (by debootstrap), what stands in for InfluxDB 2 and Grafana, and the project's.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.debian import CERTIFICATES, debootstrap
from tests.deploy.files import run, unavailable
from tests.servers import program

STAND_IN = Path(__file__).parent / "influxdb"
COMPOSE = "go install github.com/docker/compose/v2/cmd@v2.29.7, to be called docker-compose among docker's cli-plugins"
INACTIVE = "FROM debian\nSTOPSIGNAL SIGKILL\nCMD sleep infinity\n"


def await_that(is_so: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)  # containers offer nothing to wait on


class Engine:
    """The engine that listens at `socket`."""

    def __init__(self, socket: Path) -> None:
        self.environ = os.environ | {"DOCKER_HOST": f"unix://{socket}"}

    def try_(self, *arguments: str | Path, **options: Any) -> "subprocess.CompletedProcess[str]":
        return run("docker", *arguments, **{"env": self.environ} | options)

    def __call__(self, *arguments: str | Path, **options: Any) -> str:
        done = self.try_(*arguments, **options)
        assert done.returncode == 0, f"docker {arguments}: {done.stdout[-4000:]}"
        return done.stdout.strip()

    def inspect(self, thing: str) -> dict[str, Any]:
        (found,) = json.loads(self("inspect", thing))
        assert isinstance(found, dict)
        return found

    def kill_process(self, container: str) -> None:
        """As if it had crashed: the engine knows nothing of it beforehand. Returns when it runs again."""
        before = self.inspect(container)["State"]
        os.kill(before["Pid"], signal.SIGKILL)

        def runs_again() -> bool:
            now = self.inspect(container)["State"]
            return bool(now["Running"] and now["StartedAt"] != before["StartedAt"])

        await_that(runs_again, f"{container} comes back")


@contextmanager
def engine() -> Iterator[Engine]:
    """A running engine with the images that are not the project's."""
    dockerd = program("dockerd", "docker.io")
    program("docker", "docker.io")
    program("iptables", "iptables")  # with it the engine gives its containers their names
    if os.geteuid() != 0:
        pytest.skip("only root can start a Docker engine")
    with tempfile.TemporaryDirectory(prefix="engine-") as name:
        directory = Path(name)
        started = Engine(directory / "socket")
        if started.try_("compose", "version").returncode:
            unavailable(f"there is no docker compose: {COMPOSE}")
        command = [
            dockerd, "--data-root", directory / "data", "--exec-root", directory / "exec",
            "--pidfile", directory / "pid",
            "--host", f"unix://{directory / 'socket'}", "--bridge=none", "--iptables=false", "--ip-forward=false",
        ]  # fmt: skip
        log = directory / "log"
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
            try:
                await_engine(started, process, log)
                make_images(started, directory)
                yield started
            finally:
                process.terminate()
                process.wait(60)
                unmount_below(directory)


def unmount_below(directory: Path) -> None:
    """The engine leaves its network namespaces mounted."""
    mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for path in reversed(mounted):
        if Path(path).is_relative_to(directory):
            run("umount", path)


def await_engine(started: Engine, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while started.try_("version").returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            unavailable(f"the Docker engine does not start here: {log.read_text()[-1000:]}")
        time.sleep(0.1)


def make_images(started: Engine, directory: Path) -> None:
    root = directory / "debian"
    debootstrap(root, "python3", "python3-venv", "ca-certificates", "influxdb", "nginx-light")
    shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as packed:
        started("import", "--change", f"ENV PIP_CERT={CERTIFICATES}", "-", "debian", stdin=packed.stdout)
    shutil.rmtree(root)
    started("build", "--tag", "influxdb:2.7", STAND_IN)
    started("build", "--tag", "grafana/grafana-oss:11.6.0", "-", input=INACTIVE)
