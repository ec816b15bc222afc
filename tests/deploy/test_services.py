"""`solar log` and `solar upload` as systemd runs them, with a socket of our own in its place."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.admin.terminal.test_sd_notify import Systemd
from tests.servers import free_port


class Starter(Systemd):
    """Starts services too."""

    def hear_until(self, is_it: Callable[[list[str]], bool]) -> list[str]:
        while not is_it(lines := self.hear()):
            pass
        return lines

    @contextmanager
    def service(self, command: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("SOLAR", "INFLUXDB"))}
        directory = os.path.dirname(self.address)
        environ |= settings | {
            "NOTIFY_SOCKET": self.address,
            "WATCHDOG_USEC": "1500000",
            "STATE_DIRECTORY": directory,
        }
        solar = str(Path(sys.executable).with_name("solar"))
        with subprocess.Popen(
            [solar, command], env=environ, cwd=directory, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Starter]:
    listener = Starter(str(tmp_path / "notify"))
    listener.socket.settimeout(30)
    with closing(listener.socket):
        yield listener


def is_about(*names: str) -> Callable[[list[str]], bool]:
    return lambda lines: [line.partition("=")[0] for line in lines] == list(names)


@pytest.fixture
def silent_port() -> Iterator[str]:
    """A serial line at whose other end nobody answers."""
    ours, theirs = pty.openpty()
    yield os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


def test_a_logger_whose_regulator_is_silent_is_ready_and_alive_and_says_why_nothing_comes(
    systemd: Starter, silent_port: str
) -> None:
    """Ready before the first attempt: if that one hangs, the watchdog must be running already."""
    with systemd.service("log", SOLAR_PORT=silent_port) as process:
        assert systemd.hear() == ["READY=1", "WATCHDOG=1", f"STATUS=reading {silent_port}"]
        assert systemd.hear_until(is_about("WATCHDOG")) == ["WATCHDOG=1"]
        said = systemd.hear_until(is_about("WATCHDOG", "STATUS"))
        assert said[1].startswith(f"STATUS=cannot reach the PLI at {silent_port}")
        process.send_signal(signal.SIGTERM)
        assert systemd.hear_until(is_about("STOPPING", "STATUS"))
        assert process.wait(10) == 0


def test_an_uploader_that_has_nobody_to_talk_to_is_ready_and_alive_and_tells_no_token(systemd: Starter) -> None:
    settings = {
        "INFLUXDB_URL": f"http://127.0.0.1:{free_port()}",
        "INFLUXDB_TOKEN": "planted-secret",
        "INFLUXDB_ORG": "o",
        "INFLUXDB_BUCKET": "b",
    }
    with systemd.service("upload", **settings) as process:
        assert systemd.hear()[:2] == ["READY=1", "WATCHDOG=1"]
        assert systemd.hear_until(is_about("WATCHDOG")) == ["WATCHDOG=1"]
        process.send_signal(signal.SIGTERM)
        assert systemd.hear_until(is_about("STOPPING", "STATUS"))
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert "planted-secret" not in process.stderr.read()
