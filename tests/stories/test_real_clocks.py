"""A few boot stories told by real processes: `solar log` in a child whose wall clock libfaketime sets."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libfaketime
import pytest

from journal.errors import JournalMissing
from journal.journal import Journal
from journal.reading import Reading
from logger.clock.host_clock import Clock
from logger.clock.trust import ThisComputer
from simulator import RunningSimulator, SimulatorOptions

LIBRARY = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
SOLAR = [sys.executable, "-c", "from admin.cli import main; main()"]

pytestmark = pytest.mark.skipif(
    ThisComputer().ask(Clock(0).now()) is not None, reason="this computer's own clock is trusted"
)


class Site:
    """A simulated regulator, a data directory, and a wall clock that is so many seconds off."""

    def __init__(self, directory: Path, port: str) -> None:
        self.data = directory / "data"
        self._off = directory / "off"
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SOLAR_")},
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._off),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "SOLAR_DATA": str(self.data),
            "SOLAR_PORT": port,
            "SOLAR_INTERVAL": "0.2",
        }
        self.set_clock(0)

    def set_clock(self, off_seconds: float) -> None:
        draft = self._off.with_suffix(".draft")
        draft.write_text(f"{off_seconds:+.0f}\n")
        draft.replace(self._off)

    def solar(self, *arguments: str) -> str:
        command = [*SOLAR, *arguments]
        ran = subprocess.run(command, env=self._environ, capture_output=True, text=True, timeout=60, check=False)
        return ran.stdout + ran.stderr

    @contextmanager
    def logging(self, mode: str) -> Iterator[None]:
        environ = self._environ | {"SOLAR_CLOCK": mode}
        with subprocess.Popen([*SOLAR, "log"], env=environ, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()
                assert process.wait(timeout=10) == 0

    def wait_for(self, is_so: Callable[[Journal], object], seconds: float = 60.0) -> None:
        """Until the journal is so."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with Journal.open(self.data / "journal.db") as journal:
                    if is_so(journal):
                        return
            except JournalMissing:
                pass
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds:g} s")

    def wait_for_more(self, readings: int) -> None:
        with Journal.open(self.data / "journal.db") as journal:
            last = journal.last_id("readings")
        self.wait_for(lambda journal: journal.last_id("readings") >= last + readings)

    def check(self) -> tuple[int, int]:
        """What may be sent has the true time. How many readings may be sent, and how many are held."""
        now = Clock(0).now()
        offset_ms = now.time_ms - now.uptime_ms
        with Journal.open(self.data / "journal.db") as journal:
            ranges = journal.released("readings")
            readings = [record for first, last in ranges for record in journal.records("readings", first, last)]
            held = journal.held("readings").count
        for reading in readings:
            assert isinstance(reading, Reading)
            assert reading.time_ms == pytest.approx(reading.uptime_ms + offset_ms, abs=1000), reading.id
        assert len({reading.time_ms for reading in readings}) == len(readings)
        assert readings == sorted(readings, key=lambda reading: reading.time_ms)
        return len(readings), held

    def kinds(self) -> list[str]:
        with Journal.open(self.data / "journal.db") as journal:
            kinds = [event.kind for event in journal.records("events", 1, 99)]
        return [kind for kind in kinds if kind.startswith("clock_")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with RunningSimulator(SimulatorOptions(speed=50)) as simulator:
        yield Site(tmp_path, simulator.port)


def readings(number: int) -> Callable[[Journal], bool]:
    return lambda journal: journal.last_id("readings") >= number


def test_a_computer_that_woke_up_in_the_past_is_put_right_and_a_person_says_so(site: Site) -> None:
    site.set_clock(-100 * 86400)
    with site.logging("auto"):
        site.wait_for(readings(3))
        assert site.check()[0] == 0
        assert "not trusted" in site.solar("clock")
        site.set_clock(0)
        site.wait_for_more(2)
        assert site.check()[0] == 0
        assert "The logger is running" in site.solar("clock", "trust")
        site.wait_for(lambda journal: journal.released("readings") and not journal.held("readings"))
        site.wait_for_more(2)
        assert "give or take 1 minute: a person said so" in site.solar("clock")
    sent, held = site.check()
    assert (sent >= 7, held) == (True, 0)
    assert site.kinds() == ["clock_trusted"]


def test_a_restart_in_the_same_boot_goes_on_trusted_and_does_not_follow_a_wrong_setting(site: Site) -> None:
    with site.logging("auto"):
        site.wait_for(readings(2))
        site.solar("clock", "trust")
        site.wait_for(lambda journal: journal.released("readings"))
    site.set_clock(3 * 3600)
    with site.logging("auto"):
        site.wait_for_more(3)
    assert "it is 3 hours ahead of the logger's own time" in site.solar("clock")
    sent, held = site.check()
    assert (sent >= 5, held) == (True, 0)
    assert site.kinds() == ["clock_trusted", "clock_stepped"]


def test_with_trust_a_clock_that_jumps_and_comes_back_makes_no_wrong_time(site: Site) -> None:
    with site.logging("trust"):
        site.wait_for(readings(3))
        for jump in (-7200, 10 * 365 * 86400):
            site.set_clock(jump)
            site.wait_for_more(3)
            site.set_clock(0)
            site.wait_for_more(2)
    sent, held = site.check()
    assert (sent >= 13, held) == (True, 0)
    assert site.kinds() == ["clock_stepped", "clock_refused"] * 2


def test_with_trust_1970_is_held_until_the_clock_is_set(site: Site) -> None:
    site.set_clock(-time.time() + 86400)
    with site.logging("trust"):
        site.wait_for(readings(3))
        assert site.check()[0] == 0
        site.set_clock(0)
        site.wait_for(lambda journal: journal.released("readings") and not journal.held("readings"))
    sent, held = site.check()
    assert (sent >= 3, held) == (True, 0)
    assert site.kinds() == ["clock_refused"]
