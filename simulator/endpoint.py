"""Where a computer connects: a pseudo-terminal or a TCP port. Nothing here blocks, and no descriptor stays open.

Watch an endpoint's `fileno` for input; `read` returns what arrived, or None if a connection began or ended.
"""

import contextlib
import os
import socket
import tty
from pathlib import Path
from typing import Protocol


class Endpoint(Protocol):
    """One place to connect to, for one computer at a time."""

    @property
    def port(self) -> str: ...
    def fileno(self) -> int: ...
    def read(self) -> bytes | None: ...
    def write(self, content: bytes) -> None: ...
    def close(self) -> None: ...


class PseudoTerminal:
    """A serial port that exists only in the kernel, with a symlink to it if `link` is given.

    Our own copy of the slave's descriptor stays open, so that the master survives clients that come and go. What one
    client leaves unread stays for the next, unless that one flushes its input, as it should on any port.
    """

    def __init__(self, link: Path | None = None) -> None:
        """Raises OSError if there is no pseudo-terminal, or if something other than a symlink is at `link`."""
        self._link = link
        self._master, self._slave = os.openpty()
        try:
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self.port = os.ttyname(self._slave)
            if link is not None:
                point(link, self.port)
        except OSError:
            os.close(self._master)
            os.close(self._slave)
            raise

    def fileno(self) -> int:
        return self._master

    def read(self) -> bytes | None:
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def write(self, content: bytes) -> None:
        # Nobody reads and the kernel's buffer is full: on a cable these bytes would be lost too.
        with contextlib.suppress(BlockingIOError):
            os.write(self._master, content)

    def close(self) -> None:
        if self._link is not None and self._link.is_symlink() and os.readlink(self._link) == self.port:
            self._link.unlink()
        os.close(self._master)
        os.close(self._slave)


class TcpPort:
    """A TCP port like that of a serial device server: plain bytes, one client at a time."""

    def __init__(self, host: str, port: int) -> None:
        """Port 0 means any free port. Raises OSError if the address cannot be used."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=1)
        self._listener.setblocking(False)
        self._client: socket.socket | None = None
        shown_host = f"[{host}]" if family == socket.AF_INET6 else host
        self.port = f"socket://{shown_host}:{self._listener.getsockname()[1]}"

    def fileno(self) -> int:
        return (self._client or self._listener).fileno()

    def read(self) -> bytes | None:
        if self._client is None:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                self._client, _ = self._listener.accept()
                self._client.setblocking(False)
                self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return None
        try:
            content = self._client.recv(4096)
        except BlockingIOError:
            return b""
        except OSError:
            content = b""
        if not content:
            self._client.close()
            self._client = None
            return None
        return content

    def write(self, content: bytes) -> None:
        if self._client is not None:
            # `read` notices a client that went away; a client that does not read loses bytes, as on a cable.
            with contextlib.suppress(OSError):
                self._client.send(content)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._listener.close()


def point(link: Path, target: str) -> None:
    """Make `link` a symlink to `target`, replacing an earlier symlink but nothing else."""
    if link.exists() and not link.is_symlink():
        raise FileExistsError(f"cannot make {link} a link to {target}: something else is there")
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.symlink_to(target)
    draft.replace(link)
