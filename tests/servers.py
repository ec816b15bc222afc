"""Real servers for tests, each on 127.0.0.1 and a free port, in a directory of its own, ended by its process id.

A test that needs one which is not installed is skipped and says which package brings it; with
SOLAR_TEST_SERVERS=required it fails instead.
"""

import csv
import io
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from uploader.server.target import Target

_numbers = count(1)

TOOLS = Path(__file__).parents[1] / ".tools"

FAR_FUTURE = 4_102_444_800
"""Seconds. Without an end VictoriaMetrics leaves out the samples of the current second."""


def program(name: str, package: str) -> str:
    """The path of an installed program; else skip, or fail where the servers are required."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        unavailable(f"{name} is not installed: apt-get install {package}")
    return found


def tool(name: str, needs: str) -> Path:
    """What `make tools` has fetched, below .tools; tests fetch nothing."""
    found = TOOLS / name
    if not found.exists():
        unavailable(f"{found.name} is not there: make tools (needs {needs})")
    return found


def unavailable(message: str) -> NoReturn:
    """Skip, or fail where such things are required."""
    if os.environ.get("SOLAR_TEST_SERVERS") == "required":
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], ready_url: str, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A server process that answers at `ready_url`."""
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            _await(ready_url, process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (OSError, HTTPException):
            time.sleep(0.02)  # a server being started by another process offers nothing to wait on
    pytest.fail(f"{process.args!r} did not start: {log.read_text()[-2000:]}")


@dataclass(frozen=True)
class InfluxDB1:
    """InfluxDB 1.x."""

    url: str

    def query(self, statement: str, database: str = "") -> list[dict[str, Any]]:
        """The rows of all series, tags and `time` (milliseconds) among the columns."""
        form = urllib.parse.urlencode({"q": statement, "db": database, "epoch": "ms"})
        url = f"{self.url}/query?u=admin&p=secret"  # only heeded where auth is enabled
        with urllib.request.urlopen(url, form.encode(), timeout=30) as response:
            (result,) = json.load(response)["results"]
        assert "error" not in result, result["error"]
        return [
            series.get("tags", {}) | dict(zip(series["columns"], row, strict=True))
            for series in result.get("series", [])
            for row in series.get("values", [])
        ]


@dataclass(frozen=True)
class Database:
    """A fresh database in it."""

    server: InfluxDB1
    name: str

    @property
    def target(self) -> Target:
        return Target(self.server.url, "", "ignored", self.name)

    def rows(self, measurement: str) -> list[dict[str, Any]]:
        """Every point: its time, its tags and the fields that it has."""
        rows = self.server.query(f'SELECT * FROM "{measurement}"', self.name)
        return [{name: value for name, value in row.items() if value is not None} for row in rows]


@contextmanager
def influxdb_1(directory: Path, port: int, *, auth: bool = False, most_series: int = 0) -> Iterator[InfluxDB1]:
    """InfluxDB 1.x with its data in `directory`, where it finds them again when started anew. `most_series`: that a
    database may have; 0: any number."""
    command = program("influxd", "influxdb")
    config = directory / "influxdb.toml"
    config.write_text(
        f"""
        reporting-disabled = true
        bind-address = "127.0.0.1:{free_port()}"
        [meta]
          dir = "{directory}/meta"
        [data]
          dir = "{directory}/data"
          wal-dir = "{directory}/wal"
          query-log-enabled = false
          max-series-per-database = {most_series}
        [monitor]
          store-enabled = false
        [http]
          bind-address = "127.0.0.1:{port}"
          log-enabled = false
          auth-enabled = {str(auth).lower()}
        """
    )
    url = f"http://127.0.0.1:{port}"
    with running([command, "run", "-config", str(config)], f"{url}/ping", directory / "log"):
        yield InfluxDB1(url)


@pytest.fixture(scope="session")
def influxdb_1_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    with influxdb_1(tmp_path_factory.mktemp("influxdb"), free_port()) as server:
        yield server


@pytest.fixture
def database(influxdb_1_server: InfluxDB1) -> Database:
    """A fresh database in a real InfluxDB 1.x."""
    name = f"test{next(_numbers)}"
    influxdb_1_server.query(f"CREATE DATABASE {name}")
    return Database(influxdb_1_server, name)


@dataclass(frozen=True)
class VictoriaMetrics:
    """It keeps duplicates: the witness for double sends. Tests tell their data apart by the site."""

    url: str

    @property
    def target(self) -> Target:
        return Target(self.url, "token", "ignored", "ignored")

    def samples(self, site: str, field: str = "solar_battery_volts") -> list[int]:
        """The times, in milliseconds, of every sample it was ever sent."""
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=30):
            pass
        match = urllib.parse.quote(f'{{__name__="{field}",site="{site}"}}')
        with urllib.request.urlopen(
            f"{self.url}/api/v1/export?match[]={match}&end={FAR_FUTURE}", timeout=30
        ) as response:
            return sorted(moment for each in response for moment in json.loads(each)["timestamps"])


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    command = program("victoria-metrics", "victoria-metrics")
    directory, port = tmp_path_factory.mktemp("victoria-metrics"), free_port()
    options = [
        f"-storageDataPath={directory}/data",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.latencyOffset=0s",
        "-search.disableCache",
    ]
    url = f"http://127.0.0.1:{port}"
    with running([command, *options], f"{url}/health", directory / "log"):
        yield VictoriaMetrics(url)


