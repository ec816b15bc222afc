"""What systemd wants to hear from a service of Type=notify (sd_notify(3)): ready, alive, doing what, stopping.

One datagram a message, lines of NAME=value, to the socket that $NOTIFY_SOCKET names:

    /run/systemd/notify      a path
    @/org/...                a name in the abstract namespace: the @ stands for a zero byte
    absent or empty          nobody listens: nothing is sent

Rules:
- Telling never disturbs the work: a supervisor that has gone or is busy is not waited for, and not an error.
- The watchdog is fed on attempts, not on successes. A silent regulator or an unreachable server is no reason to be
  started again; a call that never returns is.
- A loop that waits for longer than the watchdog's patience is alive too: FedStop is a stop event whose long waits feed.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import MutableMapping

FEED_SECONDS = 20.0
"""How often a long wait feeds the watchdog, unless $WATCHDOG_USEC asks for more."""
LONGEST_TEXT = 500


class Supervisor:
    """Whoever started this process and wants to know how it does. Each loop owns its own calls: not for two threads."""

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

    def heartbeat(self, text: str = "") -> None:
        """An attempt begins. The first one says that the service is ready; `text` is told when it is another."""
        lines = [] if self._is_ready else ["READY=1"]
        lines.append("WATCHDOG=1")
        text = one_line(text)
        if text and text != self._text:
            lines.append(f"STATUS={text}")
        if self._send(lines):
            self._is_ready = True
            self._text = text or self._text

    def feed(self) -> None:
        """Still waiting, as intended. Nothing before the first attempt: a start has a time limit of its own."""
        if self._is_ready:
            self._send(["WATCHDOG=1"])

    def stopping(self, text: str = "stopping") -> None:
        """The end was asked for and has begun."""
        self._send(["STOPPING=1", f"STATUS={one_line(text)}"])

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


class FedStop(threading.Event):
    """A stop event whose long waits feed the watchdog. A short one does not, so that no inner pause hides a hang."""

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__()
        self._supervisor = supervisor

    def wait(self, timeout: float | None = None) -> bool:
        """As threading.Event.wait: whether the event is set, after `timeout` seconds at the latest."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            slice_seconds = self._supervisor.feed_seconds
            left_seconds = slice_seconds if deadline is None else deadline - time.monotonic()
            if super().wait(min(slice_seconds, left_seconds)):
                return True
            if left_seconds < slice_seconds:
                return False
            self._supervisor.feed()


def one_line(text: str) -> str:
    """Without what would end a line or a datagram early."""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:LONGEST_TEXT]
