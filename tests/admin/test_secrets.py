"""A secret planted in the settings shows nowhere: no output, log, message, file or command line, whatever a server
says."""

import os
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from simulator import RunningSimulator
from tests.admin.conftest import Ran, Solar, start
from tests.http_double import serving
from tests.scripted_influx import ScriptedInflux
from tests.servers import free_port

PASSWORD = "pl4nted-5d0f77aa=="  # made up
TOKEN = f"keeper:{PASSWORD}"
SHAPES = (PASSWORD, PASSWORD.rstrip("="), b64encode(TOKEN.encode()).decode(), b64encode(TOKEN.encode()).decode()[12:-4])
"""As set, without its padding, as Basic authentication puts it, and a piece of that."""

COMMANDS: list[tuple[str, ...]] = [
    ("upload", "--once", "-v"),
    ("log", "--count", "2", "--interval", "0.05", "-v"),
    ("read",),
    ("status",),
    ("status", "--json"),
    ("doctor",),
    ("doctor", "--json"),
    ("doctor", "--verbose"),
    ("export",),
    ("export", "--format", "json"),
    ("export", "--format", "jsonl"),
    ("export", "--format", "line-protocol"),
    ("export", "--format", "sqlite", "--output", "export.db"),
    ("dead-letters", "list"),
    ("dead-letters", "list", "--json"),
    ("audit",),
    ("report", "--output", "report.html"),
    ("replay", "--since", "2026-01-01", "--until", "2026-01-02"),
    ("pack", "--output", "pending.lp.gz"),
    ("backup", "copy.db"),
    ("clock",),
    ("history", "--port", "/dev/ttyNOPE"),
]
UNREACHABLE = ("nobody", "200", "500", "503")
"""Where `upload --once` goes on trying for half a minute."""


ENCODINGS: dict[str, Callable[[str], str]] = {
    "": str,
    "html": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "json": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "url": lambda text: "".join(f"%{ord(letter):02x}" for letter in text),
}


@contextmanager
def parrot(status: int, encode: Callable[[str], str] = str) -> Iterator[str]:
    """A server that answers all that it is asked with `status`, and says in heads and body who was asking."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = f"{encode(str(self.headers.get('Authorization')))} may not {self.path}"
            body = f'{{"code":"{said}","message":"no {said}","error":"{said}"}}'.encode()
            self.send_response(status, f"no {said}")
            self.send_header("X-Influxdb-Error", said)
            self.send_header("X-Influxdb-Version", f"2.7 {said}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - http.server names it

    with serving(Handler) as url:
        yield url


@contextmanager
def behaving(kind: str) -> Iterator[str]:
    if kind == "well":
        with ScriptedInflux(token=TOKEN) as influx:
            yield influx.url
    elif kind == "nobody":
        yield f"http://127.0.0.1:{free_port()}"
    else:
        status, _, encoding = kind.partition(" ")
        with parrot(int(status), ENCODINGS[encoding]) as url:
            yield url


@pytest.fixture(autouse=True)
def settings(data: Path, regulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"TOKEN": TOKEN, "ORG": "o", "BUCKET": "b"}
    for name, value in given.items():
        monkeypatch.setenv(f"INFLUXDB_{name}", value)
    monkeypatch.setenv("SOLAR_DATA", str(data))
    monkeypatch.setenv("SOLAR_PORT", regulator.port)


def leaks(ran: Ran, *directories: Path) -> list[str]:
    """Where one of the shapes stands, with what is around it."""
    texts = {"stdout": ran.out.encode(), "stderr": ran.err.encode()}
    for directory in directories:
        texts |= {str(path): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    return [
        f"{name}: {text[max(0, text.find(shape.encode()) - 60) :][:200]!r}"
        for name, text in texts.items()
        for shape in (encode(shape) for encode in ENCODINGS.values() for shape in SHAPES)
        if shape.encode() in text
    ]


@pytest.mark.parametrize(
    "server", ["well", "400", "401", "404", "422", "400 html", "401 json", "422 url", *UNREACHABLE]
)
def test_no_command_shows_the_token(solar: Solar, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    with behaving(server) as url:
        monkeypatch.setenv("INFLUXDB_URL", url)
        if server in UNREACHABLE:
            found["upload -v"] = leaks(failing_upload(), tmp_path)
        for command in COMMANDS:
            if server in UNREACHABLE and command[0] == "upload":
                continue
            ran = solar(*command)
            assert ran.code in {0, 1}, (command, ran)
            found[" ".join(command)] = leaks(ran, tmp_path)
    assert {command: places for command, places in found.items() if places} == {}


def failing_upload() -> Ran:
    """`solar upload -v` until it has said that it cannot."""
    with start("upload", "-v") as process:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if "cannot upload" in line:
                break
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    return Ran(process.returncode, out, "".join(said) + err)


@pytest.mark.parametrize("url", [f"http://keeper:{PASSWORD}@127.0.0.1:9", f"http://127.0.0.1:9/?p={PASSWORD}"])
def test_no_command_shows_a_password_that_was_put_into_the_address(
    solar: Solar, tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUXDB_URL", url)
    monkeypatch.setenv("INFLUXDB_TOKEN", "another")
    found = {" ".join(command): leaks(solar(*command), tmp_path) for command in COMMANDS}
    assert {command: places for command, places in found.items() if places} == {}


@pytest.mark.parametrize("command", ["upload", "log"])
def test_no_running_process_shows_the_token_in_the_process_list(command: str, tmp_path: Path) -> None:
    with parrot(401) as url, start(command, "-v", INFLUXDB_URL=url) as process:
        assert process.stderr
        first = process.stderr.readline()
        shown = "".join(Path(f"/proc/{process.pid}/{name}").read_text() for name in ("cmdline", "comm", "status"))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert command in shown
    assert leaks(Ran(0, out + shown, first + err), tmp_path) == []


def test_the_search_would_find_it(tmp_path: Path) -> None:
    (tmp_path / "uploader.db").write_bytes(b"\x00" + os.fsencode(TOKEN))
    assert len(leaks(Ran(0, f"Basic {b64encode(TOKEN.encode()).decode()}", ""), tmp_path)) == 4
