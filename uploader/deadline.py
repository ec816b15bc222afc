"""Connections whose answer must begin, and its headers end, within the read time-out as a whole.

urllib3 bounds each piece that arrives; a server that drips one byte a second would hold it for ever. So a timer ends
the connection underneath. What had come by then is no answer, though http.client takes the end for that of the headers.
"""

import socket
import threading
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Bounded:
    """Mixed into a connection: its `getresponse` takes no longer than the connection's own time-out.

    When that is called, urllib3 has set `timeout` to that for reading; the socket still has the one for connecting.
    """

    sock: Any
    timeout: float | None

    def getresponse(self) -> Any:
        sock = self.sock
        expired = threading.Event()

        def end() -> None:
            expired.set()
            # The plain socket's method: that of a TLS socket would take the session from under the reading thread.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

        timer = threading.Timer(self.timeout or 0.0, end)
        timer.daemon = True
        timer.start()
        try:
            response = super().getresponse()  # type: ignore[misc]
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
