"""A forward proxy as HTTP_PROXY and HTTPS_PROXY name it: passes on requests with a whole URL, and makes tunnels."""

import http.client
import select
import socket
import ssl
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
    """Whatever host it is asked for, it asks the server at `url`. `asked`: the hosts, in the order of the requests.

    `credentials`: "user:password" that it wants, else it answers 407. `status`: what it answers instead of going there.
    `words` is in whatever it answers itself. `context`: it is asked over TLS.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: str | None = None,
        status: int | None = None,
        words: str = "no way",
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "", parts.port or 80)
        self.asked: list[str] = []
        self.status, self.words = status, words
        self.wanted = f"Basic {b64encode(credentials.encode()).decode()}" if credentials else None
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: ForwardProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked has gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._lets_through(urlsplit(self.path).hostname or ""):
            return
        parts = urlsplit(self.path)
        onward = http.client.HTTPConnection(*self.server.proxy.address, timeout=10)
        headers = {name: value for name, value in self.headers.items() if not name.lower().startswith("proxy-")}
        onward.request(self.command, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = onward.getresponse()
        said = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in {"content-length", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        onward.close()

    do_POST = do_GET  # noqa: N815 - http.server names it

    def do_CONNECT(self) -> None:
        if not self._lets_through(self.path.rpartition(":")[0]):
            return
        with socket.create_connection(self.server.proxy.address, 10) as onward:
            self.send_response(200)
            self.end_headers()
            ends = {onward: self.connection, self.connection: onward}
            while True:
                for end in select.select(list(ends), [], [], 10)[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)

    def _lets_through(self, host: str) -> bool:
        proxy = self.server.proxy
        proxy.asked.append(host)
        is_known = proxy.wanted in (None, self.headers.get("Proxy-Authorization"))
        if is_known and proxy.status is None:
            return True
        body = f"<html><title>{proxy.words}</title></html>".encode()
        self.send_response(407 if not is_known else proxy.status or 0, proxy.words)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        return False

    def log_message(self, *_: object) -> None:
        """Quiet."""
