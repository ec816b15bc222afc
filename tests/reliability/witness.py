"""Witness: stands before a real InfluxDB, passes every request on, and remembers what it carried, and in which life.

Each write that was read whole also goes to a VictoriaMetrics, which keeps what was sent twice.
"""

import gzip
import http.client
import itertools
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from tests.servers import Database, VictoriaMetrics

PASSED_ON = ("Authorization", "Content-Encoding", "Content-Type", "User-Agent")


class Witness:
    """`life`: the number of the uploader process at work. `requests`: (life, lines) of each write that was stored, as
    they arrived: InfluxDB may answer two at once, one of a killed life and its repetition.

    `arrived` is set by each write that is read whole; `before_answer` is called when InfluxDB has stored it, before the
    uploader learns of it.
    """

    def __init__(self, database: Database, metrics: VictoriaMetrics) -> None:
        self.life = 0
        self.numbers = itertools.count()
        self.stored: dict[int, tuple[int, list[str]]] = {}
        self.arrived = threading.Event()
        self.before_answer: Callable[[], None] = lambda: None
        self.database = database
        self.metrics = metrics
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.witness = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def requests(self) -> list[tuple[int, list[str]]]:
        return [each for _, each in sorted(self.stored.items())]

    def repeated(self) -> list[tuple[int, list[str]]]:
        """The requests with a line that an earlier one had carried."""
        seen: set[str] = set()
        found = []
        for life, lines in self.requests:
            if not seen.isdisjoint(lines):
                found.append((life, lines))
            seen.update(lines)
        return found

    def sent_again_without_need(self) -> set[str]:
        """Lines sent again although their request was not the last of its life, and so had been answered."""
        last = {life: number for number, (life, _) in enumerate(self.requests)}
        settled: set[str] = set()
        found: set[str] = set()
        for number, (life, lines) in enumerate(self.requests):
            found |= settled & set(lines)
            if number != last[life]:
                settled.update(lines)
        return found


class _Server(ThreadingHTTPServer):
    witness: Witness
    daemon_threads = False
    block_on_close = True

    def handle_error(self, request: object, client_address: object) -> None:
        """An uploader that was killed leaves a broken connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer(self._pass_on(self.server.witness.database.server.url, b""))

    def do_POST(self) -> None:
        witness, life = self.server.witness, self.server.witness.life
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        number = next(witness.numbers)
        witness.arrived.set()
        status, headers, content = self._pass_on(witness.database.server.url, body)
        if status == 204:
            witness.stored[number] = life, gzip.decompress(body).decode().split("\n")
            stored, _, _ = self._pass_on(witness.metrics.url, body)
            assert stored == 204
            witness.before_answer()
        self._answer((status, headers, content))

    def _pass_on(self, url: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
        try:
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            connection.close()

    def _answer(self, answer: tuple[int, dict[str, str], bytes]) -> None:
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            if name.startswith("X-Influxdb") or name == "Content-Type":
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""
