"""Connections on which all headers of an answer must arrive within the read time-out, and a short request is one piece.

urllib3 limits only the wait for each piece: a server that sends one byte a second could hold it for ever. So a timer
ends the connection. The bytes until then are no answer, although http.client takes them for headers.

http.client sends a request's head and body one after the other, which costs a packet and a TLS record more.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProxyError

ONE_PIECE_BYTES = 16 * 1024
"""As much as a TLS record holds."""


class _Bounded:
    """For a connection: its answer takes no longer than its own time-out.

    When `getresponse` is called, urllib3 has set `timeout` to the read time-out; the socket still has the connect one.
    """

    sock: Any
    timeout: float | None
    _head: bytes | None = None

    def request(self, method: str, url: str, body: Any = None, *others: Any, **named: Any) -> None:
        self._head = b"" if isinstance(body, bytes) and 0 < len(body) < ONE_PIECE_BYTES else None
        super().request(method, url, body, *others, **named)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """The head of a request with a short body waits for it."""
        if self._head == b"":
            self._head = data
            return
        head, self._head = self._head, None
        super().send(head + data if head else data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        return self._in_time(super().getresponse)  # type: ignore[misc]

    def _tunnel(self) -> None:
        """A proxy's tunnel has the same time limit, and every failure to make one is the proxy's."""
        try:
            self._in_time(super()._tunnel)  # type: ignore[misc]
        except Exception as error:
            raise ProxyError("no way through", error) from error

    def _in_time(self, ask: Callable[[], Any]) -> Any:
        sock = self.sock
        expired = threading.Event()

        def end() -> None:
            expired.set()
            # The plain socket's method: that of a TLS socket would take the session from under the reading thread.
            # TLS within a proxy's TLS is no socket, but has one.
            with suppress(OSError):  # it may have ended by itself in this very moment
                socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout or 0.0, end)
        timer.daemon = True
        timer.start()
        try:
            response = ask()
        except Exception as error:
            if expired.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
        if expired.is_set():
            raise TimeoutError
        return response


class _BoundedHTTPConnection(_Bounded, HTTPConnection):
    pass


class _BoundedHTTPSConnection(_Bounded, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _BoundedHTTPConnection


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _BoundedHTTPSConnection


def bound(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """Have this manager make only such connections; returns the manager."""
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager
