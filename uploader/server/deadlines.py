"""Connections on which all headers of an answer must arrive within the read time-out.

urllib3 limits only the wait for each piece; a server that sends one byte a second would hold it for ever. So a timer
ends the connection. What had arrived by then is not an answer, although http.client takes it for the headers.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ProxyError


class _Bounded:
    """Mixed into a connection: its answer takes no longer than the connection's own time-out.

    When that is called, urllib3 has set `timeout` to that for reading; the socket still has the one for connecting.
    """

    sock: Any
    timeout: float | None

    def getresponse(self) -> Any:
        return self._in_time(super().getresponse)  # type: ignore[misc]

    def _tunnel(self) -> None:
        """Asking a proxy for a way through ends in time too, and is the proxy's failure whatever goes wrong."""
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
    """Let all connections that this manager will make be of this kind; returns it."""
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager
