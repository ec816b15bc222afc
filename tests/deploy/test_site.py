"""compose.yaml on a real engine, as docs/deploy.md says: the demo, crashes, an upgrade, and a real site after the demo.

What stands in for InfluxDB 2 and Grafana is described in tests/deploy/engine.py.
"""

import csv
import io
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.deploy.engine import Engine, await_that
from tests.servers import InfluxDB1

pytestmark = pytest.mark.long

ADDRESS = "127.0.0.86"  # at whose ports nobody else listens
FASTER = """
x-build: &build {network: host, args: {BASE: debian}}
services:
  logger: {build: *build, environment: {SOLAR_INTERVAL: "0.5"}, healthcheck: {interval: 2s}}
  uploader: {build: *build, environment: {SOLAR_UPLOAD_EVERY: "1"}, healthcheck: {interval: 2s}}
  page: {build: *build}
  simulator: {build: *build}
  influxdb: {healthcheck: {interval: 1s}}
"""
SERVICES = ("logger", "uploader", "page", "influxdb", "grafana", "simulator")
REAL = {
    "SOLAR_DEVICE": "/dev/null",
    "SOLAR_PORT": "socket://simulator:26000",
    "INFLUXDB_TOKEN": "real-token",
    "INFLUXDB_PASSWORD": "real-password",
    "GRAFANA_PASSWORD": "real-password",
    "SOLAR_PAGE_TOKEN": "real-password",
}
Readings = dict[int, float]
"""Battery volts by time in milliseconds."""


class Site:
    """The project's directory, and what `docker compose` does there."""

    def __init__(self, docker: Engine, project: Path) -> None:
        self.docker = docker
        self.project = project
        settings = {"PUBLISH": ADDRESS, "COMPOSE_FILE": "compose.yaml:faster.yaml", "COMPOSE_PROJECT_NAME": "solar"}
        self.environ = docker.environ | settings

    def compose(self, *words: str) -> str:
        return self.docker("compose", *words, cwd=self.project, env=self.environ)

    def solar(self, *words: str) -> str:
        return self.compose("exec", "--no-TTY", "uploader", "solar", *words)

    def journal(self) -> Readings:
        rows = list(csv.DictReader(io.StringIO(self.solar("export", "--table", "readings"))))
        assert [int(row["id"]) for row in rows] == list(range(1, len(rows) + 1))
        times = [datetime.fromisoformat(row["time"]).timestamp() for row in rows]
        assert len(set(times)) == len(rows), "two readings of one time"
        return {round(at * 1000): float(row["battery_volts"]) for at, row in zip(times, rows, strict=True)}

    def server(self) -> Readings:
        rows = InfluxDB1(f"http://{ADDRESS}:8086").query("SELECT battery_volts FROM solar", "solar")
        # One reading with two sites or models would be two points of one time.
        assert len({row["time"] for row in rows}) == len(rows), "a reading is doubled"
        return {row["time"]: row["battery_volts"] for row in rows}

    def await_readings(self, number: int) -> None:
        """So many in the server that were taken from now on; the server may be away at first."""
        now_ms = time.time() * 1000

        def are_there() -> bool:
            try:
                return sum(at > now_ms for at in self.server()) >= number
            except OSError:
                return False

        await_that(are_there, f"{number} new readings in the server")

    def everything_logged(self) -> Readings:
        """Ends the logger; what it has stored, which is what the server has."""
        self.compose("stop", "logger")
        stored = self.journal()
        await_that(lambda: len(self.server()) >= len(stored), "all readings are in the server")
        assert self.server() == stored
        return stored

    def accepts(self, token: str) -> bool:
        """Whether InfluxDB does."""
        url = f"http://{ADDRESS}:8086/api/v2/write?org=solar&bucket=solar&precision=ms"
        request = urllib.request.Request(url, b"test value=1 1", {"Authorization": f"Token {token}"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return bool(answer.status == 204)
        except urllib.error.HTTPError as error:
            if error.code == 401:
                return False
            raise

    def page(self, password: str) -> str:
        """What the site's own page says."""
        request = urllib.request.Request(
            f"http://{ADDRESS}:8642/api/reading", headers={"Authorization": f"Bearer {password}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())

    def health(self, service: str) -> str:
        return str(self.docker.inspect(f"solar-{service}-1")["State"]["Health"]["Status"])

    def end(self) -> None:
        sys.stdout.write(self.compose("--profile", "*", "logs", "--tail", "50"))
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")


@pytest.fixture
def demo(docker: Engine, project: Path, image: str) -> Iterator[Site]:
    """The demo, begun with the command that docs/deploy.md gives; the server has readings."""
    assert image
    (project / "faster.yaml").write_text(FASTER)
    site = Site(docker, project)
    try:
        site.compose("--profile", "demo", "up", "--detach")
        site.await_readings(5)
        yield site
    finally:
        site.end()


def test_the_demo_needs_nothing_and_is_well(demo: Site) -> None:
    """Whatever the kernel says of its clock: nothing is held."""
    assert "All is well." in demo.solar("status")
    assert '"battery_volts":' in demo.page("demo-only")
    for service in ("logger", "uploader"):
        await_that(lambda service=service: demo.health(service) == "healthy", f"{service} is healthy")
    assert demo.compose("exec", "--no-TTY", "grafana", "ls", "/etc/grafana/provisioning").split() == [
        "alerting", "dashboards", "datasources",
    ]  # fmt: skip


def test_whatever_is_killed_comes_back_and_no_reading_is_lost(demo: Site) -> None:
    for service in SERVICES:
        demo.docker.kill_process(f"solar-{service}-1")
        demo.await_readings(3)
    stored = demo.everything_logged()
    assert len(stored) >= 5 + 3 * len(SERVICES)


def test_an_upgrade_keeps_every_reading(demo: Site) -> None:
    page = demo.project / "pyproject.toml"
    before = demo.journal()
    page.write_text(re.sub(r'^version = ".*"', 'version = "99.0.0"', page.read_text(), flags=re.MULTILINE))
    demo.compose("--profile", "demo", "up", "--detach", "--build")
    assert demo.solar("--version") == "solar 99.0.0"
    demo.await_readings(3)
    after = demo.everything_logged()
    assert before.items() <= after.items()
    assert len(after) > len(before)


def test_a_real_site_after_the_demo_has_nothing_of_it(demo: Site) -> None:
    """Neither its readings nor its passwords, though InfluxDB keeps those of its first start."""
    simulated = demo.journal()
    settings = (demo.project / ".env.example").read_text()
    for name, value in REAL.items():
        settings = re.sub(rf"^{name}=.*", f"{name}={value}", settings, flags=re.MULTILINE)
    (demo.project / ".env").write_text(f"{settings}\nSOLAR_CLOCK=trust\n")
    site = Site(demo.docker, demo.project)
    site.environ["COMPOSE_FILE"] = "compose.yaml:compose.site.yaml:faster.yaml"
    try:
        site.compose("up", "--detach")
        site.await_readings(5)
        assert not site.everything_logged().keys() & simulated.keys()
        assert (site.accepts("real-token"), site.accepts("demo-only-token")) == (True, False)
        assert '"battery_volts":' in site.page("real-password")
        for service in ("logger", "uploader", "page", "influxdb", "grafana"):
            assert "demo-only" not in site.docker("inspect", "--format", "{{.Config.Env}}", f"solar-{service}-1")
        site.end()
    finally:
        (demo.project / ".env").unlink()
