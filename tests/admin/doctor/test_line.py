"""The doctor's questions over a line, to a simulator on a real pseudo-terminal."""

import os
import re
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from admin.doctor.finding import Finding, Verdict
from admin.doctor.line import Timeouts, check_line
from admin.doctor.port_checks import Line, site
from admin.health.health import Health
from admin.health.survey import survey
from journal.holders import users_of
from simulator import Faults, HandClock, RunningSimulator, Simulator, SimulatorOptions
from tests.admin.conftest import start
from tests.admin.doctor.test_port import proc_with

QUICK = Timeouts(reply_seconds=0.06, settle_seconds=0.02, rate_seconds=1.6, regulator_seconds=2.0)
AT_ONCE = SimulatorOptions(answer_seconds=(0, 0))


class Overheard(Simulator):
    """Keeps what the computer says. With `baud`, a jumper: at any other rate both sides see junk."""

    heard = b""
    baud: int | None = None
    port = ""

    def receive(self, content: bytes, at: float) -> None:
        self.heard += content
        if self.baud:
            self.faults = Faults(wrong_baud=self.rate() != getattr(termios, f"B{self.baud}"))
        super().receive(content, at)

    def rate(self) -> int:
        terminal = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        try:
            speed: int = termios.tcgetattr(terminal)[5]
            return speed
        finally:
            os.close(terminal)


@pytest.fixture
def running() -> Iterator[RunningSimulator]:
    serving = RunningSimulator(AT_ONCE)
    serving.simulator = Overheard(AT_ONCE, clock=HandClock())
    with serving:
        yield serving


def asked(running: RunningSimulator, timeouts: Timeouts = QUICK, baud: int = 9600) -> list[Finding]:
    return list(check_line(running.port, baud, timeouts, is_clock_trusted=False))


def verdicts(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.verdict.value for finding in findings}


def test_where_all_is_well_it_knows_the_regulator(running: RunningSimulator) -> None:
    findings = asked(running, Timeouts())
    assert [(finding.name, finding.found) for finding in findings[:3]] == [
        ("adapter", "it answers at 9600 baud"),
        ("regulator", "it answers"),
        ("model", "PL80 on a 24 volt system, battery at 25.0 volts"),
    ]
    assert findings[3].found.startswith("it shows 10:00; ")
    assert verdicts(findings) == {
        "adapter": "ok",
        "regulator": "ok",
        "model": "ok",
        "regulator_clock": "skipped",
        "line": "ok",
    }
    assert findings[4].found == "0 of 100 exchanges damaged"


class Spoiling(Overheard):
    """Does something to the nth answer about RAM 0, from the third on: the first two say which model it is."""

    spoil: Callable[[int, bytes], bytes] = staticmethod(lambda nth, reply: reply)
    answers = -2

    def due(self, at: float) -> list[bytes]:
        pieces = super().due(at)
        if self.heard[-4:] != bytes((20, 0, 0, 235)):
            return pieces
        self.answers += len(pieces)
        return [self.spoil(self.answers, piece) for piece in pieces]


@pytest.mark.parametrize(
    ("every", "verdict", "found"),
    [
        (100, "ok", "1 of 100 exchanges damaged"),
        (40, "look", "2 of 100 exchanges damaged; readings take longer"),
        (5, "bad", "20 of 100 exchanges damaged: too many; values may be missing or wrong"),
    ],
)
@pytest.mark.parametrize(
    "spoil",
    [lambda reply: b"\x07" + reply, lambda reply: b"\xc8\x07", lambda reply: reply + b"\x07", lambda reply: b"\x85"],
    ids=["stray byte before", "garbled", "stray byte behind", "error code"],
)
def test_damage_on_the_line_is_measured_and_told_with_a_remedy(
    every: int, verdict: str, found: str, spoil: Callable[[bytes], bytes]
) -> None:
    serving = RunningSimulator(AT_ONCE)
    serving.simulator = simulator = Spoiling(AT_ONCE, clock=HandClock())
    simulator.spoil = lambda nth, reply: spoil(reply) if nth > 0 and nth % every == 0 else reply
    with serving:
        line = asked(serving)[-1]
    assert (line.name, line.verdict.value, line.found) == ("line", verdict, found)
    assert ("earth" in line.remedy) is (verdict != "ok")


def test_only_questions_go_over_the_line(running: RunningSimulator) -> None:
    asked(running, Timeouts())
    heard = running.simulator.heard  # type: ignore[attr-defined]
    assert {heard[place] for place in range(0, len(heard), 4)} == {20, 187}


@pytest.mark.parametrize("rate", [pytest.param(300, marks=pytest.mark.long), 2400])
def test_the_baud_rate_that_answers_is_found(running: RunningSimulator, rate: int) -> None:
    simulator = running.simulator
    assert isinstance(simulator, Overheard)
    simulator.baud, simulator.port = rate, running.port
    adapter, *rest = asked(running)
    assert adapter.verdict is Verdict.BAD
    assert adapter.found == f"it does not answer at 9600 baud, but it does at {rate}"
    assert adapter.remedy == f"set SOLAR_BAUD={rate}, or set the jumpers in the PLI to 9600"
    assert [finding.name for finding in rest] == ["regulator", "model", "regulator_clock", "line"]


