"""The figures, one function for each part; a goal is met when the figure is at most the goal."""

import gzip
import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import urllib3

from benchmarks import counts, process
from benchmarks.journals import make, multiply
from benchmarks.process import PEERS, SOLAR, Run
from journal.journal import Journal
from journal.writer import JournalWriter
from tests.fault_proxy import FaultProxy
from tests.scripted_influx import ScriptedInflux
from tests.servers import free_port, influxdb_1, nginx
from uploader.server.influx import Influx
from uploader.server.line_protocol import COLUMNS, lines
from uploader.server.outcomes import Sent
from uploader.server.target import Target

CERTIFICATE = Path(__file__).parents[1] / "tests" / "uploader" / "certificates" / "valid.pem"
A_DAY = 8640
A_REQUEST = 6
"""Readings: at the defaults one every 10 s, sent every 60 s."""
BATCH = 5000


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table. `now` in `unit`; `goal` None: a reading alone. `peer`: what stands beside it."""

    name: str
    now: float
    unit: str
    goal: float | None
    peer: str = ""
    first: str = ""

    @property
    def is_met(self) -> bool:
        return self.goal is None or self.now <= self.goal


@dataclass(frozen=True, slots=True)
class Place:
    """Where the benchmark works: an empty directory, and how many readings "10⁶" stands for."""

    directory: Path
    million: int

    def journal(self, name: str, readings: int, boots: int = 1) -> Path:
        """The directory of a journal of so many readings."""
        data = self.directory / name
        if not (data / "journal.db").exists():
            make(data / "journal.db", readings, boots)
        return data


Part = Callable[[Place], Iterator[Figure]]


def writing(place: Place) -> Iterator[Figure]:
    """What a reading costs the SD card and the serial line; counts."""
    directory = place.directory / "writing"
    directory.mkdir()
    syncs, size = counts.per_reading(directory, 100, 500)
    yield Figure("fdatasync a reading, 500 against 100", syncs, "", 1.0, "floor 1.00", "1.00")
    yield Figure("bytes written a reading, the same", size, "B", 4800, "floor 4,600", "4,800")
    syncs, size = counts.per_reading(directory, 100, 10_100)
    yield Figure("fdatasync a reading, with checkpoints over 10,000", syncs, "", 1.02, "floor 1.00")
    yield Figure("bytes written a reading, the same", size, "B", 6000)
    _, later = counts.exchanges()[:2]
    yield Figure("exchanges a reading, nothing changes", later, "", None)
    data = place.journal("million", place.million)
    yield Figure(
        "journal at rest, a reading", (data / "journal.db").stat().st_size / place.million, "B", 210, "", "210"
    )


def starting(place: Place) -> Iterator[Figure]:
    """Commands that a person waits for, and the two services at rest."""
    data = place.journal("small", 10_000)
    typer = process.several([process.PYTHON, "-c", "import typer"], 9).wall_seconds
    shown = process.several([SOLAR, "--help"], 9).wall_seconds
    status = process.several([SOLAR, "status", "--data", data], 9).wall_seconds
    yield Figure("`solar --help`, × `import typer`", shown / typer, "×", 1.9, f"{shown:.2f} s", "3.0 (0.24 s)")
    yield Figure("`solar status`, × `import typer`", status / typer, "×", 1.9, f"{status:.2f} s", "2.6 (0.21 s)")
    command = [process.PYTHON, "-c", "import sqlite3, serial"]
    bare = process.several(command, 5).peak_megabytes
    yield Figure("logger resident", _logger(place), "MB", 22, f"Python with sqlite3 and serial {bare:.0f}", "30")
    yield Figure("uploader resident, idle", _uploader(place), "MB", 30, "", "48")


def _logger(place: Place) -> float:
    with process.running([SOLAR, "simulate"], {}) as simulator:
        assert simulator.stdout
        found = re.search(r"/dev/pts/\d+", simulator.stdout.readline())
        assert found
        env = {"SOLAR_PORT": found[0], "SOLAR_DATA": str(place.directory / "logger"), "SOLAR_INTERVAL": "1"}
        with process.running([SOLAR, "log"], env) as logger:
            assert logger.stderr
            logger.stderr.readline()  # the first reading
            time.sleep(5)
            return process.resident_megabytes(logger.pid)


def _uploader(place: Place) -> float:
    data = place.journal("idle", 100)
    with (
        ScriptedInflux() as server,
        process.running([SOLAR, "upload", "--data", str(data)], _env(server.url)) as uploader,
    ):
        while not server.requests:
            time.sleep(0.05)
        time.sleep(2)
        return process.resident_megabytes(uploader.pid)


def exporting(place: Place) -> Iterator[Figure]:
    """Export and report of a million."""
    data, output = place.journal("million", place.million), place.directory / "out"
    ours = [process.run([SOLAR, "export", "--data", data], output=output) for _ in range(3)]
    query = "SELECT * FROM readings"
    sqlite = [process.run(["sqlite3", "-csv", data / "journal.db", query], output=output) for _ in range(3)]
    utils = process.run([PEERS / "sqlite-utils", "rows", data / "journal.db", "readings", "--csv"], output=output)
    now, peer = process.median(ours), process.median(sqlite)
    beside = f"`sqlite-utils rows --csv` {utils.wall_seconds / peer.wall_seconds:.1f} ×, {utils.peak_megabytes:.0f} MB"
    name = "export of 10⁶ to CSV, × `sqlite3 -csv`"
    yield Figure(name, now.wall_seconds / peer.wall_seconds, "×", 2, beside, "4.7")
    small = process.several([SOLAR, "export", "--data", place.journal("small", 10_000)], 3, output)
    growth = now.peak_megabytes - small.peak_megabytes
    yield Figure("its memory, 10⁶ less 10⁴", growth, "MB", 6)
    command: list[str | Path] = [
        SOLAR,
        "report",
        "--since",
        "2026-01-01",
        "--data",
        data,
        "--output",
        place.directory / "report.html",
    ]
    yield Figure("report of 10⁶", process.several(command, 3).wall_seconds, "s", 2, "", "4")


def growing(place: Place) -> Iterator[Figure]:
    """The same commands on longer journals, and on journals of many boots."""
    small, large = place.journal("small", 10_000), place.directory / "large"
    large.mkdir()
    shutil.copy(place.journal("million", place.million) / "journal.db", large / "journal.db")
    multiply(large / "journal.db", 10)
    status = {data: process.several([SOLAR, "status", "--data", data], 9).cpu_seconds for data in (small, large)}
    yield Figure("`status`, 10⁷ ÷ 10⁴ readings", status[large] / status[small], "×", 1.1, "", "1.0 at 10⁶")
    boots = {each: place.journal(f"boots{each}", 10_000, each) for each in (10, 1000)}
    many = {each: process.several([SOLAR, "status", "--data", data], 5).cpu_seconds for each, data in boots.items()}
    yield Figure("`status`, 1,000 ÷ 10 boots", many[1000] / many[10], "×", None)
    yield Figure("start of the logger, 10⁷ ÷ 10⁴ readings", _opening(large) / _opening(small), "×", None)


def _opening(data: Path) -> float:
    """Seconds of opening the journal to append."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        JournalWriter.create(data / "journal.db").close()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[2]