@contextmanager
def nginx(directory: Path, locations: str, http: str = "") -> Iterator[str]:
    """nginx with these location blocks; the URL. `http`: what else belongs into its http block."""
    command = program("nginx", "nginx-light")
    port, config = free_port(), directory / "nginx.conf"
    config.write_text(
        f"""
        daemon off;
        master_process off;
        pid {directory}/pid;
        error_log {directory}/log;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {directory}/body;
            proxy_temp_path {directory}/proxy;
            fastcgi_temp_path {directory}/fastcgi;
            uwsgi_temp_path {directory}/uwsgi;
            scgi_temp_path {directory}/scgi;
            {http}
            server {{
                listen 127.0.0.1:{port};
                location = /ready {{ return 204; }}
                {locations}
            }}
        }}
        """
    )
    url = f"http://127.0.0.1:{port}"
    with running([command, "-c", str(config), "-p", str(directory)], f"{url}/ready", directory / "output"):
        yield url


@dataclass(frozen=True)
class InfluxDB2:
    """An InfluxDB 2 somewhere, and a bucket in it."""

    url: str
    token: str
    org: str
    bucket: str = ""

    def ask(self, path: str, body: bytes | None, kind: str = "application/json", method: str | None = None) -> str:
        headers = {"Authorization": f"Token {self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def rows(self, text: str) -> list[dict[str, str]]:
        """What a Flux query answers."""
        answer = self.ask(f"/api/v2/query?org={self.org}", text.encode(), "application/vnd.flux")
        tables = answer.replace("\r\n", "\n").strip("\n").split("\n\n")
        return [row for table in tables for row in csv.DictReader(io.StringIO(table))]

    def org_id(self) -> str:
        (found,) = json.loads(self.ask(f"/api/v2/orgs?org={self.org}", None))["orgs"]
        return str(found["id"])

    @contextmanager
    def with_bucket(self, keeps_seconds: int = 0) -> Iterator["InfluxDB2"]:
        """The same server with a fresh bucket, which keeps points this long (0: for ever) and is deleted in the end."""
        name = f"test-{uuid4()}"
        rules = [{"type": "expire", "everySeconds": keeps_seconds}] if keeps_seconds else []
        body = json.dumps({"orgID": self.org_id(), "name": name, "retentionRules": rules}).encode()
        bucket_id = json.loads(self.ask("/api/v2/buckets", body))["id"]
        try:
            yield replace(self, bucket=name)
        finally:
            self.ask(f"/api/v2/buckets/{bucket_id}", None, method="DELETE")


@pytest.fixture(scope="session")
def influxdb_2_server() -> InfluxDB2:
    """The one that INFLUXDB_TEST_URL names. Debian has none, so this is skipped even where servers are required."""
    if "INFLUXDB_TEST_URL" not in os.environ:
        pytest.skip("needs an InfluxDB 2: INFLUXDB_TEST_URL, INFLUXDB_TEST_TOKEN, INFLUXDB_TEST_ORG")
    return InfluxDB2(*(os.environ[f"INFLUXDB_TEST_{name}"] for name in ("URL", "TOKEN", "ORG")))


@contextmanager
def chrony(directory: Path) -> Iterator[Path]:
    """A chronyd with a time server, which leaves clock and kernel alone; the directory of a `chronyc` for it."""
    chronyd, chronyc = program("chronyd", "chrony"), program("chronyc", "chrony")
    time_port, command_port = free_port(), free_port()
    settings = {
        "server": f"local stratum 8\nport {time_port}\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\n",
        "client": f"server 127.0.0.1 port {time_port} iburst minpoll -4 maxpoll -4\nport 0\n"
        f"cmdport {command_port}\nbindcmdaddress 127.0.0.1\nbindcmdaddress /\n",
    }
    (directory / "chronyc").write_text(f'#!/bin/sh\nexec {chronyc} -h 127.0.0.1 -p {command_port} "$@"\n')
    (directory / "chronyc").chmod(0o755)
    processes = []
    for name, lines in settings.items():
        (directory / f"{name}.conf").write_text(f"{lines}bindaddress 127.0.0.1\npidfile {directory / name}.pid\n")
        with (directory / f"{name}.log").open("ab") as log:
            command = [chronyd, "-x", "-d", "-U", "-f", str(directory / f"{name}.conf")]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log))
    try:
        # Until it knows the clock's rate within a thousandth (1,000 ppm), its error grows by a second each second.
        command = [str(directory / "chronyc"), "waitsync", "300", "0", "1000", "0.1"]
        waited = subprocess.run(command, check=False, capture_output=True)
        if waited.returncode:
            pytest.fail(f"chronyd did not start: {(directory / 'client.log').read_text()[-2000:]}")
        yield directory
    finally:
        for process in processes:
            process.terminate()
            process.wait(5)
