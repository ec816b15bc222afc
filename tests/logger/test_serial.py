"""The whole logger room against a simulated PL80, over a real pseudo-terminal or TCP port."""

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace

import pytest

from journal.errors import BadSetting, PliSilent, PortMissing, RegulatorError, RegulatorSilent
from journal.journal import Journal
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, boot_id
from logger.line.port import BAUD_RATES, open_port
from logger.poll import Identity, Poller, poll
from logger.regulator.models import Steps
from logger.regulator.registers import by_address, decode
from logger.regulator.regulator import connect
from simulator import Faults, HandClock, RunningSimulator, SimulatorOptions
from tests.ordinary_user import forbidden_port, ordinary_user

QUICK = SimulatorOptions(speed=100, answer_seconds=(0, 0.1), late_seconds=(0.02, 0.15), seed=4)
# Waits as short as the simulator's answers are, where it is silent or late; a busy computer may exceed them.
WAITS = {"reply_seconds": 0.1, "settle_seconds": 0.08}
RESTLESS = {220, 232}


@pytest.fixture
def clock():
    """Simulated time stands still, so that there is one truth for each reading."""
    return HandClock()


@pytest.fixture
def stop():
    return threading.Event()


def connected(port, stop=None, baud=9600, **waits):
    return connect(port, baud, Clock(1), stop=stop or threading.Event(), **waits)


def truth(running):
    """What the simulator shows, in the columns of a reading."""
    shown = asdict(running.simulator.truth())
    # 0 is what the device says without a sensor, too.
    shown["battery_celsius"] = shown["battery_celsius"] or None
    return {name: round(value, 2) if name.endswith("watts") else value for name, value in shown.items()}


def differences(reading, running):
    """Fields that say anything but the truth; what is absent says nothing."""
    fields = asdict(reading)
    return {
        name: (fields[name], true)
        for name, true in truth(running).items()
        if fields[name] is not None and fields[name] != pytest.approx(true, abs=0.005)
    }


def absent(reading, running):
    fields = asdict(reading)
    return [name for name, true in truth(running).items() if true is not None and fields[name] is None]


@pytest.mark.parametrize(
    ("model", "system_volts"),
    [("PL20", 12), ("PL40", 12), ("PL40", 36), ("PL60", 32), ("PL80", 12), ("PL80", 24), ("PL80", 48)],
)
def test_a_reading_is_what_the_simulator_shows(model, system_volts, clock):
    options = replace(QUICK, model=model, system_volts=system_volts, external_charge=True, external_load=True)
    with RunningSimulator(options, clock=clock) as running, connected(running.port) as regulator:
        clock.advance(2 * 3600)
        reading = regulator.read()
        assert absent(reading, running) == []
        assert differences(reading, running) == {}


def test_the_bytes_kept_are_the_memorys(clock):
    with RunningSimulator(QUICK, clock=clock) as running, connected(running.port) as regulator:
        clock.advance(7200)
        ram = running.simulator.ram()
        kept = by_address(regulator.read().raw)
        assert kept == {address: ram[address] for address in kept}
        assert set(kept) >= {0, 93, 220, 221, 232, 233}


def test_a_day_goes_by(clock):
    with RunningSimulator(QUICK, clock=clock) as running, connected(running.port) as regulator:
        for _ in range(8):
            clock.advance(10_800)
            reading = regulator.read()
            assert differences(reading, running) == {}
            assert absent(reading, running) == []


@pytest.mark.parametrize("speed", [60, 1000])
def test_a_simulator_in_a_hurry_is_read(speed):
    with RunningSimulator(replace(QUICK, speed=speed)) as running, connected(running.port) as regulator:
        assert regulator.read().battery_volts is not None


def test_the_clock_of_a_simulator_in_a_hurry_is_read():
    """No faster: a busy computer may keep this process waiting for a minute of the simulator's between two bytes."""
    with RunningSimulator(replace(QUICK, speed=20)) as running, connected(running.port) as regulator:
        for _ in range(5):
            before = running.simulator.truth().regulator_clock_seconds
            reading = regulator.read()
            after = running.simulator.truth().regulator_clock_seconds
            if reading.regulator_clock_seconds is not None and before < after:
                assert before <= reading.regulator_clock_seconds <= after


