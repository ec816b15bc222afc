"""vmagent's disk queue: what readings of an outage take there, and what delivering them to VictoriaMetrics costs."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import urllib3

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.network_figures import _bodies
from tests.servers import free_port, program

READINGS = 20_000
PATIENCE_SECONDS = 120.0
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def vmagent(place: Place) -> Iterator[Figure]:
    """What of it is for each reading. Its requests are another protocol's, so there is no goal."""
    data, directory = place.journal("vmagent-source", READINGS), place.directory / "vmagent"
    listen, server = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    pool = urllib3.PoolManager()
    with ExitStack() as running:
        agent = running.enter_context(
            process.running(
                [
                    program("vmagent", "victoria-metrics"),
                    f"-remoteWrite.url=http://{server}/api/v1/write",
                    f"-remoteWrite.tmpDataPath={directory}",
                    f"-httpListenAddr={listen}",
                    "-loggerLevel=FATAL",
                ],
                {},
            )
        )
        for body in _bodies(data, READINGS):
            answer = pool.request("POST", f"http://{listen}/write?precision=ms", body=body, retries=20)
            assert answer.status == 204, answer.data
        _wait(lambda: _metric(pool, listen, "vmagent_remotewrite_pending_data_bytes") > 0)
        time.sleep(3)  # it flushes each second
        queued = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        before = _cpu_seconds(agent.pid)
        command = [program("victoria-metrics", "victoria-metrics"), f"-storageDataPath={place.directory}/vm-data"]
        options = [f"-httpListenAddr={server}", "-retentionPeriod=100y", "-loggerLevel=FATAL"]
        running.enter_context(process.running([*command, *options], {}))
        _wait(lambda: _metric(pool, listen, "vmagent_remotewrite_pending_data_bytes") == 0)
        cpu = _cpu_seconds(agent.pid) - before
    yield Figure("vmagent: its queue on disk, a reading", queued / READINGS, "B", None)
    yield Figure("vmagent: drain from its queue, CPU a reading", cpu / READINGS * 1e6, "µs", None)


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise RuntimeError("vmagent has not delivered in time")
        time.sleep(0.2)


def _metric(pool: urllib3.PoolManager, listen: str, name: str) -> float:
    """The sum of all series of this metric of vmagent's own."""
    shown = pool.request("GET", f"http://{listen}/metrics").data.decode()
    return sum(float(line.split()[-1]) for line in shown.splitlines() if line.startswith(name))


def _cpu_seconds(pid: int) -> float:
    """User and system."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * TICK_SECONDS
