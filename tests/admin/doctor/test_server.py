"""The doctor's questions to servers: a real InfluxDB 1.6.7 with users, a double of 2.x, and what is in their way."""

import gzip
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from admin.doctor.bucket import retention
from admin.doctor.finding import Finding, Verdict
from admin.doctor.server import certificate, name, server
from tests.forward_proxy import ForwardProxy
from tests.http_double import serving
from tests.scripted_influx import ScriptedInflux, page
from tests.servers import InfluxDB1, free_port, influxdb_1
from tests.uploader.audit.flux_double import table
from uploader.server.target import Proxy, Target, address_of

CERTIFICATES = Path(__file__).parent.parent.parent / "uploader" / "certificates"


def told(target: Target, oldest_seconds: float | None = None, drain_seconds: float | None = None) -> dict[str, Finding]:
    return {finding.name: finding for finding in server(target, oldest_seconds, drain_seconds)}


def verdicts(findings: dict[str, Finding]) -> dict[str, str]:
    return {name: finding.verdict.value for name, finding in findings.items()}


@pytest.fixture(scope="module")
def with_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    """InfluxDB 1.6.7 that wants passwords. Database `solar` keeps all, its policy `week` seven days."""
    with influxdb_1(tmp_path_factory.mktemp("influxdb"), free_port(), auth=True) as running:
        running.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        running.query("CREATE DATABASE solar")
        running.query("CREATE RETENTION POLICY week ON solar DURATION 7d REPLICATION 1")
        for user, right in (("writer", "WRITE"), ("reader", "READ"), ("both", "ALL")):
            running.query(f"CREATE USER {user} WITH PASSWORD 'secret'")
            running.query(f"GRANT {right} ON solar TO {user}")
        yield running


@pytest.mark.parametrize(
    ("token", "bucket", "expected"),
    [
        ("both:secret", "solar", {"token": "ok", "bucket": "ok", "retention": "ok"}),
        ("both:secret", "solar/week", {"token": "ok", "bucket": "ok", "retention": "bad"}),
        ("writer:secret", "solar", {"token": "ok", "bucket": "ok", "retention": "skipped"}),
        ("reader:secret", "solar", {"token": "bad", "bucket": "skipped"}),
        ("writer:wrong-one", "solar", {"token": "bad", "bucket": "skipped"}),
        ("no-password", "solar", {"token": "bad", "bucket": "skipped"}),
        ("both:secret", "sola", {"token": "ok", "bucket": "bad"}),
        ("both:secret", "solar/month", {"token": "ok", "bucket": "bad"}),
    ],
    ids=[
        "all is well",
        "it keeps too little",
        "may only write",
        "may only read",
        "wrong password",
        "no user:password",
        "no such database",
        "no such policy",
    ],
)
def test_token_and_bucket_in_version_1(
    with_users: InfluxDB1, token: str, bucket: str, expected: dict[str, str]
) -> None:
    found = told(Target(with_users.url, token, "ignored", bucket), oldest_seconds=30 * 86400)
    assert verdicts(found) == {"dns": "ok", "certificate": "skipped", "server": "ok"} | expected
    assert found["server"].found.startswith("InfluxDB 1.")
    assert with_users.query("SHOW MEASUREMENTS", "solar") == []
    assert "secret" not in str(found)


@dataclass
class Influx2:
    """A double of InfluxDB 2.x for a token that may write (`can_write`) or see the bucket (`can_read`)."""

    everySeconds: int = 0  # noqa: N815  # InfluxDB's word
    can_write: bool = True
    can_read: bool = True
    bodies: tuple[bytes, ...] = ()
    url: str = ""

    @property
    def target(self) -> Target:
        return Target(self.url, "my-long-token", "org", "solar")


ALL_WELL = {"token": "ok", "bucket": "ok", "retention": "ok"}


