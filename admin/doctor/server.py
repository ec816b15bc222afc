"""Checks the server: name, certificate, version, then token and bucket. Nothing is written."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from urllib3.exceptions import ProxyError

from admin.doctor.bucket import retention, rights
from admin.doctor.finding import Finding, bad, look, ok, see, skipped
from admin.terminal.words import duration
from journal.errors import UploadError
from uploader.audit.client import Client
from uploader.server.answers import Answer, json_of, outcome_of
from uploader.server.influx import Influx
from uploader.server.network_errors import unreachable
from uploader.server.outcomes import Outcome, Rejected, Sent, Unreachable
from uploader.server.target import Target, address_of
from uploader.server.transport import Transport

CONNECT_SECONDS, READ_SECONDS = 5.0, 8.0
SOON_SECONDS = 14 * 86400
NETWORK = "check the network (router, mobile connection; do other pages open?); no readings are lost meanwhile"


def server(target: Target, oldest_pending_seconds: float | None, drain_seconds: float | None) -> Iterator[Finding]:
    """The findings. After a failure, the checks that depend on it are left out."""
    host, port = address_of(target.url)
    if proxy := target.proxy:
        yield ok("proxy", f"{proxy.shown_url}, from {proxy.variable}; it looks up {host} itself")
        named = name(*address_of(proxy.shown_url), proxy.variable)
    else:
        named = name(host, port)
    yield named
    if named.verdict == "bad":
        return
    yield certificate(target, host, port)
    answer = ping(target, target.token_header)
    yield reached(target, answer)
    if isinstance(answer, Unreachable):
        return
    outcome = empty_write(target)
    yield from rights(target, outcome)
    if isinstance(outcome, Sent | Rejected):
        yield retention(kept_seconds(target), oldest_pending_seconds, drain_seconds)


def ping(target: Target, authorization: str | None = None) -> Answer | Unreachable:
    """The server's answer to a ping. Failures of server or network are returned, never raised."""
    with Transport(target, CONNECT_SECONDS, READ_SECONDS) as transport:
        return transport.ask("GET", f"{target.base_url}/ping", {"Authorization": authorization})


def empty_write(target: Target) -> Outcome:
    """What comes of the uploader's own request, but empty. A token need not be allowed to read for it."""
    with Influx(target, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS) as influx:
        return influx.write([])


def kept_seconds(target: Target) -> int | None:
    """How long the server keeps readings: 0 for ever, None if it does not say, or not to this token."""
    try:
        with Client(target, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS) as client:
            return client.retention_seconds()
    except UploadError:
        return None


def name(host: str, port: int, setting: str = "INFLUXDB_URL") -> Finding:
    """Whether the host's name can be looked up. `setting` is where it comes from."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return ok("dns", f"not needed, {host} is an address")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return bad("dns", f"no address was found for the name {host}", f"check {setting} for typing errors; {NETWORK}")
    return ok("dns", f"{host} is {found[0][4][0]}")


def certificate(target: Target, host: str, port: int) -> Finding:
    """Whether the server's certificate is trusted, and until when."""
    if urlsplit(target.url).scheme != "https":
        if _is_this_computer(host):
            return skipped("certificate", "not needed: the server is on this computer")
        return skipped("certificate", "none: the address begins with http, so others on the network can read the token")
    proxy = target.proxy
    if proxy and urlsplit(proxy.shown_url).scheme == "https":
        return skipped("certificate", "not checked separately: the proxy itself uses https")
    context = ssl.create_default_context(cafile=target.ca_file)
    there = address_of(proxy.shown_url) if proxy else (host, port)
    connection = HTTPSConnection(*there, timeout=CONNECT_SECONDS, context=context)
    if proxy:
        connection.set_tunnel(host, port, proxy.headers)
    try:
        connection.connect()
        shown = connection.sock.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        reason = unreachable(error, target).reason
        remedy = (
            f"set the clock, {see('clock')}"
            if "clock" in reason
            else "renew it at the server, or set INFLUXDB_CA_FILE for a certificate of your own"
        )
        return bad("certificate", reason, remedy)
    except (OSError, HTTPException) as error:
        failure = unreachable(ProxyError("no way through", error) if proxy else error, target)
        return bad("certificate", f"it could not be checked: {failure.reason}", _way(target, failure))
    finally:
        connection.close()
    left = ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()
    if left < SOON_SECONDS:
        return look("certificate", f"valid for only {duration(left)} more", "renew it at the server")
    return ok("certificate", f"valid for {duration(left)} more")


def _is_this_computer(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _way(target: Target, failure: Unreachable) -> str:
    """What to do if the server cannot be reached."""
    if failure.reason == "connection refused":
        return "the server is not running, or it uses another port: start it, or correct INFLUXDB_URL"
    return f"check {target.proxy.variable}, and {NETWORK}" if target.proxy else NETWORK


def version_of(answer: Answer) -> str | None:
    """The version that InfluxDB names, without its v; None when it is not InfluxDB, or does not say."""
    said = json_of(answer).get("version")
    shown = answer.version or (said.removeprefix("v") if isinstance(said, str) else "")
    return shown[:40] or None


def reached(target: Target, answer: Answer | Unreachable) -> Finding:
    """Whether an InfluxDB answers to a ping."""
    if isinstance(answer, Unreachable):
        return bad("server", f"{target.base_url} cannot be reached: {answer.reason}", _way(target, answer))
    if version := version_of(answer):
        return ok("server", f"InfluxDB {version} answers at {target.base_url}")
    outcome = outcome_of(answer)
    if isinstance(outcome, Unreachable) and answer.status != 200:
        return bad("server", outcome.reason, f"check INFLUXDB_URL; {NETWORK}")
    return look(
        "server", "it answers, but does not show an InfluxDB version", "check INFLUXDB_URL if the next lines are bad"
    )
