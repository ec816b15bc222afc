"""A simulated day, an InfluxDB 1.x that holds it, and Flux; made once for all tests of this folder."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dashboards.simulated import SimulatedDay, simulated_day
from tests.servers import InfluxDB1, program, tool

Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]

# Not flux-lsp-browser.js beside it: only in this order of loading does node find the memory ready.
FLUX = "node_modules/@influxdata/flux-lsp-browser/flux-lsp-browser_bg.js"


@pytest.fixture(scope="session")
def day() -> SimulatedDay:
    return simulated_day(int(time.time() * 1000))


@pytest.fixture(scope="session")
def ask_influxql(day: SimulatedDay, influxdb_1_server: InfluxDB1) -> Ask:
    """Asks InfluxDB 1.x, which holds the day; a row has its tags among its columns."""
    influxdb_1_server.query("CREATE DATABASE dashboards")
    url = f"{influxdb_1_server.url}/write?db=dashboards&precision=ms"
    with urllib.request.urlopen(url, "\n".join(day.lines).encode(), timeout=30) as answer:
        assert answer.status == 204
    return lambda text: influxdb_1_server.query(text, "dashboards")


@pytest.fixture(scope="session")
def are_valid_flux() -> Callable[[list[str]], list[bool]]:
    """Asks Flux, as WebAssembly in node, about many texts at once."""
    script = Path(__file__).with_name("check_flux.mjs")
    command = [
        program("node", "nodejs"),
        "--experimental-wasm-modules",
        "--no-warnings",
        script,
        tool(FLUX, needs="npm"),
    ]

    def ask(texts: list[str]) -> list[bool]:
        answer = subprocess.run(command, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
        return [bool(is_valid) for is_valid in json.loads(answer.stdout)]

    return ask
