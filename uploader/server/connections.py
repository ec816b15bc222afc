"""Connections that send a short request in one piece, and limit the time for all headers of an answer.

urllib3 limits only the wait for each piece: a server that sends one byte a second could keep it waiting for ever. So a
timer ends the connection. What arrived until then is not an answer, although http.client takes it for headers.

http.client sends a request's head and body one after the other, which costs one more packet and TLS record.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProxyError

from uploader.server.target import Target

ONE_PIECE_BYTES = 16 * 1024
"""As much as a TLS record holds."""


def pools(target: Target) -> urllib3.PoolManager:
    """Connections to the server, through the proxy if there is one."""
    trust: Any = {"cert_reqs": "CERT_REQUIRED", "ca_certs": target.ca_file}
    manager: urllib3.PoolManager
    if proxy := target.proxy:
        manager = urllib3.ProxyManager(proxy.shown_url, proxy_headers=proxy.headers, **trust)
    else:
        manager = urllib3.PoolManager(**trust)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


class _Bounded:
    """Added to a connection: an answer takes no longer than the connection's time-out.

    When `getresponse` is called, urllib3 has set `timeout` to the read time-out; the socket still has the connect one.
    """

    sock: Any
    timeout: float | None
    _head: bytes | None = None

    def request(self, method: str, url: str, body: Any = None, *others: Any, **named: Any) -> None:
        self._head = b"" if isinstance(body, bytes) and 0 < len(body) < ONE_PIECE_BYTES else None
        super().request(method, url, body, *others, **named)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send; the head of a request with a short body waits, and goes out together with the body."""
        if self._head == b"":
            self._head = data
            return
        head, self._head = self._head, None
        super().send(head + data if head else data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        return self._in_time(super().getresponse)  # type: ignore[misc]

    def _tunnel(self) -> None:
        """A proxy's tunnel has the same time limit. Every failure to open one counts as the proxy's."""
        try:
            self._in_time(super()._tunnel)  # type: ignore[misc]
        except Exception as error:
            raise ProxyError("no way through", error) from error

    def _in_time(self, ask: Callable[[], Any]) -> Any:
        sock = self.sock
        expired = threading.Event()

        def end() -> None:
            expired.set()
            # The plain socket's method: a TLS socket's own would drop the session while the other thread reads.
            # TLS within a proxy's TLS is not a socket, but has one.
            with suppress(OSError):  # it may have ended by itself at this very moment
                socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout or 0.0, end)
        timer.daemon = True
        timer.start()
        try:
            return ask()
        finally:
            timer.cancel()
            if expired.is_set():
                raise TimeoutError


class _HTTPPool(urllib3.HTTPConnectionPool):
    class ConnectionCls(_Bounded, HTTPConnection):
        pass


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    class ConnectionCls(_Bounded, HTTPSConnection):
        pass
