"""The page's server: where it listens, and uvicorn in a thread of its own, beside the one that looks at the site."""

import asyncio
import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from admin.page.app import application
from admin.page.guard import is_local
from admin.page.site import Site
from journal.errors import BadSetting, SolarError

MOST_CONNECTIONS = 50
SHORTEST_TOKEN = 8
SILENT_SECONDS = 30.0
"""A new connection that asks nothing is closed after this time. Else each phone that went out of reach kept one."""
REMEDIES = {
    errno.EADDRINUSE: "is the page running already? Another port: --listen 127.0.0.1:8643",
    errno.EACCES: "ports below 1024 are for root; another port: --listen 127.0.0.1:8643",
}


EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # all of this computer's


class Address(tuple[str, int]):
    """Host and port."""

    @property
    def is_local(self) -> bool:
        return is_local(self[0])

    @property
    def url(self) -> str:
        """What a browser can open; of all this computer's addresses the one in the network."""
        host = _own_address() if self[0] in EVERYWHERE else self[0]
        return f"http://[{host}]:{self[1]}/" if ":" in host else f"http://{host}:{self[1]}/"


def _own_address() -> str:
    """In the network; without one, this computer's name. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return str(asked.getsockname()[0])


def address(text: str) -> Address:
    """HOST:PORT; an IPv6 address in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("give HOST:PORT, such as 127.0.0.1:8642, or 0.0.0.0:8642 for the whole network")
    return Address((host.strip("[]"), int(port)))


def check_token(where: Address, token: str) -> None:
    """Raises BadSetting if others could see the page without a token, or if the token is too short."""
    if not where.is_local and not token:
        raise BadSetting(
            f"cannot listen on {where[0]}:{where[1]}: everybody on the network could see the page; "
            "set SOLAR_PAGE_TOKEN to a password of your choice"
        )
    if token and len(token) < SHORTEST_TOKEN:
        raise BadSetting(
            f"cannot use SOLAR_PAGE_TOKEN: it has fewer than {SHORTEST_TOKEN} characters; choose a longer one"
        )


class _Protocol(H11Protocol):
    """HTTP, with patience also for a connection that is new."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(SILENT_SECONDS, self.timeout_keep_alive_handler)


@contextmanager
def serving(site: Site, where: Address, token: str, stop: threading.Event) -> Iterator[Address]:
    """The page's server during the block; gives the address, with the port that was chosen for port 0."""
    try:
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        listener = socket.create_server(where, family=family, dualstack_ipv6=where[0] == "::")
    except OSError as error:
        cause = (error.strerror or str(error)).partition(" (while ")[0]  # Python adds the address, which stands here
        remedy = REMEDIES.get(error.errno or 0, "give an address of this computer, or 0.0.0.0 for all of them")
        raise SolarError(f"cannot listen on {where[0]}:{where[1]}: {cause}; {remedy}") from error
    config = uvicorn.Config(
        application(site, token, stop),
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="page")
    thread.start()
    try:
        yield Address((where[0], listener.getsockname()[1]))
    finally:
        stop.set()
        server.should_exit = True
        thread.join()
        listener.close()
