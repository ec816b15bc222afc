"""A new version in its trial: judged, kept or sent away, and a kill at every step. systemd and the versions are
stand-ins that note what happens; the journal is real."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from admin.upkeep import settling
from admin.upkeep.settling import settle
from admin.upkeep.versions import Trial, Versions
from journal.journal import Journal
from journal.writer import JournalWriter
from tests.admin.conftest import Solar, reading, stand_ins

ROOT = Path(__file__).parents[3]
SYSTEMCTL = """#!/bin/sh
cd "$SITE"
echo "$*" >>calls
case $1 in
    is-enabled) echo enabled ;;
    is-active) if [ -e running ] && [ ! -e "opt/$(cat running)/broken" ]; then echo active; else echo failed; fi ;;
    show) echo 0 ;;
    stop) rm -f running ;;
    restart | start) readlink opt/current >running ;;
esac
"""
SOLAR = """#!/bin/sh
[ ! -e "$SITE/opt/NAME/broken" ] || { echo "it is broken" >&2; exit 70; }
echo '{"last_reading": {"id": 99}}'
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from admin.upkeep import settling
from admin.upkeep.versions import Trial, Versions

settling.POLL_SECONDS = 0.01
site, fatal, steps = Path(sys.argv[1]), int(sys.argv[2]), 0
trial = Trial(old="v1", new="v2", backup=str(site / "backup.db"), last_id=3, was_reading=True)

def count(event, arguments):
    global steps
    if event in {"os.rename", "os.remove", "os.link", "os.symlink", "subprocess.Popen"}:
        steps += 1
        if steps == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(count)
