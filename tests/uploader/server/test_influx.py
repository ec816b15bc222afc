"""Influx over real sockets: what each failure of the network is called, and how a server before 1.8 is recognised."""

import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fault_proxy import Fault, FaultProxy
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.servers import Database, free_port, influxdb_1, nginx
from tests.uploader.site import influx
from uploader.progress.progress import Progress
from uploader.server.influx import Influx
from uploader.server.outcomes import Expired, Misconfigured, Outcome, Rejected, Sent, Unreachable
from uploader.server.target import Target

LINES = [f"solar,site=home battery_volts={n}.5 {1_700_000_000_000 + n}" for n in range(10)]
CERTIFICATES = Path(__file__).parent.parent / "certificates"


def written(url: str, *, ca_file: str | None = None) -> Outcome:
    with Influx(Target(url, "tok-secret", "org", "bucket", ca_file), connect_seconds=1, read_seconds=0.5) as writer:
        return writer.write(LINES)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does `answer` with each connection, one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        is_over = False

        def serve() -> None:
            while True:
                connection, _ = listener.accept()
                with connection:
                    if is_over:
                        return
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        is_over = True
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()


def read_request(connection: socket.socket) -> None:
    """Read it to its end: closing a connection with something unread resets it."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536) or b"\r\n\r\n"
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0:
        missing -= len(connection.recv(65536)) or missing


def says(answer: bytes) -> Callable[[socket.socket], None]:
    def reply(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return reply


def test_a_refused_connection() -> None:
    assert written(f"http://127.0.0.1:{free_port()}") == Unreachable("connection refused")


@pytest.mark.parametrize("name", ["solar.invalid", "solar..example"])
def test_a_name_that_nobody_knows(name: str) -> None:
    outcome = written(f"http://{name}:8086")
    assert isinstance(outcome, Unreachable)
    assert f"no address found for the name {name}" in outcome.reason
    assert not outcome.is_strained


def test_a_server_that_never_answers_is_a_strain() -> None:
    with listening(_drain) as url:
        assert written(url) == Unreachable("no answer in time", is_strained=True)


def _drain(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_a_connection_closed_without_an_answer_is_a_strain() -> None:
    with listening(read_request) as url:
        assert written(url) == Unreachable("the server closed the connection without an answer", is_strained=True)


def test_a_reset_in_the_middle_of_the_request_is_a_strain(database: Database) -> None:
    with FaultProxy(database.target.url, [Fault(cut_request_after=100)]) as proxy:
        outcome = written(proxy.url)
    assert isinstance(outcome, Unreachable)
    assert outcome.is_strained


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1 999999 What\r\n\r\n", b"\0" * 500],
    ids=["ssh", "tls", "nonsense status", "zeros"],
)
def test_what_is_not_http_is_unreachable(answer: bytes) -> None:
    with listening(says(answer)) as url:
        assert isinstance(written(url), Unreachable)


@pytest.mark.parametrize(
    "beginning",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 204 No Content\r\nX-A: ", b"HTTP/1.1 2"],
    ids=["body", "header", "status"],
)
def test_an_answer_that_drips_for_ever_ends_in_time(beginning: bytes) -> None:
    """Each byte comes before the read time-out: only a limit on the whole ends it."""

    def drip(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(beginning)
        gone = threading.Event()
        for _ in range(100):
            try:
                connection.sendall(b"x")
            except OSError:
                return
            gone.wait(0.05)

    began = time.monotonic()
    with listening(drip) as url:
        assert isinstance(written(url), Unreachable)
    assert time.monotonic() - began < 4


def test_a_page_in_another_encoding_keeps_its_status() -> None:
    body = "<html><title>Zu groß</title></html>".encode("latin-1")
    head = f"HTTP/1.1 413 X\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Length: {len(body)}\r\n\r\n"
    with listening(says(head.encode() + body)) as url:
        outcome = written(url)
    assert isinstance(outcome, Misconfigured)
    assert outcome.reason == "the request is too large for the server or a proxy (413: Zu gro\N{REPLACEMENT CHARACTER})"


def test_an_error_without_a_body_keeps_its_status() -> None:
    with listening(says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as url:
        assert isinstance(written(url), Misconfigured)


def test_a_redirect_is_not_followed() -> None:
    with ScriptedInflux() as other:
        with ScriptedInflux([page(307, "Moved", Location=other.url + "/api/v2/write")]) as server:
            assert isinstance(written(server.url), Unreachable)
        assert other.requests == []


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ("not_yet_valid", "not yet valid, so this computer's clock is probably wrong"),
        ("expired", "has expired"),
        ("valid", "is not trusted"),
    ],
)
def test_a_certificate_that_cannot_be_used(certificate: str, words: str) -> None:
    trusted = None if certificate == "valid" else certificate
    outcome = _written_over_tls(certificate, trusted)
    assert isinstance(outcome, Unreachable)
    assert words in outcome.reason


def test_a_certificate_of_ones_own_can_be_trusted() -> None:
    assert _written_over_tls("valid", "valid") == Sent()


def test_what_never_went_out_is_not_counted() -> None:
    """Else each try of a long outage would use up some of the month's data."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)  # they fill the backlog, so the next is not answered
        target = Target(f"http://127.0.0.1:{address[1]}", "t", "o", "b")
        with Influx(target, connect_seconds=0.2) as writer:
            outcome = writer.write(LINES)
            assert (outcome, writer.bytes_on_wire) == (
                Unreachable("no answer from that address (time-out while connecting)"),
                0,
            )
        for each in waiting:
            each.close()
    with _tls_server("expired") as url, Influx(Target(url, "t", "o", "b", str(CERTIFICATES / "expired.pem"))) as writer:
        assert "has expired" in repr(writer.write(LINES))
        assert writer.bytes_on_wire == 0


