"""Tells systemd how a service of Type=notify is (sd_notify(3)): ready, alive, what it does, stopping.

One datagram a message, lines of NAME=value, to the socket that $NOTIFY_SOCKET names:

    /run/systemd/notify      a path
    @/org/...                a name in the abstract namespace: the @ stands for a zero byte
    absent or empty          nobody listens: nothing is sent

Rules:
- Telling never disturbs the work: nothing waits for a busy supervisor, and a missing one is not an error.
- Every attempt feeds the watchdog, successful or not. A silent regulator or an unreachable server is no reason for a
  restart; a call that never returns is.
- Between attempts a process is alive as long as it checks its stop event, in a wait of minutes as well as in a slow
  exchange byte by byte. So the loops get WatchdogStop as their stop event: it feeds the watchdog when it is checked.
"""

import contextlib
import math
import os
import socket
import threading
import time
from collections.abc import Callable, MutableMapping

FEED_SECONDS = 20.0
"""How often WatchdogStop feeds the watchdog, unless a third of $WATCHDOG_USEC is shorter."""
LONGEST_TEXT = 500


class Supervisor:
    """The program that started this one and watches it, systemd for example. Not for use from two threads."""

    def __init__(self, address: str = "", *, feed_seconds: float = FEED_SECONDS) -> None:
        """`address` as in $NOTIFY_SOCKET."""
        self.feed_seconds = feed_seconds
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._is_ready = False
        self._text = ""

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str] = os.environ) -> "Supervisor":
        """Take the address out of `environ`, so that no child process speaks in our name."""
        address = environ.pop("NOTIFY_SOCKET", "")
        patience = environ.pop("WATCHDOG_USEC", "")
        environ.pop("WATCHDOG_PID", None)
        feed_seconds = FEED_SECONDS
        if patience.isascii() and patience.isdigit() and int(patience) > 0:
            feed_seconds = min(FEED_SECONDS, int(patience) / 3e6)
        return cls(address, feed_seconds=feed_seconds)

    @property
    def is_listening(self) -> bool:
        """Whether anybody listens: whether this process is a service."""
        return bool(self._address)

    def heartbeat(self, text: str = "") -> None:
        """An attempt begins. The first one says that the service is ready; `text` is sent if it has changed."""
        lines = [] if self._is_ready else ["READY=1"]
        lines.append("WATCHDOG=1")
        text = _shortened(text)
        if text and text != self._text:
            lines.append(f"STATUS={text}")
        if self._send(lines):
            self._is_ready = True
            self._text = text or self._text

    def feed(self) -> None:
        """Alive between attempts. Not before the first attempt: the start has its own time limit."""
        if self._is_ready:
            self._send(["WATCHDOG=1"])

    def stopping(self, text: str = "stopping") -> None:
        """The service is stopping, because somebody asked for it."""
        self._send(["STOPPING=1", f"STATUS={_shortened(text)}"])

    def _send(self, lines: list[str]) -> bool:
        if not self._address:
            return False
        with (
            contextlib.suppress(OSError, ValueError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_supervisor,
        ):
            to_supervisor.setblocking(False)
            to_supervisor.sendto("\n".join(lines).encode(), self._address)
            return True
        return False


class WatchdogStop(threading.Event):
    """A stop event that feeds the watchdog when it is checked or waited for, at most once per `feed_seconds`."""

    def __init__(self, supervisor: Supervisor, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._supervisor = supervisor
        self._monotonic = monotonic
        self._fed_at = monotonic()

    def is_set(self) -> bool:
        """As threading.Event.is_set."""
        self._feed_if_due()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """As threading.Event.wait: whether the event is set, after `timeout` seconds at the latest."""
        until = math.inf if timeout is None else self._monotonic() + timeout
        while True:
            self._feed_if_due()
            left_seconds = until - self._monotonic()
            if super().wait(min(left_seconds, self._supervisor.feed_seconds)):
                return True
            if left_seconds <= self._supervisor.feed_seconds:
                return False

    def _feed_if_due(self) -> None:
        now = self._monotonic()
        if now - self._fed_at >= self._supervisor.feed_seconds:
            self._fed_at = now
            self._supervisor.feed()


def _shortened(text: str) -> str:
    """Without what would end a line or a datagram early."""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:LONGEST_TEXT]
