"""A double of InfluxDB 2.x for the answers that no real server here gives. It plays a script, then behaves.

A point is its measurement, tag set and time: the same one again is merged into the one there is, as in InfluxDB.
"""

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal, Self
from urllib.parse import parse_qs, urlsplit

from uploader.server.target import Target

LINE = re.compile(r'(?P<point>(?:\\.|[^ \\])+) (?P<fields>(?:"(?:\\.|[^"\\])*"|[^ "])+) (?P<time>-?\d+)')


@dataclass(frozen=True)
class Answer:
    """One scripted answer. `stores`: whether the lines are stored all the same, as with a 204 they always are.

    `trick`: "lose" closes the connection without an answer, "cut body" before the request has been read to its end,
    "cut answer" in the middle of the answer.
    """

    status: int = 204
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stores: bool = False
    delay_seconds: float = 0.0
    trick: Literal["", "lose", "cut body", "cut answer"] = ""


def error(status: int, message: str, code: str = "invalid", **headers: str) -> Answer:
    """An error as InfluxDB 2.x words it; header names with underscores for hyphens."""
    body = json.dumps({"code": code, "message": message})
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def page(status: int, title: str, **headers: str) -> Answer:
    """An answer of somebody who is not InfluxDB."""
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status, body, {"Content-Type": "text/html"} | {n.replace("_", "-"): v for n, v in headers.items()})


class ScriptedInflux:
    """`refuses` says for a line whether the server refuses it on its own merits, as it always will; `answers` what it
    answers to lines that it, or a proxy before it, cannot take, None for all others.

    `version`: how it names itself in its own answers. `points`: what is stored, by (measurement and tags, time).
    `requests`: the lines of every write that was read whole.
    """

    def __init__(
        self,
        script: Iterable[Answer] = (),
        *,
        refuses: Callable[[str], bool] = lambda line: False,
        refusal: Literal["422", "400", "400 partial"] = "422",
        answers: Callable[[list[str]], Answer | None] = lambda lines: None,
        largest_body_bytes: int | None = None,
        token: str | None = None,
        version: str | None = None,
    ) -> None:
        self.script = list(script)
        self.refuses = refuses
        self.refusal = refusal
        self.answers = answers
        self.largest_body_bytes = largest_body_bytes
        self.token = token
        self.version = version
        self.points: dict[tuple[str, int], dict[str, str]] = {}
        self.requests: list[list[str]] = []
        self.statuses: list[int | str] = []
        self.connections = 0
        self.paths: list[str] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.double = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def target(self) -> Target:
        return Target(self.url, self.token or "token", "org", "bucket")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def times(self, measurement: str = "solar") -> list[int]:
        """The times of the points stored, ascending."""
        return sorted(time for point, time in self.points if point.split(",")[0] == measurement)

    def answer(self, lines: list[str], body_bytes: int, token: str | None) -> Answer:
        with self._lock:
            answer = self.script.pop(0) if self.script else None
            if answer is None or answer.stores or (answer.status, answer.trick) == (204, ""):
                judged = self._judge(lines, body_bytes, token)
                answer = answer if answer is not None and judged.status == 204 else judged
            self.requests.append(lines)
            self.statuses.append(answer.trick or answer.status)
            return answer

    def _judge(self, lines: list[str], body_bytes: int, token: str | None) -> Answer:
        if self.token is not None and token != f"Token {self.token}":
            return error(401, "unauthorized access", "unauthorized")
        if self.largest_body_bytes and body_bytes > self.largest_body_bytes:
            return page(413, "413 Request Entity Too Large")
        if answer := self.answers(lines):
            return answer
        bad = [line for line in lines if self.refuses(line) or not LINE.fullmatch(line)]
        if not bad or self.refusal != "400":
            for line in lines:
                if line not in bad:
                    self._store(line)
        if not bad:
            return Answer()
        if self.refusal == "422":
            words = f"failure writing points to database: partial write: field type conflict dropped={len(bad)}"
            return error(422, words, "unprocessable entity")
        if self.refusal == "400 partial":
            return Answer(400, json.dumps({"error": f"partial write: unable to parse {bad[0]!r} dropped=0"}))
        return error(400, f"unable to parse {bad[0]!r}: bad timestamp")

    def _store(self, line: str) -> None:
        match = LINE.fullmatch(line)
        assert match, line
        fields = re.findall(r'((?:\\.|[^,=])+)=("(?:\\.|[^"\\])*"|[^,]*)', match["fields"])
        self.points.setdefault((match["point"], int(match["time"])), {}).update(fields)


class _Server(ThreadingHTTPServer):
    double: ScriptedInflux
    daemon_threads = False
    block_on_close = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.sockets: set[socket.socket] = set()

    def process_request(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        self.sockets.add(request)
        self.double.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: object) -> None:
        assert isinstance(request, socket.socket)
        self.sockets.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for each in list(self.sockets):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that a test cut is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer with a body takes 40 ms
    server: _Server

    def do_GET(self) -> None:
        """`/ping` and all else: 2.x answers the first with 204."""
        self.server.double.paths.append(self.path)
        self._reply(Answer(204 if self.path == "/ping" else 404))

    def do_POST(self) -> None:
        double = self.server.double
        double.paths.append(self.path)
        parts = urlsplit(self.path)
        if parts.path != "/api/v2/write":
            self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(Answer(404, '{"code":"not found","message":"path not found"}'))
            return
        assert parse_qs(parts.query)["precision"] == ["ms"]
        length = int(self.headers["Content-Length"])
        if double.script and double.script[0].trick == "cut body":
            double.statuses.append("cut body")
            double.script.pop(0)
            self.rfile.read(length // 2)
            self._hang_up()
            return
        body = self.rfile.read(length)
        assert self.headers["Content-Encoding"] == "gzip"
        lines = gzip.decompress(body).decode().split("\n")
        answer = double.answer(lines, length, self.headers["Authorization"])
        if answer.delay_seconds:
            threading.Event().wait(answer.delay_seconds)
        if answer.trick == "lose":
            self._hang_up()
        else:
            self._reply(answer)

    def _reply(self, answer: Answer) -> None:
        data = answer.body.encode()
        self.send_response(answer.status)
        if self.server.double.version and "Content-Type" not in answer.headers:
            self.send_header("X-Influxdb-Version", self.server.double.version)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if answer.trick == "cut answer":
            self.wfile.write(data[: len(data) // 2])
            self._hang_up()
        elif answer.status != 204:
            self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Quiet."""
