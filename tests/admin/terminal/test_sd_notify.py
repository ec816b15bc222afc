"""systemd is played by a datagram socket of our own."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from admin.terminal.sd_notify import Supervisor, WatchdogStop


class Systemd:
    """Listens where systemd would."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(10)

    def hear(self) -> list[str]:
        """The next message's lines."""
        return self.socket.recv(4096).decode().split("\n")

    def hear_all(self) -> list[list[str]]:
        """What has arrived, without waiting for more."""
        self.socket.setblocking(False)
        messages = []
        try:
            while True:
                messages.append(self.hear())
        except BlockingIOError:
            return messages
        finally:
            self.socket.settimeout(10)


@pytest.fixture(params=["a path", "an abstract name"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    address = str(tmp_path / "notify") if request.param == "a path" else f"@solar-test/{os.getpid()}/{id(request)}"
    listener = Systemd(address)
    with closing(listener.socket):
        yield listener


def test_the_first_attempt_says_ready_and_each_one_feeds_the_watchdog(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.address)
    supervisor.heartbeat("waiting for the regulator")
    supervisor.heartbeat("waiting for the regulator")
    supervisor.heartbeat("reading 7: 26.4 V")
    supervisor.heartbeat()
    assert systemd.hear_all() == [
        ["READY=1", "WATCHDOG=1", "STATUS=waiting for the regulator"],
        ["WATCHDOG=1"],
        ["WATCHDOG=1", "STATUS=reading 7: 26.4 V"],
        ["WATCHDOG=1"],
    ]


def test_stopping_is_told_with_a_text(systemd: Systemd) -> None:
    Supervisor(systemd.address).stopping("storing the last reading")
    assert systemd.hear_all() == [["STOPPING=1", "STATUS=storing the last reading"]]


def test_a_text_cannot_smuggle_in_another_line_or_burst_the_datagram(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.address)
    supervisor.heartbeat("odd\nMAINPID=1\r\n\x85text \udcff")
    supervisor.heartbeat("x" * 100_000)
    assert systemd.hear_all() == [
        ["READY=1", "WATCHDOG=1", "STATUS=odd MAINPID=1 text ?"],
        ["WATCHDOG=1", "STATUS=" + "x" * 500],
    ]


@pytest.mark.parametrize(
    "address",
    ["", "/nowhere/at/all", "not a path", "@", "/" + "long" * 100, "/dev/null", "with\0zero"],
    ids=["nobody listens", "gone", "neither path nor @", "empty name", "too long", "no socket", "nonsense"],
)
def test_telling_nobody_is_no_error(address: str) -> None:
    supervisor = Supervisor(address)
    assert supervisor.is_listening is bool(address)
    supervisor.heartbeat("ready")
    supervisor.feed()
    supervisor.stopping()


def test_a_supervisor_that_does_not_listen_is_not_waited_for_and_is_told_ready_later(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.address)
    others = Supervisor(systemd.address)
    for _ in range(2_000):  # the kernel keeps some hundreds at most
        others.stopping("x" * 400)
    supervisor.heartbeat("ready")
    systemd.hear_all()
    supervisor.heartbeat("ready")
    assert systemd.hear_all() == [["READY=1", "WATCHDOG=1", "STATUS=ready"]]


def test_the_environment_is_read_once_and_not_handed_on() -> None:
    environ = {"NOTIFY_SOCKET": "@solar-test", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1", "SOLAR_SITE": "home"}
    assert Supervisor.from_environment(environ).feed_seconds == 10
    assert environ == {"SOLAR_SITE": "home"}


@pytest.mark.parametrize("patience", ["", "0", "never", "-5", "600000000"])
def test_without_a_useful_patience_a_long_wait_feeds_every_20_seconds(patience: str) -> None:
    assert Supervisor.from_environment({"WATCHDOG_USEC": patience}).feed_seconds == 20


def test_a_child_process_inherits_no_way_to_speak_in_our_name(systemd: Systemd) -> None:
    child = "import os; print([name for name in os.environ if name.startswith(('NOTIFY', 'WATCHDOG'))])"
    parent = (
        "import subprocess, sys; from admin.terminal.sd_notify import Supervisor;"
        "s = Supervisor.from_environment(); s.heartbeat();"
        f"subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    )
    environ = os.environ | {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000"}
    run = subprocess.run([sys.executable, "-c", parent], env=environ, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
    assert systemd.hear() == ["READY=1", "WATCHDOG=1"]


def test_a_long_wait_feeds_the_watchdog_until_it_is_over(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.address, feed_seconds=0.05)
    supervisor.heartbeat()
    assert WatchdogStop(supervisor).wait(0.28) is False
    feeds = systemd.hear_all()[1:]
    assert feeds == [["WATCHDOG=1"]] * len(feeds)
    assert 1 <= len(feeds) <= 6


@pytest.mark.parametrize("look", [WatchdogStop.is_set, lambda stop: stop.wait(0)], ids=["is_set", "a short wait"])
def test_a_slow_attempt_feeds_as_often_as_needed_while_it_looks_at_the_stop_event(
    systemd: Systemd, look: Callable[[WatchdogStop], bool]
) -> None:
    seconds = [0.0]
    supervisor = Supervisor(systemd.address, feed_seconds=20)
    supervisor.heartbeat()
    stop = WatchdogStop(supervisor, monotonic=lambda: seconds[0])
    for _ in range(500):
        seconds[0] += 0.1
        assert look(stop) is False
    assert systemd.hear_all() == [["READY=1", "WATCHDOG=1"], ["WATCHDOG=1"], ["WATCHDOG=1"]]


def test_a_call_that_never_returns_feeds_nothing(systemd: Systemd) -> None:
    supervisor = Supervisor(systemd.address, feed_seconds=0.01)
    WatchdogStop(supervisor)
    supervisor.heartbeat()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.1)
        with pytest.raises(TimeoutError):
            ours.recv(1)
    assert systemd.hear_all() == [["READY=1", "WATCHDOG=1"]]


def test_waiting_before_the_first_attempt_feeds_nothing(systemd: Systemd) -> None:
    WatchdogStop(Supervisor(systemd.address, feed_seconds=0.01)).wait(0.05)
    assert systemd.hear_all() == []


@pytest.mark.parametrize("timeout", [None, 600.0])
def test_stop_ends_a_long_wait_at_once(systemd: Systemd, timeout: float | None) -> None:
    supervisor = Supervisor(systemd.address, feed_seconds=0.02)
    stop = WatchdogStop(supervisor)
    supervisor.heartbeat()
    ended: list[bool] = []
    waiting = threading.Thread(target=lambda: ended.append(stop.wait(timeout)))
    waiting.start()
    assert systemd.hear() == ["READY=1", "WATCHDOG=1"]
    assert systemd.hear() == ["WATCHDOG=1"]
    stop.set()
    waiting.join(timeout=5)
    assert ended == [True]
    assert stop.wait(0) is True


def test_a_wait_of_no_time_asks_only_whether_the_event_is_set() -> None:
    stop = WatchdogStop(Supervisor())
    assert stop.wait(0) is False
    assert stop.wait(-1) is False
    stop.set()
    assert stop.wait(0) is True
