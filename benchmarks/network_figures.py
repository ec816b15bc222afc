"""What it costs on the network: bytes on the wire, and how fast a backlog goes out."""

import gzip
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import urllib3

from benchmarks import counts, process
from benchmarks.figure import Figure, Place
from benchmarks.journals import batches
from benchmarks.process import PEERS, SOLAR, Run, influxdb_settings
from tests.scripted_influx import ScriptedInflux
from tests.servers import free_port, influxdb_1, nginx
from uploader.server.influx import Influx

CERTIFICATE = Path(__file__).parents[1] / "tests" / "uploader" / "certificates" / "valid.pem"
A_DAY = 8640
A_REQUEST = 6
"""Readings: at the defaults one every 10 s, sent every 60 s."""
BATCH = 5000
OF_POINTS = 16 / 71
"""The goal's 16 µs on the computer where influxdb-client's Points took 71."""


def sending(place: Place) -> Iterator[Figure]:
    """What goes over the wire; counts."""
    data = place.journal("wire", min(place.million // 5, 50_000))
    first, *rest = batches(data / "journal.db", BATCH)
    counted = sum(map(len, rest))  # without the first request, which makes the connection
    size = {level: sum(len(gzip.compress(_body(each), level)) for each in rest) / counted for level in (1, 6, 9)}
    with ScriptedInflux() as server, Influx(server.target) as influx:
        influx.write(first)
        before = influx.bytes_on_wire
        for each in rest:
            influx.write(each)
        now = (influx.bytes_on_wire - before) / counted
    beside = ", ".join(f"gzip {level}: {each:.1f} B" for level, each in size.items())
    yield Figure("wire, backlog, × gzip 9 of the same lines", now / size[9], "×", 1.0, beside, "1.12")
    day = place.journal("day", A_DAY) / "journal.db"
    *_, plain = counts.carried(batches(day, A_REQUEST), None)
    *_, secure = counts.carried(batches(day, A_REQUEST), CERTIFICATE)
    yield Figure(
        "wire, a day at the defaults, both ways, TLS included", secure / 1e6, "MB", 1.1, "", "1.25 without TLS"
    )
    yield Figure("the same without TLS", plain / 1e6, "MB", None)


def _body(lines: Sequence[str]) -> bytes:
    return "\n".join(lines).encode()


def draining(place: Place) -> Iterator[Figure]:
    """A backlog into InfluxDB, compared with influxdb-client's batching API and with the server's own speed."""
    fifth = place.million // 5
    data, million = place.journal("fifth", fifth), place.journal("million", place.million)
    with influxdb(place.directory / "influxdb") as (url, new):
        start = upload(place.journal("tiny", 100), url, new())
        ours, points, ready, server = [], [], [], []
        for _ in range(3):
            ours.append(upload(data, url, new()))
            peer = [PEERS / "python", Path(__file__).with_name("peers.py")]
            points.append(process.run([*peer, "points", data / "journal.db", url, new()]))
            ready.append(process.run([*peer, "lines", data / "journal.db", url, new()]))
            server.append(_server_alone(data, url, new()))
        now, with_points, with_lines = process.median(ours), process.median(points), process.median(ready)
        each = 1e6 / fifth
        cpu = (now.cpu_seconds - start.cpu_seconds) * each
        points_cpu, lines_cpu = with_points.cpu_seconds * each, with_lines.cpu_seconds * each
        beside = f"{cpu:.0f} µs; Points {points_cpu:.0f}, ready lines {lines_cpu:.0f}"
        yield Figure("drain, CPU a reading, × Points", cpu / points_cpu, "×", OF_POINTS, beside, "0.61 (43 µs)")
        alone = f"server alone {sorted(server)[1] / with_lines.wall_seconds:.2f} ×"
        yield Figure("drain, wall, × ready lines", now.wall_seconds / with_lines.wall_seconds, "×", 1.0, alone, "1.54")
        yield Figure("drain, wall, × Points", now.wall_seconds / with_points.wall_seconds, "×", 0.5, "", "1.08")
        name = new()
        all_of_it = upload(million, url, name)
        beside = f"Points {with_points.peak_megabytes:.0f}, ready lines {with_lines.peak_megabytes:.0f}"
        yield Figure("memory while draining 10⁶", all_of_it.peak_megabytes, "MB", 45, beside, "67")
        yield Figure("its growth from 200,000", all_of_it.peak_megabytes - now.peak_megabytes, "MB", 2)
        yield Figure("a month's outage (259,200) delivered in", now.wall_seconds * 259_200 / fifth, "s", None)
        audit = process.run([SOLAR, "audit", "--data", million], influxdb_settings(url, name))
        yield Figure("audit of 10⁶, clean", audit.wall_seconds, "s", 4, "", "9")


_V2 = """
location = /api/v2/write {
    client_max_body_size 25m;
    client_body_buffer_size 4m;
    set $args db=$arg_bucket&precision=$arg_precision;
    rewrite ^ /write break;
    proxy_http_version 1.1;
    proxy_pass SERVER;
}
location / { proxy_pass SERVER; }
"""


@contextmanager
def influxdb(directory: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """The URL of a real InfluxDB, and a function that makes another database in it. Debian's is 1.6, which has no
    /api/v2/write, so nginx adds that, the same for all."""
    directory.mkdir()
    numbers = count(1)
    with influxdb_1(directory, free_port()) as server, nginx(directory, _V2.replace("SERVER", server.url)) as url:

        def new() -> str:
            name = f"bench{next(numbers)}"
            server.query(f"CREATE DATABASE {name}")
            return name

        yield url, new


def upload(data: Path, url: str, bucket: str) -> Run:
    for left in data.glob("uploader.db*"):
        left.unlink()
    return process.run([SOLAR, "upload", "--once", "--data", data], influxdb_settings(url, bucket))


def _server_alone(data: Path, url: str, database: str) -> float:
    """How many seconds the server takes for the same lines, made and compressed before."""
    bodies = [gzip.compress(_body(lines), 6) for lines in batches(data / "journal.db", BATCH)]
    pool = urllib3.PoolManager()
    began = time.perf_counter()
    for body in bodies:
        target = f"{url}/api/v2/write?bucket={database}&precision=ms"
        assert pool.request("POST", target, body=body, headers={"Content-Encoding": "gzip"}).status == 204
    return time.perf_counter() - began
