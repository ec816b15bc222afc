"""The page's server: where it listens, and uvicorn in a thread of its own, beside the one that looks at the site."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from admin.page.app import application
from admin.page.site import Site
from journal.errors import BadSetting, SolarError

MOST_CONNECTIONS = 50
SHORTEST_TOKEN = 8


class Address(tuple[str, int]):
    """Host and port."""

    @property
    def is_local(self) -> bool:
        try:
            return ipaddress.ip_address(self[0]).is_loopback
        except ValueError:
            return self[0] == "localhost"

    @property
    def url(self) -> str:
        host = f"[{self[0]}]" if ":" in self[0] else self[0]
        return f"http://{host}:{self[1]}/"


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


@contextmanager
def serving(site: Site, where: Address, token: str, stop: threading.Event) -> Iterator[Address]:
    """The page's server during the block; gives the address, with the port that was chosen for port 0."""
    try:
        family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
        listener = socket.create_server(where, family=family)
    except OSError as error:
        raise SolarError(
            f"cannot listen on {where[0]}:{where[1]}: {error.strerror or error}; "
            "is the page running already? Another port: --listen 127.0.0.1:8643"
        ) from error
    config = uvicorn.Config(
        application(site, token, stop),
        http="h11",
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