versions = Versions(site / "opt")
versions.begin(trial)
settling.settle(versions, site / "data", 0.05)
"""


@dataclass(frozen=True)
class Machine:
    """Two versions, v1 runs, v2 is on trial."""

    path: Path

    @property
    def versions(self) -> Versions:
        return Versions(self.path / "opt")

    @property
    def trial(self) -> Trial:
        backup = str(self.path / "backup.db")
        return Trial(old="v1", new="v2", backup=backup, last_id=3, was_reading=True)

    def is_broken(self, version: str) -> None:
        (self.path / "opt" / version / "broken").touch()

    def running(self) -> str:
        return (self.path / "running").read_text().strip() if (self.path / "running").exists() else "nothing"


@pytest.fixture
def machine(tmp_path: Path, data: Path, solar: Solar, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in ("v1", "v2"):
        for script, text in (
            ("bin/solar", SOLAR.replace("NAME", name)),
            ("share/solar/install-services", "#!/bin/sh\n"),
        ):
            file = tmp_path / "opt" / name / script
            file.parent.mkdir(parents=True)
            file.write_text(text)
            file.chmod(0o755)
        (tmp_path / "opt" / name / "complete").touch()
    (tmp_path / "opt/v0").mkdir()
    (tmp_path / "opt/v0/complete").touch()
    (tmp_path / "opt/current").symlink_to("v1")
    stand_ins(tmp_path, monkeypatch, systemctl=SYSTEMCTL)
    (tmp_path / "running").write_text("v1\n")
    monkeypatch.setenv("SITE", str(tmp_path))
    monkeypatch.setattr(settling, "POLL_SECONDS", 0.01)
    solar("backup", "backup.db")
    return Machine(tmp_path)


def test_a_version_that_is_well_stays_and_only_the_one_before_is_kept(machine: Machine, data: Path) -> None:
    machine.versions.begin(machine.trial)
    assert settle(machine.versions, data, 20).startswith("solar v2 runs.")
    assert (machine.versions.current(), machine.running()) == ("v2", "v2")
    assert machine.versions.trial() is None
    assert sorted(path.name for path in (machine.path / "opt").iterdir()) == ["current", "previous", "v1", "v2"]


def test_a_version_that_does_not_run_goes_and_the_old_one_comes_back(machine: Machine, data: Path) -> None:
    machine.is_broken("v2")
    machine.versions.begin(machine.trial)
    said = settle(machine.versions, data, 0.1)
    assert said == "solar v2 did not get well: solar-logger does not run. solar v1 runs again."
    assert (machine.versions.current(), machine.running(), machine.versions.trial()) == ("v1", "v1", None)


def test_what_brings_no_new_readings_is_not_well(machine: Machine, data: Path) -> None:
    script = machine.path / "opt/v2/bin/solar"
    script.write_text(script.read_text().replace("99", "4"))
    machine.versions.begin(machine.trial)
    assert "no readings come" in settle(machine.versions, data, 0.1)
    assert machine.running() == "v1"


@pytest.mark.parametrize(("ill", "newest"), [([], "v1"), (["solar-alert"], "v2")], ids=["ran before", "ill before"])
def test_a_service_that_did_not_run_before_proves_nothing(
    machine: Machine, data: Path, ill: list[str], newest: str
) -> None:
    script = machine.path / "bin/systemctl"
    script.write_text(
        SYSTEMCTL.replace("case $1 in", 'case "$1 $2" in "is-active solar-alert") exit 3 ;; esac\ncase $1 in')
    )
    machine.versions.begin(replace(machine.trial, ill=ill))
    said = settle(machine.versions, data, 0.2 if not ill else 20)
    assert (machine.running(), "solar-alert does not run" in said) == (newest, not ill)


@pytest.mark.parametrize(("newest", "is_kept"), [(4, True), (3, False)], ids=["one reading", "no reading"])
def test_with_a_long_interval_one_reading_and_a_quiet_while_are_enough(
    machine: Machine, data: Path, newest: int, is_kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "QUIET_SECONDS", 0.1)
    script = machine.path / "opt/v2/bin/solar"
    script.write_text(script.read_text().replace("99", str(newest)))
    machine.versions.begin(machine.trial)
    settle(machine.versions, data, 2)
    assert (machine.running() == "v2") == is_kept


def test_a_journal_that_the_old_version_cannot_read_is_replaced_by_the_copy(machine: Machine, data: Path) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(reading(4))
    for name in ("journal.db", "uploader.db", "alerts.db"):
        with closing(sqlite3.connect(data / name)) as connection:
            connection.execute("PRAGMA user_version = 999")
    machine.is_broken("v2")
    machine.versions.begin(machine.trial)
    said = settle(machine.versions, data, 0.1)
    (aside,) = data.glob("journal-replaced-*.db")
    assert f"what was logged since is in {aside}" in said
    with Journal.open(data / "journal.db") as restored:
        assert restored.count("readings") == 3
    with closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT count(*) FROM readings").fetchone() == (4,)
    for name in ("uploader", "alerts"):
        assert list(data.glob(f"{name}-replaced-*.db"))
        assert not (data / f"{name}.db").exists()
    assert machine.running() == "v1"


@pytest.mark.parametrize(
    "is_good", [True, pytest.param(False, marks=pytest.mark.long)], ids=["a good version", "a bad version"]
)
def test_a_kill_at_any_step_is_finished_at_the_next_start(machine: Machine, data: Path, is_good: bool) -> None:
    if not is_good:
        machine.is_broken("v2")
    outcomes = set()
    for fatal in range(1, 80):
        for name in ("current", "previous", "trial", "current.new", "trial.new"):
            (machine.path / "opt" / name).unlink(missing_ok=True)
        (machine.path / "opt/current").symlink_to("v1")
        (machine.path / "running").write_text("v1\n")
        command = [sys.executable, "-c", KILLED, str(machine.path), str(fatal)]
        code = subprocess.run(command, check=False, cwd=ROOT).returncode
        # The computer starts again, with whatever is current; then solar-update.service.
        (machine.path / "running").write_text(machine.versions.current())
        settle(machine.versions, data, 20 if is_good else 0.05)
        assert machine.versions.trial() is None, fatal
        assert machine.versions.current() == machine.running(), fatal
        assert is_good or machine.running() == "v1", fatal
        outcomes.add(machine.running())
        if code == 0:
            break
    assert code == 0
    assert outcomes == ({"v1", "v2"} if is_good else {"v1"})


def test_update_check_says_what_is_in_a_wheelhouse(solar: Solar, machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / "wheelhouse/solar_battery_monitoring-2.0.0-py3-none-any.whl").touch()
    subprocess.run(["tar", "-czf", "wheelhouse.tar.gz", "wheelhouse"], check=True)
    ran = solar("update", "--check", "--opt", machine.path / "opt", "--from", "wheelhouse.tar.gz")
    assert (ran.code, ran.out) == (0, "solar v1 runs, 2.0.0 is there: sudo solar update\n")


def test_the_trial_on_a_copy_says_what_it_left(solar: Solar, data: Path) -> None:
    ran = solar("update", "--try", data)
    assert (ran.code, ran.out) == (0, "3 readings, 0 days, 1 event, 0 checks\n")


def test_without_an_installation_it_says_what_to_do(solar: Solar, tmp_path: Path) -> None:
    ran = solar("update", "--opt", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"cannot update: there is no .*/current; install with install.sh first .*\n", ran.err)
