"""Transport: one HTTP exchange over urllib3's connections, with limits on time and size.

It returns every answer, whatever its status. Without an answer it says why.

urllib3 limits only the wait for each piece: a server that sends one byte a second could keep it waiting for ever. So a
timer ends the connection. What arrived until then is not an answer, although http.client takes it for headers.
"""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import Any, Self

import urllib3
from urllib3.exceptions import HTTPError, ProxyError

from uploader.server.answers import Answer
from uploader.server.network_errors import unreachable
from uploader.server.outcomes import Unreachable
from uploader.server.target import Target

# An answer to a write is short; a login page need not be read to its end.
BODY_LIMIT_BYTES = 64 * 1024
STATUS_LINE_BYTES = 20


class Transport:
    """`bytes_on_wire` grows by what each exchange carried in both directions: heads and bodies, as they are compressed.
    A request that broke off on its way counts in full.

    Not counted: the overhead of TLS and TCP/IP, about 40 bytes a packet.
    """

    def __init__(
        self, target: Target, connect_seconds: float, read_seconds: float, body_limit_bytes: int = BODY_LIMIT_BYTES
    ) -> None:
        self.target = target
        self._read_seconds = read_seconds
        self._body_limit_bytes = body_limit_bytes
        self.bytes_on_wire = 0
        timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
        ways: Any = {"cert_reqs": "CERT_REQUIRED", "ca_certs": target.ca_file, "timeout": timeout, "retries": False}
        self._pools = urllib3.PoolManager(**ways)
        if proxy := target.proxy:
            self._pools = urllib3.ProxyManager(proxy.shown_url, proxy_headers=proxy.headers, **ways)
        self._pools.pool_classes_by_scheme = {
            "http": self._pool(urllib3.HTTPConnectionPool),
            "https": self._pool(urllib3.HTTPSConnectionPool),
        }

    def _pool(self, pool: Any) -> Any:
        """A class of pools like this one, with connections that belong to this transport."""
        connection = type("Connection", (_Connection, pool.ConnectionCls), {"transport": self})
        return type("Pool", (pool,), {"ConnectionCls": connection})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pools.clear()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str | None] | None = None, body: bytes | None = None
    ) -> Answer | Unreachable:
        """The answer. A header that is None is not sent. Never raises because of the server or the network."""
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        sent = {"User-Agent": "solar", "Accept-Encoding": urllib3.util.SKIP_HEADER, **given}
        try:
            response = self._pools.request(method, url, body=body, headers=sent, redirect=False, preload_content=False)
            with closing(response):
                data, is_whole = self._read(response)
            self.bytes_on_wire += len(data) + STATUS_LINE_BYTES
            self.bytes_on_wire += sum(len(f"{name}: {value}\r\n") for name, value in response.headers.items())
            if response.status == 407:  # while a tunnel is opened, urllib3 raises this by itself
                raise ProxyError("the proxy asks for a login", OSError("407"))
        except (HTTPError, OSError) as error:
            return unreachable(error, self.target)
        return Answer(response.status, response.headers, data, is_whole, self.target.without_secrets)

    def _read(self, response: urllib3.BaseHTTPResponse) -> tuple[bytes, bool]:
        """As much of the body as comes within the limits, and whether that is all: then the connection is kept."""
        deadline = time.monotonic() + self._read_seconds
        data = bytearray()
        while len(data) < self._body_limit_bytes and time.monotonic() < deadline:
            chunk = response.read1(BODY_LIMIT_BYTES)
            if not chunk:
                response.release_conn()
                return bytes(data), True
            data += chunk
        return bytes(data), False


class _Connection:
    """Added to urllib3's connections: what goes out is counted, and an answer takes no longer than the time-out.

    When `getresponse` is called, urllib3 has set `timeout` to the read time-out; the socket still has the connect one.
    What `super()` is, is not known before: mypy cannot check it.
    """

    transport: Transport
    sock: Any
    timeout: float | None
    connect: Callable[[], None]
    _pieces: list[bytes] | None = None

    def request(self, *args: Any, **named: Any) -> None:
        """Send head and body in one piece. http.client sends one after the other: one more packet and TLS record."""
        self._pieces = []
        super().request(*args, **named)  # type: ignore[misc]
        data, self._pieces = b"".join(self._pieces), None
        self.send(data)

    def send(self, data: bytes) -> None:
        if self._pieces is not None:
            self._pieces.append(data)
            return
        if self.sock is None:
            self.connect()  # if that fails, nothing went out
        self.transport.bytes_on_wire += len(data)
        super().send(data)  # type: ignore[misc]

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
