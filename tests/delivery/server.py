"""A model of InfluxDB over real HTTP: stores as it stores, refuses as it refuses, and what stands before it misbehaves.

    what is stored   a point is measurement, tags and time; the same again overwrites, its fields are merged
    of what type     the first write in a shard says so, and whatever is of another type there is refused
    what it says     as InfluxDB 1.6, 2.0, 2.7, 2.9 or 3 words it, each in its own way

Against single readings, until `cure`: `unparsable`, `floor_ms` (retention) and a stranger's types are InfluxDB's own
refusals; `poison` is what the way there does whenever a request has this reading in it. Against whatever comes next:
`faults`, one a request.
"""

import gzip
import json
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.scripted_influx import LINE, Answer, error, page
from uploader.server.target import Target

SHARD_MS = 60_000
GENERATIONS = ("1.6", "2.0", "2.7", "2.9", "3")

FAULTS: Mapping[str, Answer] = {
    # InfluxDB's own words, which are about the request and not about what is in it
    "400 damaged": error(400, "unexpected EOF"),
    "401": error(401, "unauthorized access", "unauthorized"),
    "403": error(403, "insufficient permissions for write", "forbidden"),
    "404": error(404, 'bucket "bucket" not found', "not found"),
    "413": error(413, "unable to read data: points batch is too large", "request too large"),
    "429": error(429, "too many requests", "too many requests", Retry_After="30"),
    "500": error(500, "internal error: index out of range", "internal error"),
    "500 timeout": error(500, "timeout", "internal error"),
    "503": error(503, "server is busy", "unavailable"),
    "503 until": error(503, "server is busy", "unavailable", Retry_After="in 20 s"),
    # the way there
    "400 plain": Answer(400, "Client sent an HTTP request to an HTTPS server.\n"),
    "400 empty": Answer(400),
    "403 page": page(403, "403 Forbidden"),
    "408": page(408, "408 Request Time-out"),
    "413 page": page(413, "413 Request Entity Too Large"),
    "422 page": page(422, "This request was blocked"),
    "502": page(502, "502 Bad Gateway"),
    "504": page(504, "504 Gateway Time-out"),
    "portal 200": page(200, "Welcome to our network"),
    "portal 204": Answer(204),
    "portal 302": page(302, "Found", Location="http://login.example/"),
    "cut answer": Answer(503, "no such words", trick="cut answer"),
    "reset in the body": Answer(trick="cut body"),
    "reset": Answer(trick="lose"),
    "204 lost": Answer(trick="lose", stores=True),
}
POISONS = ("reset", "400 plain", "403 page", "413 page", "500", "502", "504")
"""What a proxy or a server does for the bytes of one reading alone."""


def number_of(line: str) -> int:
    """Which record a line is: the field that no test ever changes."""
    match = re.search(r'charge_amp_hours=([0-9]+)\.0|message="event ([0-9]+)"', line)
    assert match, line
    return int(match[1] or match[2])


