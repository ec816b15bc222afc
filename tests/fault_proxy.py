"""A TCP proxy that does to a connection what networks do: delays it, slows it down, cuts it, loses what comes back."""

import select
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Fault:
    """What happens to one connection; the plain Fault() lets everything through.

    `cut_request_after`, `cut_answer_after`: bytes after which both ends are reset. `loses_answer`: the request goes
    through, the answer does not, and the connection ends. `stalls`: the answer never comes, nor does an end.
    `bytes_per_second`: of the request. `cut_after_seconds`: the age at which both ends are reset.
    """

    delay_seconds: float = 0.0
    cut_request_after: int | None = None
    cut_answer_after: int | None = None
    loses_answer: bool = False
    stalls: bool = False
    bytes_per_second: float | None = None
    cut_after_seconds: float | None = None


class FaultProxy:
    """Each new connection meets the next of `faults`, and `then` when there are no more."""

    def __init__(self, url: str, faults: Iterable[Fault] = (), *, then: Fault | None = None) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "", parts.port or 80
        self.faults = list(faults)
        self.then = then or Fault()
        self.connections = 0
        self.bytes_up = self.bytes_down = 0
        self._stop = threading.Event()
        self._cuts = 0
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Reset every connection that stands now."""
        self._cuts += 1

    def _start(self, work: object, *args: object) -> None:
        thread = threading.Thread(target=work, args=args)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._start(self._carry, client, self.faults.pop(0) if self.faults else self.then)

    def _carry(self, client: socket.socket, fault: Fault) -> None:
        began, cuts, up, down = time.monotonic(), self._cuts, 0, 0
        with client, socket.create_connection(self._address) as server:
            self._stop.wait(fault.delay_seconds)
            try:
                while not self._stop.is_set():
                    is_old = fault.cut_after_seconds and time.monotonic() - began > fault.cut_after_seconds
                    if is_old or cuts != self._cuts:
                        return _reset(client, server)
                    readable, _, _ = select.select([client, server], [], [], 0.02)
                    if client in readable:
                        size = 65536 if fault.bytes_per_second is None else max(int(fault.bytes_per_second / 50), 1)
                        data = client.recv(size)
                        if not data:
                            return None
                        if fault.cut_request_after is not None and up + len(data) > fault.cut_request_after:
                            server.sendall(data[: fault.cut_request_after - up])
                            return _reset(client, server)
                        up += len(data)
                        self.bytes_up += len(data)
                        server.sendall(data)
                        if fault.bytes_per_second is not None:
                            self._stop.wait(len(data) / fault.bytes_per_second)
                    if server in readable:
                        data = server.recv(65536)
                        if not data:
                            return None
                        if fault.stalls:
                            continue
                        if fault.loses_answer:
                            return _reset(client, server)
                        if fault.cut_answer_after is not None and down + len(data) > fault.cut_answer_after:
                            client.sendall(data[: fault.cut_answer_after - down])
                            return _reset(client, server)
                        down += len(data)
                        self.bytes_down += len(data)
                        client.sendall(data)
            except OSError:
                return None
        return None


def _reset(*sockets: socket.socket) -> None:
    """Close without a farewell: the other end gets a reset."""
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
