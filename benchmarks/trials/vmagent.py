"""vmagent's disk queue: what readings of an outage take there, and what delivering them to VictoriaMetrics costs."""

import os
from collections.abc import Iterator
from pathlib import Path

import urllib3

from benchmarks import process
from benchmarks.figure import Figure, Place
from benchmarks.journals import batches
from tests.servers import free_port, program

READINGS = 20_000
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def vmagent(place: Place) -> Iterator[Figure]:
    """What of it is for each reading. Its requests are another protocol's, so there is no goal."""
    data, directory = place.journal("vmagent-source", READINGS), place.directory / "vmagent"
    listen, server = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    pool = urllib3.PoolManager(retries=urllib3.Retry(100, backoff_factor=0.1, backoff_max=0.5))  # while they start
    agent = [
        program("vmagent", "victoria-metrics"),
        f"-remoteWrite.url=http://{server}/api/v1/write",
        f"-remoteWrite.tmpDataPath={directory}",
        f"-httpListenAddr={listen}",
        "-loggerLevel=FATAL",
    ]
    with process.running(agent, {}):
        for lines in batches(data / "journal.db", 5000):
            answer = pool.request("POST", f"http://{listen}/write?precision=ms", body="\n".join(lines))
            assert answer.status == 204, answer.data
    # Only now, as it has ended, is the whole queue on the disk.
    queued = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    command = [program("victoria-metrics", "victoria-metrics"), f"-storageDataPath={place.directory}/vm-data"]
    options = [f"-httpListenAddr={server}", "-retentionPeriod=100y", "-loggerLevel=FATAL"]
    with process.running(agent, {}) as draining:
        assert _pending_bytes(pool, listen) > 0
        before = _cpu_seconds(draining.pid)
        with process.running([*command, *options], {}):
            process.until(lambda: _pending_bytes(pool, listen) == 0, "all of vmagent's queue delivered")
            cpu = _cpu_seconds(draining.pid) - before
    yield Figure("vmagent: its queue on disk, a reading", queued / READINGS, "B", None)
    yield Figure("vmagent: drain from its queue, CPU a reading", cpu / READINGS * 1e6, "µs", None)


def _pending_bytes(pool: urllib3.PoolManager, listen: str) -> float:
    """How much of its queue vmagent has still to send."""
    shown = pool.request("GET", f"http://{listen}/metrics").data.decode()
    name = "vmagent_remotewrite_pending_data_bytes"
    return sum(float(line.split()[-1]) for line in shown.splitlines() if line.startswith(name))


def _cpu_seconds(pid: int) -> float:
    """User and system."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * TICK_SECONDS