@pytest.mark.parametrize(
    "faults",
    [
        "drop=0.01",
        "garble=0.01",
        "double=0.01",
        "late=0.02",
        "error=0.05",
        "split=0.1",
        "drop=0.003,garble=0.003,double=0.003,late=0.003,error=0.01,split=0.03",
    ],
)
def test_a_fault_of_the_line_never_makes_a_false_reading(faults, clock):
    options = replace(QUICK, external_load=True, faults=Faults.parse(faults))
    with RunningSimulator(options, clock=clock) as running, connected(running.port, **WAITS) as regulator:
        had = 0
        for _ in range(2):
            clock.advance(1200)
            try:
                reading = regulator.read()
            except RegulatorError:
                continue
            assert differences(reading, running) == {}
            had += reading.battery_volts is not None
        assert had >= 1


def test_a_cold_pli_is_woken(clock):
    options = replace(QUICK, faults=Faults.parse("cold"))
    with RunningSimulator(options, clock=clock) as running, connected(running.port, **WAITS) as regulator:
        assert absent(regulator.read(), running) == []
        running.simulator.chill()
        assert absent(regulator.read(), running) == []


@pytest.mark.parametrize("code", [129, 133])
def test_a_pli_without_a_regulator_says_so_and_reads_again_when_it_is_back(clock, code):
    options = replace(QUICK, unplugged_code=code)
    with RunningSimulator(options, clock=clock) as running, connected(running.port, **WAITS) as regulator:
        running.simulator.unplug()
        with pytest.raises(RegulatorSilent, match="the PLI answers, but the regulator does not"):
            regulator.read()
        running.simulator.plug_in()
        assert absent(regulator.read(), running) == []


@pytest.mark.parametrize(
    ("faults", "words"), [("silent", "nothing answers"), ("wrong-baud", "baud rate")], ids=["silent", "wrong baud rate"]
)
def test_a_pli_that_cannot_be_understood_is_told_from_a_silent_one(clock, faults, words):
    options = replace(QUICK, faults=Faults.parse(faults))
    with (
        RunningSimulator(options, clock=clock) as running,
        connected(running.port, **WAITS) as regulator,
        pytest.raises(PliSilent, match=words),
    ):
        regulator.read()


def test_a_terminal_server_is_read_like_a_port(clock):
    with RunningSimulator(QUICK, clock=clock, tcp=("127.0.0.1", 0)) as running:
        with connected(running.port) as regulator:
            reading = regulator.read()
            assert (absent(reading, running), differences(reading, running)) == ([], {})
            running.pull_cable()
            with pytest.raises(PortMissing):
                regulator.read()
        with pytest.raises(PortMissing, match="check host and port"):
            connected("socket://127.0.0.1:1")


# Opening the port.


def test_a_port_that_is_not_there_is_missing_with_a_hint_where_to_look(tmp_path):
    with pytest.raises(PortMissing, match=r"cannot open .*/ttyUSB9: there is no such port; .*by-id"):
        open_port(str(tmp_path / "ttyUSB9"), 9600)


def test_what_is_no_serial_port_is_said_to_be_none(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PortMissing, match="is it a serial port"):
        open_port(str(tmp_path / "file"), 9600)


def test_a_port_that_is_not_permitted_is_missing_with_the_remedy():
    words = re.escape("permission denied; `sudo adduser $USER dialout`, then log in again")
    with forbidden_port() as port, ordinary_user(), pytest.raises(PortMissing, match=words):
        open_port(port, 9600)


