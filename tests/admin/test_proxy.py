"""HTTP_PROXY, HTTPS_PROXY and NO_PROXY count for every command that asks the server, and their passwords never show."""

import json
from pathlib import Path

import pytest

from admin.terminal.options import proxy_for
from tests.admin.conftest import Solar, point_to
from tests.forward_proxy import ForwardProxy
from tests.scripted_influx import ScriptedInflux
from tests.servers import free_port
from uploader.server.target import Target

PASSWORD = "pl4nted-5d0f77aa"  # made up
URL = "http://influx.invalid:8086"


@pytest.fixture(autouse=True)
def settings(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target(URL, "token", "o", "b"), monkeypatch)


@pytest.mark.parametrize(
    ("environment", "url", "used"),
    [
        ({}, URL, None),
        ({"HTTP_PROXY": "http://p:1"}, URL, "HTTP_PROXY"),
        ({"HTTP_PROXY": "p:1"}, URL, "HTTP_PROXY"),
        ({"http_proxy": "http://p:1", "HTTP_PROXY": "http://q:1"}, URL, "http_proxy"),
        ({"http_proxy": "", "HTTP_PROXY": "http://q:1"}, URL, None),
        ({"HTTPS_PROXY": "http://p:1"}, URL, None),
        ({"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://q:1"}, "https://influx", "HTTPS_PROXY"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "other,.invalid"}, URL, None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "Influx.Invalid"}, URL, None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "flux.invalid, valid"}, URL, "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://p:1", "no_proxy": "*"}, URL, None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "http://10.1.2.3:8086", None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "http://11.1.2.3:8086", "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "influx.invalid:8086"}, URL, None),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "influx.invalid:80"}, URL, "HTTP_PROXY"),
        ({"HTTP_PROXY": "http://p:1"}, "http://127.0.0.1:8086", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://[::1]:8086", None),
        ({"HTTP_PROXY": "http://p:1"}, "http://localhost:8086", None),
    ],
)
def test_which_proxy_is_used(
    environment: dict[str, str], url: str, used: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    proxy = proxy_for(url)
    assert (proxy and proxy.variable) == used


def test_the_uploader_sends_through_it(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux() as influx, ForwardProxy(influx.url, credentials=f"site:{PASSWORD}") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", f"//site:{PASSWORD}@"))
        ran = solar("upload", "--once")
        assert (ran.code, ran.out) == (0, f"4 records sent to {URL}\n")
        assert len(influx.times()) == 3
        assert set(proxy.asked) == {"influx.invalid"}


def findings(solar: Solar) -> dict[str, dict[str, str]]:
    ran = solar("doctor", "--json", "--port", "/dev/nowhere")
    assert PASSWORD not in ran.out + ran.err
    return {finding["name"]: finding for finding in json.loads(ran.out)["findings"]}


def test_doctor_says_which_proxy_it_is_and_asks_through_it(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux() as influx, ForwardProxy(influx.url, credentials=f"site:{PASSWORD}") as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", f"//site:{PASSWORD}@"))
        found = findings(solar)
        assert found["proxy"]["verdict"] == "ok"
        assert found["proxy"]["found"] == f"{proxy.url}, from HTTP_PROXY; it looks up influx.invalid itself"
        assert found["dns"]["verdict"] == "ok"
        assert found["token"]["verdict"] == "ok"


def test_doctor_says_what_the_proxy_wants(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"not site:{PASSWORD}"
    with ForwardProxy("http://127.0.0.1:9", credentials="a:b", words=words) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", f"//site:{PASSWORD}@"))
        found = findings(solar)
        assert found["server"]["verdict"] == "bad"
        assert f"the proxy {proxy.url} (from HTTP_PROXY) refuses the user and password" in found["server"]["found"]


def test_an_audit_says_that_the_proxy_is_away(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux() as influx, ForwardProxy(influx.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert solar("upload", "--once").code == 0
    monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{free_port()}")
    ran = solar("audit")
    assert ran.code == 1
    assert "the proxy http://127.0.0.1:" in ran.err
    assert "connection refused" in ran.err


@pytest.mark.parametrize("command", [("upload", "--once"), ("audit",)])
def test_a_proxy_that_cannot_be_is_a_bad_setting(
    solar: Solar, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"socks5://site:{PASSWORD}@p:1080")
    ran = solar(*command)
    assert ran.code == 2
    assert ran.err == (
        "cannot use HTTP_PROXY='socks5://p:1080': a proxy looks like http://proxy.example:3128; correct or remove it\n"
    )