def test_silence_at_every_rate_sends_one_to_the_cable(running: RunningSimulator) -> None:
    running.simulator.faults = Faults(silent=True)
    (finding,) = asked(running)
    assert finding.verdict is Verdict.BAD
    assert finding.found == "no answer at 9600 baud, nor at 2400, 1200, 300"
    assert finding.remedy.startswith("check the plugs at both ends")


def test_junk_at_every_rate_is_told_from_silence(running: RunningSimulator) -> None:
    running.simulator.faults = Faults(wrong_baud=True)
    (finding,) = asked(running)
    assert finding.verdict is Verdict.BAD
    assert finding.found == "data arrives, but no valid answer at 9600 baud, nor at 2400, 1200, 300"


@pytest.mark.parametrize("code", [129, 133])
def test_a_regulator_that_is_not_behind_the_adapter(code: int) -> None:
    options = replace(AT_ONCE, unplugged_code=code, speed=10, faults=Faults(unplugged=True))
    with RunningSimulator(options) as running:
        adapter, regulator = asked(running, replace(QUICK, reply_seconds=0.3))
    assert adapter.verdict is Verdict.OK
    assert regulator.verdict is Verdict.BAD
    assert regulator.found.startswith("the adapter answers, but the regulator behind it does not: ")


def test_a_port_that_goes_away_is_no_surprise(running: RunningSimulator) -> None:
    findings = check_line(running.port, 9600, QUICK, is_clock_trusted=False)
    assert next(findings).verdict is Verdict.OK
    running.pull_cable()
    assert [finding.verdict for finding in findings] == [Verdict.BAD]


def test_a_serial_server_that_is_not_there() -> None:
    (finding,) = check_line("socket://127.0.0.1:9", 9600, QUICK, is_clock_trusted=False)
    assert finding.verdict is Verdict.BAD
    assert finding.found == "cannot open socket://127.0.0.1:9: connection refused"
    assert finding.remedy == "check host and port, and that the serial server is on"


def test_a_serial_servers_baud_rate_is_not_tried_from_here() -> None:
    with RunningSimulator(replace(AT_ONCE, faults=Faults(silent=True)), tcp=("127.0.0.1", 0)) as running:
        (finding,) = asked(running)
        assert finding.found == f"no answer at {running.port}"


def test_a_model_and_a_system_voltage_that_nobody_knows() -> None:
    with RunningSimulator(replace(AT_ONCE, version=212)) as running:
        found = {finding.name: finding for finding in asked(running, Timeouts())}
    assert found["model"].verdict is Verdict.LOOK
    assert found["model"].found.startswith("a regulator of unknown model")


def test_while_the_logger_reads_the_line_is_left_alone(running: RunningSimulator, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with start("log", "--port", running.port, "--data", data, "--interval", "0.1") as process:
        assert process.stderr
        for line in process.stderr:
            if "reading" in line or "PL80" in line:
                break
        health = survey(data, is_upload_wanted=False)
        while health.reading is None:
            health = survey(data, is_upload_wanted=False)
        findings = list(site(Line(running.port, 9600), health, is_clock_trusted=False))
        process.terminate()
        process.wait(timeout=10)
    assert [finding.found for finding in findings[1:5]] == [
        f"the logger, process {process.pid}",
        "the newest reading came through it",
        "the newest reading came from it",
        "PL80 on a 24 volt system, battery at 25.0 volts",
    ]
    assert {finding.verdict for finding in findings} == {Verdict.OK, Verdict.SKIPPED}


def test_while_another_program_has_the_port_open_nothing_is_asked(tmp_path: Path) -> None:
    proc = proc_with(tmp_path / "proc", (7, "minicom", "/dev/null"))
    health = Health(now_ms=0, data=str(tmp_path))
    findings = list(site(Line("/dev/null", 9600, proc=proc), health, is_clock_trusted=False))
    assert [(finding.name, finding.verdict.value, finding.found) for finding in findings[1:]] == [
        ("holder", "bad", "minicom (process 7)"),
        ("adapter", "skipped", "not tried while another program uses the port"),
    ]


def test_a_simulator_is_not_taken_for_somebody_who_uses_its_port() -> None:
    with start("simulate") as process:
        assert process.stdout
        port = re.search(r"/dev/pts/\d+", process.stdout.readline())
        assert port
        users = users_of(Path(port[0]))
        process.terminate()
        process.wait(timeout=10)
    assert users == []


def test_without_a_port_nothing_is_asked(tmp_path: Path) -> None:
    line = Line(str(tmp_path / "ttyUSB0"), 9600, dev=tmp_path)
    findings = list(site(line, Health(now_ms=0, data=str(tmp_path)), is_clock_trusted=False))
    assert verdicts(findings) == {"port": "bad", "adapter": "skipped"}
