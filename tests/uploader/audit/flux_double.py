"""A double of InfluxDB 2.x for queries: answers our own Flux from what it has stored, in annotated CSV as 2.x does."""

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from typing import Self
from urllib.parse import parse_qs, urlsplit

from tests.uploader.audit.stored import Stored
from uploader.audit.query import Points, Total
from uploader.server.target import Target

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CSV = {"Content-Type": "text/csv; charset=utf-8", "X-Influxdb-Version": "v2.7.6", "X-Influxdb-Build": "OSS"}


@dataclass(frozen=True)
class Reply:
    """`claims_bytes`: the length that the answer claims to have, when it is cut short."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=lambda: CSV)
    claims_bytes: int | None = None


def json_reply(status: int, code: str, message: str) -> Reply:
    return Reply(status, json.dumps({"code": code, "message": message}), {"Content-Type": "application/json"})


class FluxDouble:
    """`script`: what to answer instead, one after the other. `texts`: every query. `tokens`: with which token."""

    def __init__(self, stored: Stored | None = None, *, script: list[Reply] | None = None) -> None:
        self.stored = stored or Stored()
        self.script = script or []
        self.texts: list[str] = []
        self.tokens: list[str | None] = []
        self.retention_seconds = 0
        self.ping = Reply(204, headers={"X-Influxdb-Version": "v2.7.6"})
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.double = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def target(self) -> Target:
        return Target(self.url, "s3cret-token", "org", 'a "bucket"')

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, text: str) -> Reply:
        self.texts.append(text)
        if self.script:
            return self.script.pop(0)
        if text.startswith("buckets()"):
            period = self.retention_seconds * 1_000_000_000
            return Reply(body=table("name,retentionPeriod", [f'0,"a ""bucket""",{period}']))
        return Reply(body="".join(self._result(part) for part in text.split("\n\n")))

    def _result(self, text: str) -> str:
        """What one `yield` gives: a table of totals, or a table of values for each field; those whose values are of one
        type follow under one header."""
        (result,) = re.findall(r'yield\(name: "(.+)"\)', text)
        function, *said = result.split(" ", 1)
        points, names = question_of(text)
        if function == "value":
            return self._samples(points, names)
        assert re.findall(r'r\._value == "(.+)"', text) == said
        totals = [Total(function, name, *said) for name in names]
        rows = [
            f"0,{iso(hour)},{total.field},{_n(value)}"
            for hour, of_hour in sorted(self.stored.totals(points, totals).items())
            for total, value in of_hour.items()
        ]
        value = "long" if function == "count" else "double"
        return table("_time,_field,_value", rows, value=value, result=result)

    def _samples(self, points: Points, names: list[str]) -> str:
        samples = sorted(
            self.stored.samples(points, names), key=lambda each: (isinstance(each[2], str), each[1], each[0])
        )
        numbers = {name: str(n) for n, name in enumerate(dict.fromkeys(name for _, name, _ in samples))}
        body = ""
        for is_text, part in groupby(samples, key=lambda each: isinstance(each[2], str)):
            rows = [f"{numbers[name]},{iso(time)},{name},{_n(v)}" for time, name, v in part]
            value = "string" if is_text else "double"
            body += table("_time,_field,_value", rows, value=value, group="_field", result="value")
        return body


def _n(value: float | str) -> str:
    """As Go writes it."""
    return value if isinstance(value, str) else f"{value:.17g}" if float(f"{value:.15g}") != value else f"{value:.15g}"


def table(names: str, rows: list[str], *, value: str = "double", group: str = "", result: str = "value") -> str:
    """Tables under one header. `rows` begin with the table's number. No rows: no header either."""
    columns = names.split(",")
    types = {"_time": "dateTime:RFC3339", "_value": value, "retentionPeriod": "long"}
    lines = [
        ",".join(["#datatype", "string", "long", *(types.get(name, "string") for name in columns)]),
        ",".join(["#group", "false", "false", *(str(name == group).lower() for name in columns)]),
        ",".join(["#default", result, "", *("" for _ in columns)]),
        f",result,table,{names}",
        *(f",,{row}" for row in rows),
    ]
    return "".join(line + "\r\n" for line in [*(lines if rows else []), ""])


def iso(time_ms: int) -> str:
    moment = EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z").replace(".000Z", "Z")


def question_of(text: str) -> tuple[Points, list[str]]:
    begin, end = re.findall(r"range\(start: (\S+), stop: (\S+)\)", text)[0]
    names = re.findall(r'r\._field == "(\w+)"', text)
    measurement, site = re.findall(r'r\._measurement == "(\w+)" and r\.site == "(\w+)"', text)[0]
    since_ms, until_ms = ((datetime.fromisoformat(each) - EPOCH) // timedelta(milliseconds=1) for each in (begin, end))
    return Points(measurement, site, since_ms, until_ms), names


class _Server(ThreadingHTTPServer):
    double: FluxDouble
    daemon_threads = False


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        assert self.path == "/ping"
        self._reply(self.server.double.ping)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.double.tokens.append(self.headers["Authorization"])
        parts = urlsplit(self.path)
        if parts.path == "/query":
            self._reply(self.server.double.answer(parse_qs(body.decode())["q"][0]))
            return
        if parts.path == "/api/v1/query":
            self._reply(self.server.double.answer(body.decode()))
            return
        assert (parts.path, parse_qs(parts.query)) == ("/api/v2/query", {"org": ["org"]})
        asked = json.loads(body)
        assert asked["dialect"]["annotations"] == ["datatype", "group", "default"]
        self._reply(self.server.double.answer(asked["query"]))

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        body = reply.body.encode()
        if reply.status != 204:
            self.send_header("Content-Length", str(reply.claims_bytes or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""