def _written_over_tls(certificate: str, trusted: str | None) -> Outcome:
    with _tls_server(certificate) as url:
        return written(url, ca_file=str(CERTIFICATES / f"{trusted}.pem") if trusted else None)


@contextmanager
def _tls_server(certificate: str) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")

    def answer(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secure:
                read_request(secure)
                secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        except OSError:
            return

    with listening(answer) as url:
        yield url.replace("http:", "https:")


def test_https_to_a_server_that_speaks_http_says_so() -> None:
    def complain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(complain) as url:
        outcome = written(url.replace("http:", "https:"))
    assert isinstance(outcome, Unreachable)
    assert "https" in outcome.reason


def test_the_connection_is_kept_and_a_new_one_made_after_a_failure() -> None:
    with ScriptedInflux([Answer()] * 3 + [Answer(trick="lose")]) as server, influx(server.target) as writer:
        outcomes = [writer.write(LINES) for _ in range(6)]
        assert [type(outcome) for outcome in outcomes] == [Sent, Sent, Sent, Unreachable, Sent, Sent]
        assert server.connections == 2


def test_nothing_is_tried_again_by_the_libraries() -> None:
    script = [error(503, "busy", Retry_After="1"), error(500, "oops"), error(429, "busy"), Answer(trick="lose")]
    with ScriptedInflux(script) as server, influx(server.target) as writer:
        for _ in range(4):
            assert isinstance(writer.write(LINES), Unreachable)
        assert len(server.requests) == 4


def test_bytes_on_the_wire_are_counted_to_within_a_few_headers(database: Database) -> None:
    with FaultProxy(database.target.url) as proxy:
        with Influx(Target(proxy.url, "", "org", database.name)) as writer:
            assert writer.write([f"a v={n} {n}" for n in range(1000)]) == Sent()
            counted = writer.bytes_on_wire
        carried = proxy.bytes_up + proxy.bytes_down
    assert counted == pytest.approx(carried, rel=0.03)


def test_a_request_whose_answer_breaks_off_is_counted_once() -> None:
    counted = []
    for trick in ("", "cut answer"):
        with ScriptedInflux([Answer(500, "x" * 100, trick=trick)]) as server, influx(server.target) as writer:  # type: ignore[arg-type]
            assert isinstance(writer.write(LINES), Unreachable)
            counted.append(writer.bytes_on_wire)
    whole, cut = counted
    assert 0 < cut < whole


def test_a_token_that_the_server_repeats_is_blotted_out() -> None:
    with ScriptedInflux([error(401, "no token tok-secret here", "unauthorized")]) as server:
        outcome = written(server.url)
    assert isinstance(outcome, Misconfigured)
    assert "tok-secret" not in repr(outcome)
    assert "tok-secret" not in repr(server.target)


def test_a_refusal_that_repeats_the_token_in_an_encoding_is_still_a_refusal() -> None:
    with ScriptedInflux([error(400, 'unable to parse "tok%2dsecret"')]) as server:
        assert written(server.url) == Rejected('unable to parse "***"', 400)


def test_a_server_before_1_8_is_found_out_once_and_remembered(database: Database) -> None:
    with FaultProxy(database.target.url) as proxy, Influx(Target(proxy.url, "", "o", database.name)) as writer:
        assert writer.write(LINES) == Sent()
        first = writer.bytes_on_wire
        assert writer.write(LINES) == Sent()
        assert writer.bytes_on_wire - first < first / 2
    assert len(database.rows("solar")) == 10


def test_what_a_proxy_finds_too_large_does_not_make_version_1_be_found_out_again(
    database: Database, tmp_path: Path
) -> None:
    locations = f"location / {{ client_max_body_size 120; proxy_pass {database.target.url}; }}"
    with nginx(tmp_path, locations) as url, Influx(Target(url, "", "o", database.name)) as writer:
        assert writer.write(LINES[:1]) == Sent()
        first = writer.bytes_on_wire
        assert writer.write([f"{line[:-3]}{n}" for n, line in enumerate(LINES * 20)]).status == 413
        before = writer.bytes_on_wire
        assert writer.write(LINES[:1]) == Sent()
        assert writer.bytes_on_wire - before < first / 2


def test_a_404_in_the_words_of_version_2_is_believed_without_further_questions() -> None:
    with ScriptedInflux([error(404, "bucket not found", "not found")]) as server:
        assert isinstance(written(server.url), Misconfigured)
        assert len(server.paths) == 1


def test_a_404_of_somebody_else_is_a_setting_unless_ping_says_version_1() -> None:
    with ScriptedInflux([page(404, "Not Found")]) as server:
        outcome = written(server.url)
        assert [path.partition("?")[0] for path in server.paths] == ["/api/v2/write", "/ping"]
    assert isinstance(outcome, Misconfigured)
    assert "INFLUXDB_URL" in outcome.remedy


def test_a_retention_policy_stands_behind_the_database(database: Database) -> None:
    database.server.query(f"CREATE RETENTION POLICY kept ON {database.name} DURATION INF REPLICATION 1")
    with Influx(Target(database.target.url, "", "o", f"{database.name}/kept")) as writer:
        assert writer.write(LINES) == Sent()
    (row,) = database.server.query('SELECT count(battery_volts) FROM "kept"."solar"', database.name)
    assert row["count"] == 10


@pytest.mark.parametrize("bucket", ["nope", "{}/nope"], ids=["database", "retention policy"])
def test_a_database_or_policy_that_is_not_there_is_a_setting(bucket: str, database: Database) -> None:
    with Influx(Target(database.target.url, "", "o", bucket.format(database.name))) as writer:
        outcome = writer.write(LINES)
    assert isinstance(outcome, Misconfigured)
    assert "not found" in outcome.reason
    assert "INFLUXDB_BUCKET" in outcome.remedy


def test_points_beyond_retention_are_expired_and_counted(database: Database) -> None:
    database.server.query(f"CREATE RETENTION POLICY short ON {database.name} DURATION 1h REPLICATION 1")
    with Influx(Target(database.target.url, "", "o", f"{database.name}/short")) as writer:
        assert writer.write(LINES) == Expired("partial write: points beyond retention policy dropped=10", 400, 10)


def test_version_1_asks_for_a_user_and_a_password(tmp_path: Path) -> None:
    with influxdb_1(tmp_path, free_port(), auth=True) as server:
        server.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        server.query("CREATE DATABASE db")
        for token in ("", "admin", "admin:wrong"):
            with Influx(Target(server.url, token, "o", "db")) as writer:
                outcome = writer.write(LINES)
                assert isinstance(outcome, Misconfigured)
                assert "user:password" in outcome.remedy
        with Influx(Target(server.url, "admin:secret", "o", "db")) as writer:
            assert writer.write(LINES) == Sent()


def test_a_server_that_was_replaced_by_a_newer_one_is_asked_anew(database: Database, tmp_path: Path) -> None:
    """Behind the same address: first 1.6.7, then one that knows only /api/v2/write."""
    is_new = threading.Event()
    with ScriptedInflux(version="v2.7.11") as new:
        addresses = [database.target.url, new.url]

        class Switch(FaultProxy):
            def _carry(self, client: socket.socket, fault: Fault) -> None:
                port = int(addresses[is_new.is_set()].rsplit(":", 1)[1])
                self._address = "127.0.0.1", port
                super()._carry(client, fault)

        with Switch(database.target.url) as proxy, Influx(Target(proxy.url, "t", "o", database.name)) as writer:
            assert writer.write(LINES) == Sent()
            is_new.set()
            proxy.cut()
            outcomes = [writer.write(LINES) for _ in range(3)]
            assert outcomes[-1] == Sent()
            assert all(not isinstance(outcome, Rejected) for outcome in outcomes)
        assert len(new.points) == 10


def test_nginx_in_front_of_version_1(database: Database, tmp_path: Path) -> None:
    """An HTML 413, an HTML 502 and an HTML 429 with Retry-After are what they are, and 204 comes through."""
    dead = free_port()
    locations = f"""
        location /small/ {{ client_max_body_size 50; proxy_pass {database.target.url}/; }}
        location /dead/ {{ proxy_pass http://127.0.0.1:{dead}/; }}
        location /busy/ {{
            limit_req zone=z; limit_req_status 429; add_header Retry-After 7 always; proxy_pass {database.target.url}/;
        }}
        location /token/ {{ if ($http_authorization = "") {{ return 401; }} proxy_pass {database.target.url}/; }}
        location / {{ proxy_pass {database.target.url}; }}
    """
    with nginx(tmp_path, locations, http="limit_req_zone $uri zone=z:1m rate=1r/m;") as url:

        def write(path: str, times: int = 1) -> Outcome:
            with Influx(Target(url + path, "", "o", database.name)) as writer:
                return [writer.write(LINES) for _ in range(times)][-1]

        assert write("/") == Sent()
        assert write("/small").status == 413
        assert isinstance(write("/dead"), Unreachable)
        busy = write("/busy", 2)
        assert isinstance(busy, Unreachable)
        assert busy.retry_after_seconds == 7
        assert isinstance(write("/token"), Misconfigured)


def test_importing_it_does_not_load_serial() -> None:
    script = "import sys, uploader.server.influx; assert 'serial' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_answer_is_awaited_for_as_long_as_reading_may_take_not_connecting() -> None:
    """In small: connecting may take 0.2 s, the answer 5 s; it comes after 0.8 s, and in two pieces."""
    with (
        ScriptedInflux([Answer(delay_seconds=0.8, stores=True)]) as server,
        Influx(server.target, connect_seconds=0.2, read_seconds=5.0) as writer,
    ):
        assert writer.write(LINES) == Sent()


@pytest.mark.long
def test_an_answer_that_comes_after_twelve_seconds_is_believed() -> None:
    with ScriptedInflux([Answer(delay_seconds=12, stores=True)]) as server, Influx(server.target) as writer:
        assert writer.write(LINES) == Sent()


def test_a_204_without_the_name_that_the_server_has_shown_is_not_believed_after_a_restart_either(
    tmp_path: Path,
) -> None:
    with ScriptedInflux(version="v2.7.11") as server, Progress.open(tmp_path / "uploader.db") as progress:

        def started(target: Target) -> Influx:
            return Influx(target, named_server=progress.named_server(), note_named_server=progress.note_named_server)

        with started(server.target) as writer:
            assert writer.write(LINES) == Sent()
            server.version = None
            assert isinstance(writer.write(LINES), Unreachable)
        with started(server.target) as writer:
            assert isinstance(writer.write(LINES), Unreachable)
            server.version = "v2.9.1"
            assert writer.write(LINES) == Sent()
            server.version = None
        with started(replace(server.target, bucket="another")) as writer:
            assert writer.write(LINES) == Sent()


def test_a_proxy_that_forbids_a_request_to_version_1_says_nothing_of_the_token(
    database: Database, tmp_path: Path
) -> None:
    locations = f"location / {{ proxy_pass {database.server.url}; }} location /write {{ return 403; }}"
    with nginx(tmp_path, locations) as url, Influx(replace(database.target, url=url)) as influx:
        outcome = influx.write(["solar battery_volts=25 1"])
    assert isinstance(outcome, Misconfigured)
    assert outcome.may_be_content
    assert "user:password" not in outcome.remedy