class ModelInflux:
    """One for many examples: `reset` before each. `sent`: the readings of every request, whatever came of it.

    `condemned`: what InfluxDB refused in its own words.
    """

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.target = Target(f"http://127.0.0.1:{self._server.server_address[1]}", "user:password", "org", "bucket")
        self.reset()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def reset(self, now_ms: Callable[[], int] = lambda: 0) -> None:
        self.generation = "2.7"
        self.now_ms = now_ms
        self.points: dict[tuple[str, int], dict[str, str]] = {}
        self.places: dict[int, set[tuple[str, int]]] = defaultdict(set)
        self.faults: list[str] = []
        self.largest_bytes: int | None = None
        self.sent: set[int] = set()
        self.condemned: set[int] = set()
        self._failed: dict[int, int] = {}
        self._failed_alone: set[int] = set()
        self.requests = self._successes = 0
        self.has_succeeded = self.is_known = False
        self._types: dict[tuple[str, int, str], str] = {}
        self.was_floor_ms = 0
        self.cure()

    def cure(self) -> None:
        """Mend whatever is against single readings; what had expired until then is to be replayed."""
        self.unparsable: set[int] = set()
        self.poison: dict[int, str] = {}
        self.floor_ms: int | None = None
        self._types = {key: kind for key, kind in self._types.items() if kind != "i"}

    def keep_from(self, time_ms: int) -> None:
        """Retention: what is older than this has expired."""
        self.floor_ms = time_ms
        self.was_floor_ms = max(self.was_floor_ms, time_ms)

    def lose_all(self) -> None:
        """Somebody deletes the points."""
        self.points.clear()
        self.places.clear()

    def write_integer(self, time_ms: int) -> None:
        """A stranger writes `charge_amps` as an integer: where nothing was there before, it is one from now on."""
        self._types.setdefault(("solar", time_ms // SHARD_MS, "charge_amps"), "i")

    def has_against(self, number: int, measurement: str, time_ms: int) -> bool:
        """Whether something is against this record itself, in InfluxDB or on the way there."""
        is_integer = self._types.get((measurement, time_ms // SHARD_MS, "charge_amps")) == "i"
        return number in self.unparsable or number in self.poison or is_integer or time_ms < self.was_floor_ms

    def may_condemn(self, number: int) -> bool:
        """Whether InfluxDB has refused it, or it failed, others were taken, and then it failed again, alone."""
        return number in self.condemned or number in self._failed_alone

    def is_expired(self, time_ms: int) -> bool:
        return self.floor_ms is not None and time_ms < self.floor_ms

    def carry(self, lines: list[str]) -> bool:
        """Take lines that were brought by hand; whether all were taken."""
        self.sent.update(map(number_of, lines))
        return self._judge(lines).status == 204

    def answer(self, lines: list[str], size: int) -> Answer:
        numbers = [number_of(line) for line in lines]
        self.requests += 1
        self.sent.update(numbers)
        name: str | None = self.faults.pop(0) if self.faults else "fine"
        if name == "fine":
            name = next((self.poison[number] for number in numbers if number in self.poison), None)
        if name is None and self.largest_bytes and size > self.largest_bytes and len(lines) > 1:
            name = "413 page"
        answer = FAULTS[name] if name else self._judge(lines)
        if name and answer.stores:
            self._judge(lines)
        if name == "503 until":
            until = format_datetime(datetime.fromtimestamp(self.now_ms() / 1000 + 20, UTC), usegmt=True)
            answer = Answer(503, answer.body, {"Retry-After": until})
        if name is None and answer.status == 204:
            self._successes += 1
            self.has_succeeded = True
            for number in numbers:
                self._failed.pop(number, None)
        elif self._failed.setdefault(numbers[0], self._successes) < self._successes and len(numbers) == 1:
            self._failed_alone.add(numbers[0])
        if name == "413" and len(numbers) == 1:
            self.condemned.update(numbers)
        for number in numbers if name else ():
            self._failed.setdefault(number, self._successes)
        return answer

    def _judge(self, lines: list[str]) -> Answer:
        bad: dict[str, str] = {}
        for line in lines:
            match = LINE.fullmatch(line)
            number, time_ms = number_of(line), int(line.rpartition(" ")[2])
            if not match or number in self.unparsable:
                bad[line] = "unparsable"
            elif self.is_expired(time_ms):
                bad[line] = "expired"
            elif conflict := self._conflict(match["point"], time_ms, _fields(match["fields"])):
                bad[line] = conflict
        refuses_all = "unparsable" in bad.values() and self.generation.startswith("2")
        if not refuses_all:
            for line in lines:
                if line not in bad:
                    self._store(line)
        causes = {"unparsable": "unparsable"} if refuses_all else {}
        self.condemned |= {number_of(line) for line, cause in bad.items() if causes.get(cause, cause) != "expired"}
        return self._refusal(bad) if bad else Answer(headers=self._headers())

    def _conflict(self, point: str, time_ms: int, fields: Mapping[str, str]) -> str:
        for name, text in fields.items():
            known = self._types.get((point.partition(",")[0], time_ms // SHARD_MS, name))
            if known is not None and known != _type_of(text):
                return name
        return ""

    def _store(self, line: str) -> None:
        match = LINE.fullmatch(line)
        assert match, line
        fields, time_ms = _fields(match["fields"]), int(match["time"])
        for name, text in fields.items():
            self._types[match["point"].partition(",")[0], time_ms // SHARD_MS, name] = _type_of(text)
        self.points.setdefault((match["point"], time_ms), {}).update(fields)
        self.places[number_of(line)].add((match["point"], time_ms))

    def _headers(self) -> dict[str, str]:
        version = {"1.6": "1.6.7", "2.0": "2.0.9", "2.7": "v2.7.12", "2.9": "v2.9.1", "3": "3.1.0"}[self.generation]
        return {"X-Influxdb-Version": version, "X-Influxdb-Build": "OSS"}

    def _refusal(self, bad: Mapping[str, str]) -> Answer:
        """What this generation says, about one of the causes: first of what is unparsable, then of types, then of age.

        It says how many it dropped for that cause alone, and nothing of how many were unparsable. So 1.6.7 does.
        """
        order = ("unparsable", "type", "expired")
        kinds = {line: cause if cause in order else "type" for line, cause in bad.items()}
        kind = min(kinds.values(), key=order.index)
        first = next(line for line, each in kinds.items() if each == kind)
        cause, count = bad[first], sum(each == kind for each in kinds.values())
        version, dropped = self.generation, f"dropped={0 if kind == 'unparsable' else count}"
        if cause == "unparsable":
            words = f"unable to parse '{first}': bad timestamp"
        elif cause == "expired":
            words = f"points beyond retention policy {dropped}"
        else:
            words = (
                f'field type conflict: input field "{cause}" on measurement "solar" is type float, '
                f"already exists as type integer {dropped}"
            )
        if version == "1.6":
            more = f" {dropped}" if cause == "unparsable" else ""
            return self._error(400, {"error": f"partial write: {words}{more}"})
        if version == "3":
            data = [{"original_line": line, "line_number": 1, "error_message": words} for line in bad]
            return self._error(400, {"error": "partial write of line protocol occurred", "data": data})
        if cause == "unparsable":
            return self._error(400, {"code": "invalid", "message": words})
        if version == "2.0":
            words = f"unexpected error writing points to database: partial write: {words}"
            return self._error(500, {"code": "internal error", "message": words})
        if cause == "expired" and version == "2.9":
            series = f"{first.partition(' ')[0]},which=is,described=at,some=length"
            floor = datetime.fromtimestamp((self.floor_ms or 0) / 1000, UTC).isoformat(timespec="microseconds")[:-6]
            bound = f"{series} at {floor}Z dropped because it violates a Retention Policy Lower Bound at {floor}Z"
            words = (
                f"dropped {count} points outside retention policy of duration 1h0m0s - oldest point "
                f"{bound}, newest point {bound} {dropped} for database: 9f282d63c7d31f5f for retention policy: autogen"
            )
        words = f"failure writing points to database: partial write: {words}"
        return self._error(422, {"code": "unprocessable entity", "message": words})

    def _error(self, status: int, body: Mapping[str, object]) -> Answer:
        return Answer(status, json.dumps(body), self._headers())


def _fields(text: str) -> dict[str, str]:
    return dict(re.findall(r'((?:\\.|[^,=])+)=("(?:\\.|[^"\\])*"|[^,]*)', text))


def _type_of(text: str) -> str:
    return "s" if text.startswith('"') else "i" if text.endswith("i") else "f"


class _Server(ThreadingHTTPServer):
    model: ModelInflux
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that was cut is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        """`/ping`, by which 1.x is told."""
        self._reply(Answer(204, headers=self.server.model._headers()))

    def do_POST(self) -> None:
        model = self.server.model
        length = int(self.headers["Content-Length"])
        path = urlsplit(self.path).path
        if path != ("/write" if model.generation == "1.6" else "/api/v2/write"):
            self.rfile.read(length)
            self._reply(Answer(404, "404 page not found\n"))
            return
        body = self.rfile.read(length)
        answer = model.answer(gzip.decompress(body).decode().split("\n"), length)
        if answer.trick in ("lose", "cut body"):
            self._hang_up()
        else:
            self._reply(answer)

    def _reply(self, answer: Answer) -> None:
        data = answer.body.encode()
        self.send_response(answer.status)
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
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Quiet."""
