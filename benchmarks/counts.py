"""Counts: what a reading costs in syncs, bytes, exchanges, requests and queries. Exact, the same on every computer."""

import re
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from benchmarks.journals import batches, make
from tests.fault_proxy import FaultProxy
from tests.logger.bench import Bench
from tests.scripted_influx import ScriptedInflux
from uploader.drain.drain import Drain
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress
from uploader.server.influx import Influx
from uploader.server.outcomes import Sent
from uploader.server.target import Target

_APPEND = """
import sys
from pathlib import Path
from benchmarks.journals import readings
from journal.writer import JournalWriter
with JournalWriter.create(Path(sys.argv[1])) as journal:
    for reading in readings(int(sys.argv[2]), journal.boot_number("boot")):
        journal.append(reading)
"""


def written(directory: Path, readings: int) -> tuple[int, int]:
    """Syncs, and bytes written to the directory's files, while that many readings are appended one by one."""
    log = directory / "strace"
    path = directory / f"{readings}.db"
    subprocess.run(traced([sys.executable, "-c", _APPEND, str(path), str(readings)], log), check=True)
    return written_to(directory, log)


def traced(command: Sequence[str | Path], log: Path) -> list[str | Path]:
    """The command with all that it writes noted in `log`."""
    calls = "trace=fsync,fdatasync,write,pwrite64"
    return ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "0", "-e", calls, "-o", log, *command]


def written_to(directory: Path, log: Path) -> tuple[int, int]:
    """Syncs of the directory's files, and bytes written to them."""
    syncs = size = 0
    for line in log.read_text().splitlines():
        # 4711 pwrite64(5</tmp/500.db-wal>, ""..., 4096, 32) = 4096
        if found := re.match(r"\d+ +(\w+)\(\d+<([^>]*)>.* = (\d+)$", line):
            call, file, result = found.groups()
            if file.startswith(str(directory)):
                syncs += call in ("fsync", "fdatasync")
                size += int(result) if "write" in call else 0
    return syncs, size


def per_reading(directory: Path, few: int, many: int) -> tuple[float, float]:
    """Syncs and bytes per reading: how much more `many` cost than `few`. So opening and closing do not count."""
    syncs, size = (more - less for less, more in zip(written(directory, few), written(directory, many), strict=True))
    return syncs / (many - few), size / (many - few)


def exchanges() -> list[int]:
    """How many requests each of the first readings sends, one in ten seconds, when nothing changes but the clock."""
    bench = Bench()

    def tick(*_: int) -> None:
        seconds = int(bench.seconds)
        bench.ram[48], bench.ram[47], bench.ram[46] = seconds // 360, seconds % 360 // 60, seconds % 60 // 2

    bench.before = tick
    regulator = bench.regulator()
    counts = []
    for nth in range(1, 6):
        before = len(bench.requests)
        regulator.read()
        counts.append(len(bench.requests) - before)
        bench.seconds = 1000.0 + 10 * nth
    return counts


def drained(directory: Path, readings: int) -> tuple[int, int, int]:
    """Requests, lines and bytes (both ways, without TLS and TCP) for a backlog of that many readings."""
    path = make(directory / "journal.db", readings)
    with (
        ScriptedInflux() as server,
        Progress.open(directory / "uploader.db") as progress,
        Influx(server.target) as influx,
    ):
        drain = Drain(path, influx, progress, reporter=Reporter(server.url), monotonic=lambda: 0.0)
        while not drain.drain_once().is_idle:
            pass
        return len(server.requests), sum(map(len, server.requests)), influx.bytes_on_wire


def request_bytes(directory: Path, certificate: Path) -> tuple[float, float]:
    """Bytes of a request of six readings and its answer, in both directions, with and without TLS, but not TCP.

    What twenty requests cost more than ten, so without the handshake.
    """
    path = make(directory / "requests.db", 120)
    secure, plain = (list(carried(batches(path, 6), each)) for each in (certificate, None))
    return (secure[19] - secure[9]) / 10, (plain[19] - plain[9]) / 10


def carried(requests: Iterable[Sequence[str]], certificate: Path | None) -> Iterator[int]:
    """Bytes in both directions, TLS and HTTP but not TCP, until each of these requests was answered."""
    server = ScriptedInflux(version="2.7.12", token="x" * 88)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    with server, FaultProxy(server.url) as wire:
        url = wire.url.replace("http:", "https:") if certificate else wire.url
        with Influx(Target(url, "x" * 88, "home", "solar", str(certificate) if certificate else None)) as influx:
            for lines in requests:
                outcome = influx.write(lines)
                assert isinstance(outcome, Sent), outcome
                yield wire.bytes_up + wire.bytes_down


@contextmanager
def statements() -> Iterator[set[str]]:
    """The SQL that is executed within the block, on connections that are opened within it."""
    found: set[str] = set()

    class Recorded(sqlite3.Connection):
        def __init__(self, *arguments: object, **named: object) -> None:
            super().__init__(*arguments, **named)  # type: ignore[arg-type]
            self.set_trace_callback(found.add)

    connect = sqlite3.connect
    with patch.object(sqlite3, "connect", lambda *args, **named: connect(*args, factory=Recorded, **named)):
        yield found


def scans(path: Path, executed: set[str]) -> list[str]:
    """The statements for which SQLite reads a whole table of records."""
    is_there_any = re.compile(r"SELECT 1 FROM \w+ LIMIT 1")  # ends at the first row
    of_records = re.compile(r"\b(FROM|INTO|UPDATE) (readings|events)\b")
    scan = re.compile(r"^SCAN (readings|events)\b")
    connection = sqlite3.connect(path)
    try:
        return [
            statement
            for statement in sorted(executed)
            if of_records.search(statement)
            and not is_there_any.fullmatch(statement)
            and any(scan.match(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        ]
    finally:
        connection.close()
