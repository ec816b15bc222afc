"""`solar setup` at a terminal, with a simulated regulator and a real InfluxDB; systemd has a stand-in."""

import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.setup import settings_files
from journal.errors import SolarError
from simulator import RunningSimulator, SimulatorOptions
from tests.admin.conftest import Solar, contents, stand_ins
from tests.admin.typist import Typist, typing
from tests.servers import InfluxDB1, free_port, influxdb_1

SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$TRIED"
[ "$1 $2" = "restart solar-logger" ] || exit 0
. "$SETTINGS/solar.env"
export SOLAR_PORT SOLAR_BAUD SOLAR_SITE
setsid "$PYTHON" -c 'from admin.cli import main; main()' log --count 1 >/dev/null 2>&1 &
"""
PROGRAM = """
import sys
from pathlib import Path
from admin.doctor import line, port
from admin.setup import adapters
adapters.DEV = port.DEV = Path(sys.argv.pop(1))
adapters.TIMEOUTS = line.Timeouts(0.5, 0.2, 2.0, 15.0, 10.0)
from admin.cli import main
main()
"""


@pytest.fixture
def simulated() -> Iterator[RunningSimulator]:
    with RunningSimulator(SimulatorOptions(answer_seconds=(0, 0))) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxDB1]:
    """An InfluxDB 1.6.7 that wants a password."""
    with influxdb_1(tmp_path_factory.mktemp("influxdb"), free_port(), auth=True) as running:
        running.query("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
        running.query("CREATE DATABASE solar")
        yield running


@pytest.fixture
def dev(tmp_path: Path) -> Path:
    (tmp_path / "dev/serial/by-id").mkdir(parents=True)
    return tmp_path / "dev"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory of settings; systemctl and timedatectl note what they were told, and start the logger."""
    stand_ins(tmp_path, monkeypatch, systemctl=SYSTEMCTL, timedatectl='#!/bin/sh\necho "timedatectl $*" >>"$TRIED"\n')
    (tmp_path / "tried").touch()
    monkeypatch.setenv("TRIED", str(tmp_path / "tried"))
    monkeypatch.setenv("PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setenv("SETTINGS", str(tmp_path / "etc"))
    monkeypatch.setenv("SOLAR_DATA", str(tmp_path / "data"))
    return tmp_path / "etc"


def setup(dev: Path, settings: Path, *arguments: object) -> list[object]:
    return [sys.executable, "-c", PROGRAM, dev, "setup", "--settings", settings, *arguments]


def answer_all(typist: Typist, server: InfluxDB1) -> None:
    """Five answers to type; Enter for the rest."""
    typist.answers("Port of the PLI's adapter")
    typist.answers("Name of this site", "hut 2")
    typist.answers("Time zone", "Australia/Brisbane")
    typist.answers("Address of InfluxDB", server.url)
    typist.answers("Token", "admin:secret")
    typist.answers("Bucket")
    typist.answers("Weekly backups")
    typist.answers(r"The site's own page: here .* \[here\]")
    typist.answers(r"MQTT broker for Home Assistant.* \[later\]")
    typist.answers(r"Whom to alert.* \[later\]")


def test_five_answers_and_the_newest_reading_stands_on_the_screen(
    dev: Path, settings: Path, server: InfluxDB1, simulated: RunningSimulator, tmp_path: Path
) -> None:
    adapter = dev / "serial/by-id/usb-FTDI_1"
    adapter.symlink_to(simulated.port)
    (dev / "ttyUSB0").symlink_to(simulated.port)
    with typing(setup(dev, settings)) as typist:
        answer_all(typist, server)
        typist.sees(r"Newest reading: PL80, [\d.]+ V")
        typist.sees(r"The page: http://127.0.0.1:8642, on this computer alone; for your phone: `sudo solar setup`")
        assert typist.ends() == 0
        assert f"{adapter}: a PLI answers at 9600 baud" in typist.screen
        assert "PL80 on a 24 volt system, battery at" in typist.screen
        assert "InfluxDB 1.6.7" in typist.screen
        assert "secret" not in typist.screen
    assert (settings / "solar.env").read_text() == f"SOLAR_BAUD=9600\nSOLAR_PORT={adapter}\nSOLAR_SITE=hut 2\n"
    assert (settings / "uploader.env").read_text() == (
        f"INFLUXDB_URL={server.url}\nINFLUXDB_TOKEN=admin:secret\nINFLUXDB_ORG=none\nINFLUXDB_BUCKET=solar\n"
    )
    assert {path.name: f"{path.stat().st_mode & 0o777:o}" for path in settings.iterdir()} == {
        "solar.env": "644", "uploader.env": "600", "page.env": "600",
    }  # fmt: skip
    tried = (tmp_path / "tried").read_text()
    assert "timedatectl set-timezone Australia/Brisbane\n" in tried
    started = "solar-logger solar-uploader solar-page"
    assert tried.endswith(f"enable --quiet {started}\nrestart {started}\n")


def test_each_bad_answer_gets_one_line_and_the_question_again(
    dev: Path, settings: Path, server: InfluxDB1, simulated: RunningSimulator, tmp_path: Path
) -> None:
    with typing(setup(dev, settings)) as typist:
        assert "no adapter was found" in typist.sees(r"Port of the PLI's adapter \[later\]: ")
        (dev / "ttyUSB0").symlink_to(simulated.port)
        typist.types("/dev/nothing")
        said = typist.answers("Port of the PLI's adapter")
        assert said.startswith("/dev/nothing\n  /dev/nothing does not exist; plug the adapter in, or set SOLAR_PORT to")
        typist.answers("Name of this site", "ends in \\")
        said = typist.answers("Name of this site", "hut")
        assert "give a name of printable characters that does not end in a backslash\n" in said
        typist.answers("Time zone", "Australia/Brisban")
        said = typist.answers("Time zone", "Australia/Brisbane")
        assert "there is no time zone Australia/Brisban; did you mean Australia/Brisbane?\n" in said
        typist.answers("Address of InfluxDB", "influx.example")
        said = typist.answers("Address of InfluxDB", f"http://127.0.0.1:{free_port()}")
        assert "it must begin with http:// or https:// and have a host" in said
        said = typist.answers("Address of InfluxDB", server.url)
        assert "cannot be reached: " in said
        typist.answers("Token", "admin:wrong")
        said = typist.answers("Token", "admin:secret")
        assert "InfluxDB does not accept this token (1.x: user:password); copy it again, whole\n" in said
        typist.answers("Bucket", "nowhere")
        said = typist.answers("Bucket")
        assert "nowhere" in said.partition("\n")[2]
        typist.answers("Weekly backups", "/not/there")
        said = typist.answers("Weekly backups", str(tmp_path))
        assert "there is no such directory; plug the disk in, or create the directory\n" in said
        typist.answers("The site's own page", "everywhere")
        said = typist.answers("The site's own page", "network")
        assert (
            "  answer here, network or later; or give HOST:PORT, such as 127.0.0.1:8642, or 0.0.0.0:8642 for " in said
        )
        typist.answers("Password for the page", "too few")
        said = typist.answers("Password for the page", "it's long enough")
        assert "it has fewer than 8 characters; choose a longer one\n" in said
        said = typist.answers("Password for the page", "long enough")
        assert "a file of settings cannot hold ' in it; choose another one\n" in said
        typist.answers("MQTT broker", f"mqtt://127.0.0.1:{free_port()}")
        said = typist.answers("MQTT broker", f"mqtt://me:hush@{server.url.partition('//')[2]}")
        assert re.search(r"no broker answers at 127\.0\.0\.1:\d+: connection refused; check host and port", said)
        typist.answers("Whom to alert", "ntfi://nobody")
        said = typist.answers("Whom to alert", "ntfy://127.0.0.1/hut,mailto://me:hush@example.org")
        assert "cannot use number 1 in SOLAR_ALERT_URLS: Apprise does not understand it" in said
        assert "ntfy (1), mailto (2); `sudo solar alert test` sends a message\n" in typist.sees("Newest reading: ")
        typist.sees(r"The page: http://[^ ]+:8642, with any user name and your password")
        assert typist.ends() == 0
    assert (settings / "backup.env").read_text() == f"SOLAR_BACKUP_TO={tmp_path}\n"
    assert (settings / "page.env").read_text() == ("SOLAR_PAGE_LISTEN=0.0.0.0:8642\nSOLAR_PAGE_TOKEN=long enough\n")
    assert (settings / "alert.env").read_text() == (
        "SOLAR_ALERT_URLS=ntfy://127.0.0.1/hut,mailto://me:hush@example.org\n"
    )
    secrets = ("page.env", "mqtt.env", "alert.env")
    assert {f"{(settings / name).stat().st_mode & 0o777:o}" for name in secrets} == {"600"}
    assert " solar-page solar-mqtt solar-alert\n" in (tmp_path / "tried").read_text()


def test_present_secrets_are_kept_by_enter_and_never_shown(
    dev: Path, settings: Path, simulated: RunningSimulator
) -> None:
    settings.mkdir()
    (settings / "solar.env").write_text(f"SOLAR_SITE=hut\nSOLAR_PORT={simulated.port}\n")
    (settings / "page.env").write_text("SOLAR_PAGE_LISTEN=0.0.0.0:8642\nSOLAR_PAGE_TOKEN=long-enough\n")
    (settings / "alert.env").write_text("SOLAR_ALERT_URLS=ntfy://127.0.0.1/hush\n")
    with typing(setup(dev, settings)) as typist:
        for question in ("Port", "Name", "Time zone", "Address", "Weekly", r"\[0.0.0.0:8642\]", "Password", "MQTT"):
            typist.answers(question)
        typist.answers(r"Whom to alert.* \[Enter: the present one\]", "ntfy://127.0.0.1/hut")
        assert "SOLAR_ALERT_URLS: changed\n" in typist.answers("Write it", "")
        typist.sees("Newest reading")
        assert typist.ends() == 0
        assert "long-enough" not in typist.screen
        assert "hush" not in typist.screen
    assert "SOLAR_PAGE_TOKEN=long-enough\n" in (settings / "page.env").read_text()


def test_ctrl_c_at_the_last_question_leaves_nothing(
    dev: Path, settings: Path, server: InfluxDB1, simulated: RunningSimulator, tmp_path: Path
) -> None:
    (dev / "ttyUSB0").symlink_to(simulated.port)
    settings.mkdir()
    (settings / "solar.env").write_text("SOLAR_INTERVAL=60\n")
    before = contents(settings)
    with typing(setup(dev, settings)) as typist:
        typist.answers("Port of the PLI's adapter")
        typist.answers("Name of this site", "hut")
        typist.answers("Time zone")
        typist.answers("Address of InfluxDB")
        typist.answers("Weekly backups")
        typist.answers("The site's own page")
        typist.answers("MQTT broker")
        typist.sees("Whom to alert")
        typist.presses_ctrl_c()
        typist.sees("Nothing was changed.")
        assert typist.ends() == 130
    assert contents(settings) == before
    assert "restart" not in (tmp_path / "tried").read_text()


def test_what_it_would_overwrite_it_shows_first_and_other_lines_stay(
    dev: Path, settings: Path, simulated: RunningSimulator
) -> None:
    settings.mkdir()
    (settings / "solar.env").write_text(f"# mine\nSOLAR_SITE=hut\nSOLAR_PORT={simulated.port}\nSOLAR_INTERVAL=60\n")
    with typing(setup(dev, settings)) as typist:
        typist.answers("Port of the PLI's adapter")
        typist.answers(r"Name of this site \[hut\]", "cabin")
        typist.answers("Time zone")
        typist.answers("Address of InfluxDB")
        typist.answers("Weekly backups")
        typist.answers("The site's own page")
        typist.answers("MQTT broker")
        typist.answers("Whom to alert")
        assert "  SOLAR_SITE: hut -> cabin\n" in typist.answers("Write it", "n")
        assert typist.ends() == 1
        assert "Nothing was changed." in typist.screen
    assert "SOLAR_SITE=hut\n" in (settings / "solar.env").read_text()
    with typing(setup(dev, settings)) as typist:
        for question in ("Port", "Name", "Time zone", "Address", "Weekly", "page", "MQTT", "Whom"):
            typist.answers(question, "cabin" if question == "Name" else "")
        typist.answers("Write it")
        typist.sees("Newest reading")
        typist.ends()
    assert (settings / "solar.env").read_text() == (
        f"# mine\nSOLAR_SITE=cabin\nSOLAR_PORT={simulated.port}\nSOLAR_INTERVAL=60\nSOLAR_BAUD=9600\n"
    )


def test_a_full_disk_gets_one_line_and_the_question_again(
    dev: Path, settings: Path, simulated: RunningSimulator
) -> None:
    """Here something else is in the way of the draft: for the program it is the same error."""
    (dev / "ttyUSB0").symlink_to(simulated.port)
    obstacle = settings / ".solar.env.new"
    obstacle.mkdir(parents=True)
    with typing(setup(dev, settings)) as typist:
        for question in ("Port", "Name", "Time zone", "Address", "Weekly", "page", "MQTT", "Whom"):
            typist.answers(question)
        assert f"  cannot write {settings / 'solar.env'}: " in typist.sees(r"Try again\? \[Y/n\]: ")
        obstacle.rmdir()
        typist.types("")
        typist.sees("Newest reading")
        assert typist.ends() == 0


def test_a_file_of_answers_is_for_many_sites(
    dev: Path, settings: Path, server: InfluxDB1, simulated: RunningSimulator, tmp_path: Path
) -> None:
    (tmp_path / "answers").write_text(
        f"SOLAR_PORT={simulated.port}\nSOLAR_SITE=hut\nINFLUXDB_URL={server.url}\nINFLUXDB_TOKEN=admin:wrong\n"
    )
    with typing(setup(dev, settings, "--answers", tmp_path / "answers")) as typist:
        typist.sees("cannot use the answer to INFLUXDB_TOKEN: InfluxDB does not accept this token")
        assert typist.ends() == 1
    assert not settings.exists()
    text = (tmp_path / "answers").read_text().replace("wrong", "secret")
    (tmp_path / "answers").write_text(text)
    with typing(setup(dev, settings, "--answers", tmp_path / "answers")) as typist:
        typist.sees("Newest reading")
        assert typist.ends() == 0
        assert "secret" not in typist.screen


def test_a_misspelt_answer_in_a_file_is_named(solar: Solar, settings: Path, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("SOLAR_SIET=hut\n")
    ran = solar("setup", "--settings", settings, "--answers", "answers")
    assert ran.code == 2
    assert ran.err.startswith("cannot use --answers answers: SOLAR_SIET is asked by no question; the questions are ")


@pytest.mark.parametrize("line", ["SOLAR_SITE = hut", "export INFLUXDB_TOKEN=secret", "INFLUXDB_TOKEN: secret", "hut"])
def test_a_line_of_the_file_that_is_no_answer_is_named(line: str, solar: Solar, settings: Path, tmp_path: Path) -> None:
    """By its number: it may hold a token."""
    (tmp_path / "answers").write_text(f"# for the hut\n\nSOLAR_PORT=later\n{line}\n")
    ran = solar("setup", "--settings", settings, "--answers", "answers")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "cannot use --answers answers: line 4 is no answer; write it like SOLAR_SITE=hut\n"


def test_a_disk_that_is_read_only_is_not_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "fsync", refuse)
    words = f"cannot write {tmp_path}/solar.env: read-only file system; fix that and try again"
    with pytest.raises(SolarError, match=words):
        settings_files.write_all([settings_files.changed(tmp_path / "solar.env", {"SOLAR_SITE": "hut"})])
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_it_says_how_to_give_answers(solar: Solar, settings: Path) -> None:
    ran = solar("setup", "--settings", settings)
    assert (ran.code, ran.err) == (
        2,
        "cannot ask anything: this is no terminal; give the answers with --answers FILE\n",
    )