@contextmanager
def influx_2(double: Influx2) -> Iterator[Influx2]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/ping"
            self.reply(204, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = urlsplit(self.path)
            if path.path == "/api/v2/query":
                assert parse_qs(path.query) == {"org": ["org"]}
                asked = json.loads(body)
                assert 'r.name == "solar"' in asked["query"]
                assert asked["dialect"]["annotations"] == ["datatype", "group", "default"]
                rows = [f"0,solar,{double.everySeconds}000000000"] if double.can_read else []
                self.reply(200, table("name,retentionPeriod", rows))
                return
            double.bodies += (body,)
            if self.headers["Authorization"] != "Token my-long-token":
                self.reply(401, {"code": "unauthorized", "message": "unauthorized access"})
            elif not double.can_write:
                self.reply(403, {"code": "forbidden", "message": "insufficient permissions for write"})
            else:
                self.reply(400, {"code": "invalid", "message": "writing requires points"})

        def reply(self, status: int, body: dict[str, str] | str) -> None:
            self.send_response(status)
            self.send_header("X-Influxdb-Version", "v2.7.11")
            self.send_header("Content-Type", "text/csv" if isinstance(body, str) else "application/json")
            self.end_headers()
            if status != 204:
                self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    with serving(Handler) as url:
        double.url = url
        yield double


@pytest.mark.parametrize(
    ("double", "expected", "words"),
    [
        (Influx2(), ALL_WELL, "keeps readings for ever"),
        (Influx2(everySeconds=30 * 86400), ALL_WELL, "keeps readings for 30 days"),
        (Influx2(can_read=False), {"token": "ok", "bucket": "ok", "retention": "skipped"}, "may not read"),
        (Influx2(can_write=False), {"token": "bad", "bucket": "skipped"}, "insufficient permissions"),
    ],
    ids=["all rights", "thirty days", "may only write", "may only read"],
)  # fmt: skip
def test_token_and_bucket_in_version_2(double: Influx2, expected: dict[str, str], words: str) -> None:
    with influx_2(double):
        found = told(double.target)
    assert verdicts(found) == {"dns": "ok", "certificate": "skipped", "server": "ok"} | expected
    assert found["server"].found == f"InfluxDB 2.7.11 answers at {double.url}"
    assert words in str(found)
    assert "my-long-token" not in str(found)


def test_what_is_written_to_try_the_token_is_nothing() -> None:
    with influx_2(Influx2()) as double:
        told(double.target)
    assert [gzip.decompress(body) for body in double.bodies] == [b""]


def test_a_wrong_token_in_version_2() -> None:
    with influx_2(Influx2()) as double:
        found = told(Target(double.url, "another-token", "org", "solar"))
    assert found["token"].verdict is Verdict.BAD
    assert found["token"].found == "the server refuses the token (401: unauthorized access)"
    assert "another-token" not in str(found)


@pytest.mark.parametrize(
    ("kept", "oldest", "drain", "verdict"),
    [
        (30.0, None, None, "ok"),
        (30.0, 5.0, 0.1, "ok"),
        (30.0, 29.5, 0.1, "look"),
        (30.0, 20.0, 10.0, "look"),
        (30.0, 31.0, 0.1, "bad"),
        (0.0, 3000.0, 1.0, "ok"),
        (None, 3000.0, 1.0, "skipped"),
    ],
    ids=["nothing waits", "in time", "tomorrow too old", "too old before its turn", "too old", "for ever", "unknown"],
)
def test_days_that_the_bucket_keeps_against_the_oldest_that_waits(
    kept: float | None, oldest: float | None, drain: float | None, verdict: str
) -> None:
    kept, oldest, drain = (None if days is None else days * 86400 for days in (kept, oldest, drain))
    assert retention(kept, oldest, drain).verdict.value == verdict


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1", "not needed: the server is on this computer"),
        ("localhost", "not needed: the server is on this computer"),
        ("[::1]", "not needed: the server is on this computer"),
        ("influx.lan", "none: the address begins with http, so others on the network can read the token"),
        ("10.1.2.3", "none: the address begins with http, so others on the network can read the token"),
    ],
)
def test_without_https_the_token_is_in_danger_only_on_a_network(host: str, words: str) -> None:
    target = Target(f"http://{host}:8086", "t", "o", "b")
    assert certificate(target, address_of(target.url)[0], 8086).found == words


