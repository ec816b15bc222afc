"""chrony without `rtcsync` does not tell the kernel that the clock is right: what a person is told. A real one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from journal.reading import Reading
from journal.writer import JournalWriter
from logger.clock import chrony, kernel
from logger.clock.host_clock import Clock, boot_id
from logger.clock.trust import CHRONY, ThisComputer
from tests import servers
from tests.admin.conftest import Solar

DATA = Path("data")


@pytest.fixture
def chronyd(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """A chronyd that is synchronised, on a computer whose kernel is not told."""
    with servers.chrony(tmp_path_factory.mktemp("chrony")) as directory:
        monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
        monkeypatch.setattr(kernel, "ask", lambda: kernel.State(is_synchronised=False))
        monkeypatch.setenv("SOLAR_CLOCK", "auto")
        yield


def hold() -> None:
    now = Clock(0).now()
    with JournalWriter.create(DATA / "journal.db") as journal:
        number = journal.boot_number(boot_id())
        journal.append(Reading(time_ms=now.time_ms, boot=number, uptime_ms=now.uptime_ms), is_held=True)


@pytest.mark.usefixtures("chronyd")
def test_a_logger_that_may_not_ask_chrony_holds_readings_and_every_command_says_what_to_do(solar: Solar) -> None:
    moment = Clock(0).now()
    evidence = ThisComputer().ask(moment)
    assert evidence is not None
    assert (evidence.source, evidence.is_lasting) == (CHRONY, True)
    assert evidence.uncertainty_seconds < 0.5
    hold()
    words = "right (chrony is synchronised with a time server), but chrony does not tell the kernel"
    remedy = "write `rtcsync` into /etc/chrony/chrony.conf"
    assert words in (shown := solar("clock").out)
    assert remedy in shown
    assert words in " ".join(solar("status").out.split())
    (finding,) = [each for each in json.loads(solar("doctor", "--json").out)["findings"] if each["name"] == "clock"]
    assert finding["verdict"] == "look"
    assert "the kernel does not know; 1 reading held until it is confirmed" in finding["found"]
    assert remedy in finding["to_do"]


@pytest.mark.usefixtures("chronyd")
def test_nobody_can_ask_chrony_from_the_services_private_network() -> None:
    """systemd's PrivateNetwork=yes is a network namespace of its own."""
    if subprocess.run(["unshare", "--map-root-user", "--net", "true"], check=False, capture_output=True).returncode:
        servers.unavailable("this system forbids network namespaces")
    asks = [sys.executable, "-c", "from logger.clock import chrony; print(chrony.ask())"]
    assert chrony.ask() is not None
    for command in (["unshare", "--map-root-user", "--net", *asks], ["unshare", "--map-root-user", *asks]):
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        assert (ran.stdout.strip() == "None") == ("--net" in command)