def test_a_port_that_another_program_uses_is_refused_by_that_programs_name(clock):
    code = "import sys; import logger.line.port as p; q = p.open_port(sys.argv[1], 9600); print(1, flush=True); input()"
    with RunningSimulator(QUICK, clock=clock) as running:
        with subprocess.Popen(
            [sys.executable, "-c", code, running.port], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as other:
            assert other.stdout.readline() == b"1\n"
            with pytest.raises(PortMissing, match=rf"python.* \(process {other.pid}\) is using it"):
                open_port(running.port, 9600)
            other.communicate(b"\n")
        open_port(running.port, 9600).close()


@pytest.mark.parametrize("baud", [0, 110, 4800, 19200])
def test_a_baud_rate_that_the_pli_does_not_have_is_refused_with_those_it_has(baud):
    with pytest.raises(BadSetting, match=f"SOLAR_BAUD={baud}: the PLI has 300, 1200, 2400, 9600"):
        open_port("/dev/null", baud)


@pytest.mark.parametrize("baud", BAUD_RATES)
def test_each_baud_rate_of_the_pli_can_be_set(baud, clock):
    with RunningSimulator(QUICK, clock=clock) as running:
        port = open_port(running.port, baud)
        assert (port.baudrate, port.bytesize, port.parity, port.stopbits) == (baud, 8, "N", 1)
        assert (port.rtscts, port.dsrdtr, port.xonxoff, port.dtr, port.rts) == (False, False, False, True, True)
        port.close()


def test_a_url_that_nobody_knows_is_a_bad_setting():
    with pytest.raises(BadSetting, match="SOLAR_PORT=carrier-pigeon://loft"):
        open_port("carrier-pigeon://loft", 9600)


# The loop.


class Loop:
    """The logger in a thread, at a port, into a journal; `wait_for` waits until the journal has what is wanted."""

    def __init__(self, path, port, *, interval_seconds=0.02, **waits):
        self.stop = threading.Event()
        self.beats = threading.Semaphore(0)
        self._path, self._port, self._interval_seconds, self._waits = path, port, interval_seconds, waits
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with JournalWriter.create(self._path) as journal:
            clock = Clock(journal.boot_number(boot_id()))
            poller = Poller(
                journal,
                lambda: connect(self._port, 9600, clock, stop=self.stop, **(WAITS | self._waits)),
                clock,
                Identity("shed", self._port, "0.1.0"),
                interval_seconds=self._interval_seconds,
                heartbeat=lambda line: self.beats.release(),
            )
            self._began.set()
            try:
                poll(poller, self.stop)
            finally:
                poller.close()

    def __enter__(self):
        self._thread.start()
        assert self._began.wait(10)
        return self

    def __exit__(self, *_):
        self.stop.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def wait_for(self, is_wanted):
        """Look after each beat, at most 15 s."""
        deadline = time.monotonic() + 15
        while not is_wanted():
            assert self.beats.acquire(timeout=max(deadline - time.monotonic(), 0))


def readings(path):
    with Journal.open(path) as journal:
        return list(journal.records("readings", 1, journal.last_id("readings")))


def kinds(path):
    """The events but for the settings, which come when there is time for them."""
    with Journal.open(path) as journal:
        kinds = [event.kind for event in journal.records("events", 1, journal.last_id("events"))]
        return [kind for kind in kinds if kind != "settings_changed"]


def test_the_cable_is_pulled_out_and_put_back_under_another_number(tmp_path, clock):
    """SOLAR_PORT is a link below /dev/serial/by-id, which follows the adapter."""
    path, link = tmp_path / "journal.db", tmp_path / "usb-PLI"
    with RunningSimulator(QUICK, clock=clock, link=link) as running, Loop(path, str(link)) as loop:
        loop.wait_for(lambda: len(readings(path)) >= 2)
        was = running.port
        running.pull_cable()
        loop.wait_for(lambda: "port_missing" in kinds(path))
        held = [os.openpty() for _ in range(8)]  # so that the number is taken when the adapter comes back
        before = len(readings(path))
        running.plug_cable()
        assert running.port != was
        loop.wait_for(lambda: len(readings(path)) >= before + 3)
        for master, slave in held:
            os.close(master)
            os.close(slave)
    assert kinds(path) == ["started", "port_missing", "regulator_back"]
    assert all(reading.battery_volts is not None for reading in readings(path)[:-1])


def test_a_regulator_that_falls_silent_and_comes_back_is_two_events(tmp_path, clock):
    path = tmp_path / "journal.db"
    with RunningSimulator(QUICK, clock=clock) as running, Loop(path, running.port) as loop:
        loop.wait_for(lambda: len(readings(path)) >= 1)
        running.simulator.unplug()
        loop.wait_for(lambda: "regulator_silent" in kinds(path))
        running.simulator.faults = Faults.parse("silent")
        for _ in range(3):
            assert loop.beats.acquire(timeout=15)
        running.simulator.faults = Faults()
        loop.wait_for(lambda: "regulator_back" in kinds(path))
    assert kinds(path) == ["started", "regulator_silent", "regulator_back"]


def test_what_is_stored_is_what_the_simulator_showed(tmp_path, clock):
    path = tmp_path / "journal.db"
    with RunningSimulator(QUICK, clock=clock) as running:
        with Loop(path, running.port, reply_seconds=1.5) as loop:
            loop.wait_for(lambda: len(readings(path)) >= 5)
        whole = readings(path)[:-1]
        assert [differences(reading, running) for reading in whole] == [{}] * len(whole)
        assert [absent(reading, running) for reading in whole] == [[]] * len(whole)


@pytest.mark.parametrize("fault", ["", "silent", "unplugged"])
def test_it_stops_within_two_seconds_whatever_it_is_doing(tmp_path, clock, fault):
    """With the waits of the real world: 1.5 s for a reply, then 1 s of quiet."""
    path = tmp_path / "journal.db"
    options = SimulatorOptions(faults=Faults.parse(fault))
    with RunningSimulator(options, clock=clock) as running:
        with Loop(path, running.port, interval_seconds=1, reply_seconds=1.5, settle_seconds=1.0) as loop:
            loop.beats.acquire(timeout=1)
            stopped = time.monotonic()
        assert loop.stop.is_set()
        assert time.monotonic() - stopped < 1


def test_stopped_in_mid_reading_what_no_loopback_has_proven_is_no_reading(tmp_path, clock):
    """The battery's voltage is there after some 6 requests, the reading after some 80."""
    path, asked = tmp_path / "journal.db", threading.Semaphore(0)
    with RunningSimulator(SimulatorOptions(answer_seconds=(0.02, 0.04)), clock=clock) as running:
        receive = running.simulator.receive
        running.simulator.receive = lambda content, at: (receive(content, at), asked.release())
        with Loop(path, running.port, interval_seconds=10, reply_seconds=1.5, settle_seconds=1.0):
            assert all(asked.acquire(timeout=15) for _ in range(40))
        assert readings(path) == []


def test_readings_can_be_decoded_again_with_other_steps(clock):
    options = replace(QUICK, charge_step_amps=0.5)
    with RunningSimulator(options, clock=clock) as running, connected(running.port) as regulator:
        clock.advance(7200)
        reading = regulator.read()
    again = decode(reading.raw, Steps.of("0.5"), time_ms=1, boot=1, uptime_ms=1)
    assert again.internal_charge_amps == running.simulator.truth().internal_charge_amps


def test_the_logger_room_loads_nothing_of_the_network():
    code = "import sys, logger.poll; print([name for name in ('urllib3', 'typer', 'rich') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("/dev/null", "cannot open /dev/null: inappropriate ioctl for device; is it a serial port?"),
        (
            "socket://127.0.0.1:1",
            "cannot open socket://127.0.0.1:1: connection refused; "
            "check host and port, and that the serial server is on",
        ),
    ],
    ids=["a device of another kind", "nobody listens"],
)
def test_the_cause_is_told_once_and_in_the_systems_words(port: str, words: str) -> None:
    with pytest.raises(PortMissing) as caught:
        open_port(port, 9600)
    assert str(caught.value) == words