def draining(place: Place) -> Iterator[Figure]:
    """A backlog into InfluxDB, beside influxdb-client's batching API and beside what the server itself can take."""
    fifth = place.million // 5
    data, million = place.journal("fifth", fifth), place.journal("million", place.million)
    with _influxdb(place.directory / "influxdb") as (url, new):
        start = _upload(place.journal("tiny", 100), url, new())
        ours, points, ready, server = [], [], [], []
        for _ in range(3):
            ours.append(_upload(data, url, new()))
            peer = [PEERS / "python", Path(__file__).with_name("peers.py")]
            points.append(process.run([*peer, "points", data / "journal.db", url, new()]))
            ready.append(process.run([*peer, "lines", data / "journal.db", url, new()]))
            server.append(_server_alone(data, fifth, url, new()))
        now, with_points, with_lines = process.median(ours), process.median(points), process.median(ready)
        each = 1e6 / fifth
        cpu = (now.cpu_seconds - start.cpu_seconds) * each
        beside = f"Points {with_points.cpu_seconds * each:.0f}, ready lines {with_lines.cpu_seconds * each:.0f}"
        yield Figure("drain, CPU a reading", cpu, "µs", 16, beside, "43")
        alone = f"server alone {sorted(server)[1] / with_lines.wall_seconds:.2f} ×"
        yield Figure("drain, wall, × ready lines", now.wall_seconds / with_lines.wall_seconds, "×", 1.0, alone, "1.54")
        yield Figure("drain, wall, × Points", now.wall_seconds / with_points.wall_seconds, "×", 0.5, "", "1.08")
        name = new()
        all_of_it = _upload(million, url, name)
        beside = f"Points {with_points.peak_megabytes:.0f}, ready lines {with_lines.peak_megabytes:.0f}"
        yield Figure("memory while draining 10⁶", all_of_it.peak_megabytes, "MB", 45, beside, "67")
        yield Figure("its growth from 200,000", all_of_it.peak_megabytes - now.peak_megabytes, "MB", 2)
        yield Figure("a month's outage (259,200) delivered in", now.wall_seconds * 259_200 / fifth, "s", None)
        audit = process.run([SOLAR, "audit", "--data", million], _env(url, name))
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
def _influxdb(directory: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """A real InfluxDB's URL, and what makes another database in it. Debian's is 1.6, which has no /api/v2/write: nginx
    puts that in front of it, for all alike."""
    directory.mkdir()
    made = 0
    with influxdb_1(directory, free_port()) as server, nginx(directory, _V2.replace("SERVER", server.url)) as url:

        def new() -> str:
            nonlocal made
            made += 1
            server.query(f"CREATE DATABASE bench{made}")
            return f"bench{made}"

        yield url, new


def _env(url: str, bucket: str = "bucket") -> dict[str, str]:
    return {"INFLUXDB_URL": url, "INFLUXDB_TOKEN": "a:b", "INFLUXDB_ORG": "org", "INFLUXDB_BUCKET": bucket}


def _upload(data: Path, url: str, bucket: str) -> Run:
    for left in data.glob("uploader.db*"):
        left.unlink()
    return process.run([SOLAR, "upload", "--once", "--data", data], _env(url, bucket))


def _server_alone(data: Path, readings: int, url: str, database: str) -> float:
    """Seconds that the server takes for the same lines, made and compressed beforehand."""
    bodies = [gzip.compress(body, 6) for body in _bodies(data, readings)]
    pool = urllib3.PoolManager()
    began = time.perf_counter()
    for body in bodies:
        target = f"{url}/api/v2/write?bucket={database}&precision=ms"
        assert pool.request("POST", target, body=body, headers={"Content-Encoding": "gzip"}).status == 204
    return time.perf_counter() - began


def _bodies(data: Path, readings: int, each: int = BATCH) -> Iterator[bytes]:
    with Journal.open(data / "journal.db") as journal:
        rows = journal.values("readings", COLUMNS["readings"], 1, readings)
        texts = (line.text for line in lines(rows, "readings", journal.sites("readings")))
        while batch := list(islice(texts, each)):
            yield "\n".join(batch).encode()


def sending(place: Place) -> Iterator[Figure]:
    """What goes over the wire; counts."""
    readings = min(place.million // 5, 50_000)
    bodies = list(_bodies(place.journal("fifth", place.million // 5), readings))
    counted = readings - BATCH  # without the first request, which makes the connection
    size = {level: sum(len(gzip.compress(body, level)) for body in bodies[1:]) / counted for level in (1, 6, 9)}
    with ScriptedInflux() as server, Influx(server.target) as influx:
        influx.write(bodies[0].decode().split("\n"))
        before = influx.bytes_on_wire
        for body in bodies[1:]:
            influx.write(body.decode().split("\n"))
        now = (influx.bytes_on_wire - before) / counted
    beside = ", ".join(f"gzip {level}: {each:.1f} B" for level, each in size.items())
    yield Figure("wire, backlog, × gzip 9 of the same lines", now / size[9], "×", 1.0, beside, "1.12")
    plain, secure = _a_day(place, is_secure=False), _a_day(place, is_secure=True)
    yield Figure(
        "wire, a day at the defaults, both ways, TLS included", secure / 1e6, "MB", 1.1, "", "1.25 without TLS"
    )
    yield Figure("the same without TLS", plain / 1e6, "MB", None)


def _a_day(place: Place, *, is_secure: bool) -> int:
    """Bytes in both directions, TLS and HTTP but not TCP, of a day's readings, six in each request."""
    bodies = _bodies(place.journal("day", A_DAY), A_DAY, A_REQUEST)
    server = ScriptedInflux(version="2.7.12", token="x" * 88)
    if is_secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    with server, FaultProxy(server.url) as counter:
        url = counter.url.replace("http:", "https:") if is_secure else counter.url
        with Influx(Target(url, "x" * 88, "home", "solar", str(CERTIFICATE) if is_secure else None)) as influx:
            for body in bodies:
                outcome = influx.write(body.decode().split("\n"))
                assert isinstance(outcome, Sent), outcome
        return counter.bytes_up + counter.bytes_down


PARTS: tuple[Part, ...] = (writing, starting, exporting, growing, sending, draining)