def test_nobody_at_the_address() -> None:
    found = told(Target(f"http://127.0.0.1:{free_port()}", "t", "o", "b"))
    assert verdicts(found) == {"dns": "ok", "certificate": "skipped", "server": "bad"}
    assert found["server"].found.endswith("cannot be reached: connection refused")
    assert found["server"].remedy.startswith("the server is not running, or it uses another port")


def test_a_name_that_nobody_knows() -> None:
    found = told(Target("http://influx.invalid:8086", "t", "o", "b"))
    assert verdicts(found) == {"dns": "bad"}
    assert found["dns"].found == "no address was found for the name influx.invalid"


def test_a_name_is_looked_up_and_an_address_is_not() -> None:
    assert name("localhost", 80).found.startswith("localhost is ")
    assert name("::1", 80).found == "not needed, ::1 is an address"


def test_a_login_page_in_between() -> None:
    class Portal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://hotel.example/login")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - http.server names it

    with serving(Portal) as url:
        found = told(Target(url, "t", "o", "b"))
    assert found["server"].verdict is Verdict.BAD
    assert "redirects to http://hotel.example/login" in found["server"].found
    assert found["token"].verdict is Verdict.BAD


def test_a_proxy_whose_server_is_away() -> None:
    with ScriptedInflux([page(502, "502 Bad Gateway")]) as influx:
        found = told(influx.target)
    assert (found["server"].verdict, found["token"].verdict) == (Verdict.LOOK, Verdict.BAD)
    assert "502 Bad Gateway" in found["token"].found


@pytest.mark.parametrize(
    ("shown", "trusted", "verdict", "words", "remedy"),
    [
        ("valid", "valid", "ok", "valid for ", ""),
        ("valid", None, "bad", "is not trusted", "renew it"),
        ("expired", "expired", "bad", "has expired", "set the clock, see line 24"),
        (
            "not_yet_valid",
            "not_yet_valid",
            "bad",
            "so this computer's clock is probably wrong",
            "set the clock, see line 24",
        ),
    ],
)
def test_certificates(shown: str, trusted: str | None, verdict: str, words: str, remedy: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{shown}.pem")
    with serving(BaseHTTPRequestHandler, context) as url:
        target = Target(url, "t", "o", "b", str(CERTIFICATES / f"{trusted}.pem") if trusted else None)
        finding = certificate(target, "127.0.0.1", urlsplit(url).port or 0)
    assert finding.verdict.value == verdict
    assert words in finding.found
    assert finding.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("given", "verdict", "words"),
    [("a:b@", "ok", "valid for "), ("", "bad", "(from HTTPS_PROXY) asks for a user and password (407)")],
    ids=["let through", "not let through"],
)
def test_the_certificate_behind_a_proxy(given: str, verdict: str, words: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "valid.pem")
    with serving(BaseHTTPRequestHandler, context) as url, ForwardProxy(url, credentials="a:b") as proxy:
        through = Proxy("HTTPS_PROXY", proxy.url.replace("//", f"//{given}"))
        target = Target("https://127.0.0.1:8086", "t", "o", "b", str(CERTIFICATES / "valid.pem"), through)
        finding = certificate(target, "127.0.0.1", 8086)
    assert finding.verdict.value == verdict
    assert words in finding.found


def test_https_where_http_is_spoken() -> None:
    with ScriptedInflux() as influx:
        port = urlsplit(influx.url).port or 0
        finding = certificate(Target(f"https://127.0.0.1:{port}", "t", "o", "b"), "127.0.0.1", port)
    assert finding.verdict is Verdict.BAD
    assert "https" in finding.found
