"""Serves a Simulator at an endpoint in one thread that sleeps until bytes arrive, an answer is due or it must stop."""

import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from simulator.clock import Clock
from simulator.endpoint import Endpoint, PseudoTerminal, TcpPort
from simulator.options import SimulatorOptions
from simulator.simulator import Simulator


def serve(simulator: Simulator, endpoint: Endpoint, wake: socket.socket) -> None:
    """Carry bytes between `simulator` and the client of `endpoint` until `wake` becomes readable."""
    while True:
        next_at = simulator.next_at()
        wait_seconds = None if next_at is None else max(0.0, next_at - time.monotonic())
        # Registered again each time: a TCP endpoint's descriptor changes when a client comes or goes.
        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            selector.register(endpoint, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(wait_seconds)}
        if wake in ready:
            return
        if endpoint in ready:
            content = endpoint.read()
            if content is None:
                simulator.reconnect()
            else:
                simulator.receive(content, time.monotonic())
        for piece in simulator.due(time.monotonic()):
            endpoint.write(piece)


class RunningSimulator:
    """A simulator served from its own thread during the `with` block."""

    def __init__(
        self,
        options: SimulatorOptions | None = None,
        *,
        clock: Clock | None = None,
        tcp: tuple[str, int] | None = None,
        link: Path | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> None:
        """A pseudo-terminal unless `tcp` gives host and port; `link` becomes a symlink to the pseudo-terminal.

        `on_end` is called from the thread when it ends for any reason.
        """
        self.simulator = Simulator(options, clock=clock)
        self.link = link
        self._tcp = tcp
        self._on_end = on_end
        self._endpoint: Endpoint | None = None
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None

    @property
    def port(self) -> str:
        """What a computer connects to: a device path or a socket:// URL."""
        if self._endpoint is None:
            raise RuntimeError("the simulator's cable is not plugged in")
        return self._endpoint.port

    def plug_cable(self) -> None:
        """Offer the port again. A pseudo-terminal may come back with another number."""
        self._endpoint = TcpPort(*self._tcp) if self._tcp else PseudoTerminal(self.link)
        self.simulator.reconnect()
        self._wake, wake = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, args=(self._endpoint, wake), name="simulator", daemon=True)
        self._thread.start()

    def pull_cable(self) -> None:
        """Take the port away, as if the adapter were pulled out of the computer; the regulator goes on."""
        if self._endpoint is None or self._thread is None or self._wake is None:
            return
        self._wake.close()
        self._thread.join()
        self._endpoint.close()
        self._endpoint = self._thread = self._wake = None

    def __enter__(self) -> "RunningSimulator":
        self.plug_cable()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.pull_cable()

    def _serve(self, endpoint: Endpoint, wake: socket.socket) -> None:
        try:
            with wake:
                serve(self.simulator, endpoint, wake)
        finally:
            if self._on_end is not None:
                self._on_end()


def run(
    options: SimulatorOptions,
    on_ready: Callable[[str], None],
    stop: threading.Event,
    *,
    tcp: tuple[str, int] | None = None,
    link: Path | None = None,
) -> None:
    """Serve until `stop` is set. `on_ready` gets the port, once, when a computer can connect.

    Raises OSError if the TCP address or the link cannot be used. Sets `stop` itself if serving fails.
    """
    with RunningSimulator(options, tcp=tcp, link=link, on_end=stop.set) as running:
        on_ready(running.port)
        stop.wait()
