import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import Faults, HandClock, RunningSimulator, SimulatorOptions, run
from simulator.endpoint import PseudoTerminal

QUICK = SimulatorOptions(answer_seconds=(0.0, 0.0))
PATIENCE_SECONDS = 5.0


class Wire:
    """The computer's end: a device file or a TCP connection."""

    def __init__(self, port: str) -> None:
        if port.startswith("socket://"):
            host, _, number = port.removeprefix("socket://").rpartition(":")
            self._socket: socket.socket | None = socket.create_connection((host, int(number)), PATIENCE_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._number = self._socket.fileno()
        else:
            self._socket = None
            self._number = os.open(port, os.O_RDWR | os.O_NOCTTY)

    def write(self, *content: int) -> None:
        os.write(self._number, bytes(content))

    def read(self, size: int) -> list[int]:
        """Exactly so many bytes, or fewer when none come for a while."""
        content = b""
        while len(content) < size and select.select([self._number], [], [], PATIENCE_SECONDS)[0]:
            content += os.read(self._number, size - len(content))
        return list(content)

    def ask(self, *command: int, size: int = 2) -> list[int]:
        self.write(*command)
        return self.read(size)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        else:
            os.close(self._number)


@contextlib.contextmanager
def connected(port: str) -> Iterator[Wire]:
    wire = Wire(port)
    try:
        yield wire
    finally:
        wire.close()


@pytest.fixture(params=["pseudo-terminal", "tcp"])
def running(request: pytest.FixtureRequest) -> Iterator[RunningSimulator]:
    tcp = ("127.0.0.1", 0) if request.param == "tcp" else None
    with RunningSimulator(QUICK, tcp=tcp) as simulator:
        yield simulator


def test_commands_are_answered(running: RunningSimulator) -> None:
    with connected(running.port) as wire:
        assert wire.ask(187, 0, 0, 68, size=1) == [128]
        assert wire.ask(20, 0, 0, 235) == [200, 222]
        assert wire.ask(20, 0, 0, 234, size=1) == [130]


def test_every_byte_value_passes_unchanged(running: RunningSimulator) -> None:
    with connected(running.port) as wire:
        for value in range(256):
            wire.write(152, 102, value, 103)
            assert wire.ask(20, 102, 0, 235) == [200, value]


def test_computers_may_come_and_go(running: RunningSimulator) -> None:
    for _ in range(5):
        with connected(running.port) as wire:
            assert wire.ask(20, 94, 0, 235) == [200, 44]


def test_faults_can_be_changed_meanwhile(running: RunningSimulator) -> None:
    with connected(running.port) as wire:
        assert wire.ask(20, 0, 0, 235) == [200, 222]
        running.simulator.faults = Faults(double=1.0)
        assert wire.ask(187, 0, 0, 68, size=1) == [130]
        running.simulator.faults = Faults()


def test_a_broken_command_is_given_up_without_another_byte() -> None:
    options = SimulatorOptions(answer_seconds=(0.0, 0.0), speed=100)
    with RunningSimulator(options) as running, connected(running.port) as wire:
        assert wire.ask(20, 0, 0, size=1) == [129]


def test_what_the_wire_says_is_the_truth() -> None:
    clock = HandClock()
    with RunningSimulator(QUICK, clock=clock) as running, connected(running.port) as wire:
        clock.advance(7 * 3600)
        truth = running.simulator.truth()
        assert wire.ask(20, 50, 0, 235)[1] * 24 / 120 == truth.battery_volts
        assert wire.ask(20, 213, 0, 235)[1] * 2 / 5 == truth.internal_charge_amps
        assert wire.ask(20, 188, 0, 235)[1] + 256 * wire.ask(20, 189, 0, 235)[1] == truth.internal_charge_amp_hours > 0


def test_an_answer_takes_its_time() -> None:
    with RunningSimulator(SimulatorOptions(answer_seconds=(0.12, 0.12))) as running, connected(running.port) as wire:
        started = time.monotonic()
        assert wire.ask(187, 0, 0, 68, size=1) == [128]
        assert time.monotonic() - started >= 0.12


def test_simulated_time_passes_by_itself() -> None:
    options = SimulatorOptions(speed=10_000, answer_seconds=(0.0, 0.0))
    with RunningSimulator(options) as running, connected(running.port) as wire:
        hour = wire.ask(20, 48, 0, 235)[1]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while wire.ask(20, 48, 0, 235)[1] == hour:
            assert time.monotonic() < deadline


def test_a_computer_that_never_reads_does_not_block_the_simulator() -> None:
    terminal = PseudoTerminal()
    writer = threading.Thread(target=fill, args=(terminal,), daemon=True)
    writer.start()
    writer.join(PATIENCE_SECONDS)
    assert not writer.is_alive()
    terminal.close()


def fill(terminal: PseudoTerminal) -> None:
    """Write far more than a terminal can hold."""
    for _ in range(1000):
        terminal.write(bytes(1000))


class TestLink:
    def test_it_points_to_the_terminal_and_goes_away_with_it(self, tmp_path: Path) -> None:
        link = tmp_path / "by-id" / "usb-pl80"
        link.parent.mkdir()
        with RunningSimulator(QUICK, link=link) as running:
            assert str(link.readlink()) == running.port
            with connected(str(link)) as wire:
                assert wire.ask(20, 0, 0, 235) == [200, 222]
        assert list(link.parent.iterdir()) == []

    def test_one_left_behind_by_a_crash_is_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "pl80"
        link.symlink_to("/dev/pts/does-not-exist")
        with RunningSimulator(QUICK, link=link) as running:
            assert str(link.readlink()) == running.port

    def test_a_file_in_its_place_is_left_alone(self, tmp_path: Path) -> None:
        link = tmp_path / "pl80"
        link.write_text("precious")
        with pytest.raises(FileExistsError, match="something else is there"):
            PseudoTerminal(link)
        assert link.read_text() == "precious"

    def test_one_that_points_elsewhere_by_now_is_left_alone(self, tmp_path: Path) -> None:
        link = tmp_path / "pl80"
        with RunningSimulator(QUICK, link=link):
            link.unlink()
            link.symlink_to("/dev/null")
        assert str(link.readlink()) == "/dev/null"


class TestCable:
    def test_a_pulled_cable_is_an_error_for_the_computer(self) -> None:
        with RunningSimulator(QUICK) as running, connected(running.port) as wire:
            running.pull_cable()
            with pytest.raises(OSError, match="Input/output error"):
                wire.write(187, 0, 0, 68)

    def test_a_pulled_cable_ends_a_tcp_connection(self) -> None:
        with RunningSimulator(QUICK, tcp=("127.0.0.1", 0)) as running, connected(running.port) as wire:
            assert wire.ask(187, 0, 0, 68, size=1) == [128]
            running.pull_cable()
            assert os.read(wire._number, 1) == b""

    def test_it_may_come_back_under_another_number(self, tmp_path: Path) -> None:
        link = tmp_path / "pl80"
        with RunningSimulator(QUICK, link=link) as running, connected(running.port):
            first = running.port
            running.pull_cable()
            assert not link.is_symlink()
            running.plug_cable()
            assert running.port != first
            with connected(str(link)) as wire:
                assert wire.ask(20, 0, 0, 235) == [200, 222]

    def test_there_is_no_port_while_it_is_out(self) -> None:
        with RunningSimulator(QUICK) as running:
            running.pull_cable()
            running.pull_cable()
            with pytest.raises(RuntimeError, match="not plugged in"):
                assert running.port

    def test_the_regulator_goes_on_without_it(self) -> None:
        clock = HandClock()
        with RunningSimulator(QUICK, clock=clock) as running:
            running.pull_cable()
            clock.advance(3600)
            assert running.simulator.truth().regulator_clock_seconds == 11 * 3600


class TestTcp:
    def test_the_next_computer_is_served_when_the_first_has_gone(self) -> None:
        with RunningSimulator(QUICK, tcp=("127.0.0.1", 0)) as running:
            with connected(running.port) as first:
                assert first.ask(187, 0, 0, 68, size=1) == [128]
                second = Wire(running.port)
                second.write(20, 0, 0, 235)
                assert first.ask(20, 94, 0, 235) == [200, 44]
            assert second.read(2) == [200, 222]
            second.close()

    def test_a_new_connection_finds_a_cold_pli(self) -> None:
        options = SimulatorOptions(answer_seconds=(0.0, 0.0), faults=Faults(cold=True))
        with RunningSimulator(options, tcp=("127.0.0.1", 0)) as running:
            for _ in range(2):
                with connected(running.port) as wire:
                    wire.write(*bytes(9))
                    assert wire.ask(187, 0, 0, 68, size=1) == [128]

    def test_a_connection_that_is_reset_makes_room_for_the_next(self) -> None:
        with RunningSimulator(QUICK, tcp=("127.0.0.1", 0)) as running:
            host, port = running.port.removeprefix("socket://").split(":")
            rude = socket.create_connection((host, int(port)))
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            rude.sendall(bytes([20, 0, 0, 235] * 50))
            rude.close()
            with connected(running.port) as wire:
                assert wire.ask(20, 94, 0, 235) == [200, 44]

    def test_a_port_that_is_taken_is_an_error(self) -> None:
        with RunningSimulator(QUICK, tcp=("127.0.0.1", 0)) as running:
            port = int(running.port.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"), RunningSimulator(QUICK, tcp=("127.0.0.1", port)):
                pass


class TestRun:
    @pytest.mark.parametrize("tcp", [None, ("127.0.0.1", 0)])
    def test_it_says_where_and_ends_when_told(self, tcp: tuple[str, int] | None) -> None:
        stop = threading.Event()
        answers = []

        def on_ready(port: str) -> None:
            with connected(port) as wire:
                answers.append(wire.ask(20, 0, 0, 235))
            stop.set()

        run(QUICK, on_ready, stop, tcp=tcp)
        assert answers == [[200, 222]]

    def test_a_signal_ends_it_at_once(self) -> None:
        stop = threading.Event()
        started = []

        def on_ready(port: str) -> None:
            started.append(time.monotonic())
            signal.setitimer(signal.ITIMER_REAL, 0.02)

        before = signal.signal(signal.SIGALRM, lambda *_: stop.set())
        try:
            run(QUICK, on_ready, stop)
        finally:
            signal.signal(signal.SIGALRM, before)
        assert time.monotonic() - started[0] < 1

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_a_failure_of_the_simulator_ends_the_wait(self) -> None:
        def broken_clock() -> float:
            raise ZeroDivisionError

        ended = threading.Event()
        with RunningSimulator(QUICK, clock=broken_clock, on_end=ended.set) as running, connected(running.port) as wire:
            wire.write(187, 0, 0, 68)
            assert ended.wait(PATIENCE_SECONDS)

    def test_nothing_stays_open(self) -> None:
        def open_files() -> list[str]:
            return sorted(os.listdir("/proc/self/fd"))

        before, threads = open_files(), threading.active_count()
        for tcp in (None, ("127.0.0.1", 0)):
            with RunningSimulator(QUICK, tcp=tcp) as running, connected(running.port) as wire:
                wire.ask(187, 0, 0, 68, size=1)
        assert (open_files(), threading.active_count()) == (before, threads)
