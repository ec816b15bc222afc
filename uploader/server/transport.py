"""Transport: one HTTP exchange over urllib3's connections, with limits on time and size.

It returns every answer, whatever its status. Without an answer it says why, and closes its connections.
"""

import ssl
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Self

import urllib3
from urllib3 import exceptions

from uploader.server.answers import Answer
from uploader.server.connections import pools
from uploader.server.network_errors import unreachable
from uploader.server.outcomes import Unreachable
from uploader.server.target import Target

# An answer to a write is short; a login page need not be read to its end.
BODY_LIMIT_BYTES = 64 * 1024

# What urllib3 adds by itself: Host, Content-Length, the blank line.
ADDED_HEADERS_BYTES = 65
STATUS_LINE_BYTES = 20

PROXY_ASKS = 407

NOTHING_SENT = (
    exceptions.LocationParseError,
    exceptions.NewConnectionError,
    exceptions.ConnectTimeoutError,
    exceptions.ProxyError,
)


class Transport:
    """`bytes_on_wire` grows by what each exchange carried in both directions: request line, headers and compressed
    body. A request that failed after its connection was made counts in full.

    Not counted: the overhead of TLS and TCP/IP, about 40 bytes a packet.
    """

    def __init__(
        self,
        target: Target,
        connect_seconds: float,
        read_seconds: float,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self.target = target
        self._pools = pools(target)
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._body_limit_bytes = body_limit_bytes
        self.bytes_on_wire = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._pools.clear()

    def ask(
        self, method: str, url: str, headers: Mapping[str, str | None] | None = None, body: bytes | None = None
    ) -> Answer | Unreachable:
        """The answer to a request. A header that is None is not sent. Never raises because of the server or the
        network."""
        sent = {"User-Agent": "solar"} | {name: value for name, value in (headers or {}).items() if value is not None}
        try:
            return self._exchange(method, url, sent, body)
        except (exceptions.HTTPError, OSError) as error:
            self.close()
            return unreachable(error, self.target)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        request_bytes = len(method) + len(url) + _size(headers) + ADDED_HEADERS_BYTES + len(body or b"")
        self.bytes_on_wire += request_bytes
        try:
            response = self._pools.request(
                method,
                url,
                body=body,
                headers={"Accept-Encoding": urllib3.util.SKIP_HEADER, **headers},
                timeout=urllib3.Timeout(connect=self._connect_seconds, read=self._read_seconds),
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except exceptions.HTTPError as error:
            if isinstance(error, NOTHING_SENT) or isinstance(error.__context__, ssl.SSLCertVerificationError):
                self.bytes_on_wire -= request_bytes
            raise
        with closing(response):
            data, is_whole = self._read(response)
        answer_headers = {name.lower(): value for name, value in response.headers.items()}
        self.bytes_on_wire += len(data) + _size(answer_headers) + STATUS_LINE_BYTES
        if response.status == PROXY_ASKS:
            # While a tunnel is opened, urllib3 raises this by itself.
            raise exceptions.ProxyError("the proxy asks for a login", OSError(str(PROXY_ASKS)))
        return Answer(response.status, answer_headers, data, is_whole, self.target.without_secrets)

    def _read(self, response: urllib3.BaseHTTPResponse) -> tuple[bytes, bool]:
        """As much of the body as comes within the limits, and whether that is all of it. If so, the connection is
        kept."""
        deadline = time.monotonic() + self._read_seconds
        data = bytearray()
        while len(data) < self._body_limit_bytes and time.monotonic() < deadline:
            chunk = response.read1(BODY_LIMIT_BYTES)
            if not chunk:
                response.release_conn()
                return bytes(data), True
            data += chunk
        return bytes(data), False


def _size(headers: Mapping[str, str]) -> int:
    """Bytes on the wire."""
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers.items())
