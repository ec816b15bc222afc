"""Through the proxy that HTTP_PROXY or HTTPS_PROXY names, and what becomes of readings when it does not let them."""

import ssl
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from journal.errors import BadSetting
from tests.forward_proxy import ForwardProxy
from tests.http_double import serving
from tests.scripted_influx import ScriptedInflux
from tests.servers import free_port
from uploader.server.influx import Influx
from uploader.server.outcomes import Outcome, Sent, Unreachable
from uploader.server.target import Proxy, Target

CERTIFICATES = Path(__file__).parent.parent / "certificates"
LINES = ["solar,site=home battery_volts=25.4 1767225600000"]
HIDDEN = "pl4nted-5d0f77aa"  # made up


def written(target: Target) -> Outcome:
    with Influx(target, connect_seconds=5, read_seconds=5) as influx:
        return influx.write(LINES)


def through(proxy: str, *, scheme: str = "http", ca_file: str | None = None) -> Target:
    """A server whose name nobody but the proxy can look up."""
    url = f"{scheme}://influx.invalid:8086"
    return Target(url, "token", "o", "b", ca_file, Proxy(f"{scheme.upper()}_PROXY", proxy))


def tls() -> ssl.SSLContext:
    """A server's, with the certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "valid.pem")
    return context


class Taking(BaseHTTPRequestHandler):
    """Answers every write with 204."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()


@pytest.mark.parametrize("credentials", [None, f"site:{HIDDEN}", f"site:{HIDDEN}:/@"])
def test_readings_go_through_the_proxy(credentials: str | None) -> None:
    with ScriptedInflux(token="token") as influx, ForwardProxy(influx.url, credentials=credentials) as proxy:
        user = "" if credentials is None else credentials.replace("/", "%2F").replace("@", "%40") + "@"
        assert written(through(proxy.url.replace("//", f"//{user}"))) == Sent()
        assert proxy.asked == ["influx.invalid"]
        assert influx.statuses == [204]


@pytest.mark.parametrize("is_secured", [False, True], ids=["asked in the clear", "asked over TLS"])
def test_over_https_the_proxy_makes_a_tunnel_and_sees_nothing(is_secured: bool) -> None:
    secured = tls() if is_secured else None
    with serving(Taking, tls()) as url, ForwardProxy(url, credentials=f"site:{HIDDEN}", context=secured) as proxy:
        target = Target(
            "https://127.0.0.1:8086",
            "token",
            "o",
            "b",
            str(CERTIFICATES / "valid.pem"),
            Proxy("HTTPS_PROXY", proxy.url.replace("//", f"//site:{HIDDEN}@")),
        )
        assert written(target) == Sent()
        assert proxy.asked == ["127.0.0.1"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "asks for a user and password (407); put user:password@ before its host in {variable}"),
        (f"site:{HIDDEN}@", "refuses the user and password in {variable} (407)"),
    ],
    ids=["none", "wrong ones"],
)
def test_a_proxy_that_asks_for_a_password_is_named(scheme: str, given: str, words: str) -> None:
    with ForwardProxy("http://127.0.0.1:9", credentials="a:b", words=f"who is there? {HIDDEN}") as proxy:
        outcome = written(through(proxy.url.replace("//", f"//{given}"), scheme=scheme))
    variable = f"{scheme.upper()}_PROXY"
    assert outcome == Unreachable(f"the proxy {proxy.url} (from {variable}) {words.format(variable=variable)}")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_away_is_named(scheme: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    assert written(through(address, scheme=scheme)) == Unreachable(
        f"the proxy http://{address} (from {scheme.upper()}_PROXY) cannot be reached: connection refused"
    )


def test_a_proxy_whose_name_nobody_knows_is_named() -> None:
    assert written(through("http://proxy.invalid:3128")) == Unreachable(
        "the proxy http://proxy.invalid:3128 (from HTTP_PROXY) cannot be found: no address for its name"
    )


@pytest.mark.parametrize("status", [403, 502, 503])
def test_a_proxy_that_makes_no_tunnel_is_named(status: int) -> None:
    with ForwardProxy("http://127.0.0.1:9", status=status) as proxy:
        assert written(through(proxy.url, scheme="https")) == Unreachable(
            f"the proxy {proxy.url} (from HTTPS_PROXY) refuses to connect to influx.invalid ({status})"
        )


@pytest.mark.parametrize("status", [400, 403, 404, 407, 413, 422, 500, 502, 503])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_answer_of_a_proxy_condemns_a_reading(scheme: str, status: int) -> None:
    with ForwardProxy("http://127.0.0.1:9", status=status) as proxy:
        outcome = written(through(proxy.url, scheme=scheme))
    assert type(outcome).__name__ in {"Unreachable", "Misconfigured", "TooLarge"}


def test_a_407_without_a_proxy_of_ours_says_so() -> None:
    with ForwardProxy("http://127.0.0.1:9", credentials="a:b") as proxy:
        assert written(Target(proxy.url, "token", "o", "b")) == Unreachable(
            "a proxy on the way asks for a user and password (407); give them in HTTP_PROXY or HTTPS_PROXY"
        )


def test_a_proxy_that_drips_its_answer_to_a_tunnel_is_given_up_in_time() -> None:
    done = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not done.wait(0.05):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

    with serving(Dripping) as url:
        try:
            with Influx(through(url, scheme="https"), connect_seconds=0.5, read_seconds=0.5) as influx:
                outcome = influx.write(LINES)
        finally:
            done.set()
    assert outcome == Unreachable(f"the proxy {url} (from HTTPS_PROXY) does not answer")


@pytest.mark.parametrize(
    "url",
    [
        "socks5://proxy:1080",
        "socks5://a//proxy:1080",
        "http://",
        "http://proxy:port",
        "http://proxy:0",
        "http://pro xy:1",
        "http://a#b@proxy:1",
        "http://a?b@proxy:1",
        "://",
        "@",
    ],
)
def test_a_proxy_that_cannot_be_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadSetting, match=r"cannot use HTTPS_PROXY=.*http://proxy\.example:3128") as caught:
        Proxy("HTTPS_PROXY", url.replace("//", f"//site:{HIDDEN}//@"))
    assert HIDDEN not in str(caught.value)


def test_the_password_shows_nowhere() -> None:
    proxy = Proxy("HTTP_PROXY", f"http://site:{HIDDEN}@proxy:3128")
    target = Target("http://influx", "token", "o", "b", proxy=proxy)
    assert HIDDEN not in repr(target)
    assert (
        target.without_secrets(f"site:{HIDDEN} {HIDDEN} {proxy.headers['Proxy-Authorization']}") == "*** *** Basic ***"
    )
    assert proxy.shown_url == "http://proxy:3128"
