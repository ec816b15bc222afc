"""install.sh, `solar setup` and `solar update` on a clean Debian 12 that boots.

From nothing to readings in InfluxDB with one command and five answers to type; then an update that fails, one that does
not, and a power cut in the midst of one.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.admin.typist import Typist, typing
from tests.deploy.machine import (
    Machine,
    add_a_person,
    awaited,
    booted,
    both_are_active,
    commit,
    cut_the_power,
    is_active,
    made,
    plug_in_a_regulator,
)
from tests.servers import Database

pytestmark = pytest.mark.long

BROKEN = "sed -i '1a raise SystemExit(\"this version does not run\")' admin/commands/log.py"
PASSWORD = "a word for the page"
MENDED = "sed -i '2d' admin/commands/log.py"


def test_one_command_and_five_answers_and_updates_that_fail_or_are_cut_off(
    tmp_path: Path, database: Database, tally: Callable[[str], None]
) -> None:
    debian = made(tmp_path)
    with booted(debian) as machine:
        add_a_person(machine)
        (debian / "etc/solar").mkdir()
        # A container's clock is never confirmed; and a trial need not take long.
        (debian / "etc/solar/solar.env").write_text("SOLAR_CLOCK=trust\nSOLAR_INTERVAL=2\nSOLAR_UPLOAD_EVERY=3\n")
        plug_in_a_regulator(machine)
        machine.root("DEBIAN_FRONTEND=noninteractive; apt-get -qq update; apt-get -qq --yes install git >/dev/null")
        commit(machine, "v1.0.0")

        began = time.monotonic()
        with typing(machine.at_a_terminal("sudo bash /root/origin/install.sh")) as typist:
            five_answers(typist, database)
            typist.sees(r"Newest reading: PL80, [\d.]+ V", 180)
            tally(f"installation: {time.monotonic() - began:.0f} s from the command to the first reading on the screen")
            typist.sees(r"The page: http://[\d.]+:8642, with any user name", 10)
            assert typist.ends() == 0
        assert awaited(lambda: database.rows("solar"), 60)
        tally(f"installation: {time.monotonic() - began:.0f} s from the command to readings in InfluxDB")
        assert {row["site"] for row in database.rows("solar")} == {"trial"}
        for file in ("uploader.env", "page.env"):
            assert machine.root(f"stat --format '%U %a' /etc/solar/{file}").strip() == "root 600"
        for user in ("solar-logger", "solar-uploader", "solar-page", "solar-alert", "solar-mqtt"):
            assert machine.root(f"id --group --name {user}").strip() == "solar"
        # Nobody was named whom to alert, and no broker.
        assert machine.root("systemctl is-enabled solar-alert solar-mqtt || true").split() == ["disabled"] * 2
        machine.root("/opt/solar/current/bin/python -c 'import apprise, paho.mqtt'")
        assert "solar 0." in machine.paste("solar --version")
        assert "export" in machine.root(
            "man -l /usr/local/share/man/man1/solar.1 2>/dev/null || cat /usr/local/share/man/man1/solar.1"
        )
        machine.root("bash /root/origin/install.sh --no-setup")  # once more changes nothing
        both_are_active(machine)

        commit(machine, "v1.1.0", BROKEN)
        assert "v1.1.0 is there: sudo solar update" in machine.paste("sudo solar update --check")
        began = time.monotonic()
        said = machine.paste("sudo solar update --wait-seconds 30 || test $? = 1")
        assert "solar v1.1.0 did not get well" in said
        assert "solar v1.0.0 runs again" in said
        tally(f"update: {time.monotonic() - began:.0f} s to a version that fails (30 s allowed) and back")
        it_logs_with(machine, "v1.0.0", database)

    # The same broken version; the power fails at every step.
    for step in ("1/4", "2/4", "3/4", "4/4 switched"):
        with booted(debian) as machine, typing(machine.at_a_terminal("sudo solar update")) as typist:
            typist.sees(step, 180)
            cut_the_power(machine)
        with booted(debian) as machine:
            assert awaited(lambda: current(machine) == "v1.0.0" and not is_on_trial(machine), 200), step
            it_logs_with(machine, "v1.0.0", database)
            machine.paste("sudo solar backup /root/backup.db")

    for seconds in (0.0, 0.3, 0.6, 1.0, 2.0):
        with booted(debian) as machine:
            restore = "sudo solar restore --yes /root/backup.db"
            with typing(machine.at_a_terminal(restore)) as typist:
                typist.sees("are sent again", 60)
                time.sleep(seconds)  # somewhere in its midst
                cut_the_power(machine)
        with booted(debian) as machine:
            it_logs_with(machine, "v1.0.0", database)
    tally("power cuts: 4 in an update, 5 in a restore, each followed by new readings in InfluxDB")

    with booted(debian) as machine:
        commit(machine, "v1.2.0", MENDED)
        began = time.monotonic()
        assert "solar v1.2.0 runs" in machine.paste("sudo solar update")
        tally(f"update: {time.monotonic() - began:.0f} s to a version that is well")
        it_logs_with(machine, "v1.2.0", database)

        machine.paste("sudo solar backup /root/backup.db")
        assert "Restored in" in machine.paste("sudo solar restore --yes /root/backup.db")
        it_logs_with(machine, "v1.2.0", database)

        machine.paste(
            "sudo /opt/solar/current/bin/pip wheel --quiet --disable-pip-version-check --wheel-dir /root/wheelhouse "
            "--constraint /opt/solar/source/requirements.lock '/opt/solar/source[site]'\n"
            "sudo tar --create --gzip --file /root/wheelhouse.tar.gz --directory /root wheelhouse"
        )
        assert "solar 0.1.0 runs" in machine.paste("sudo solar update --from /root/wheelhouse.tar.gz")
        it_logs_with(machine, "0.1.0", database)


def five_answers(typist: Typist, database: Database) -> None:
    typist.sees("Port of the PLI's adapter", 300)
    typist.answers("")
    typist.answers("Name of this site", "trial")
    typist.answers("Time zone", "Australia/Brisban")
    typist.answers(r"did you mean Australia/Brisbane\?\s+Time zone", "Australia/Brisbane")
    typist.answers("Address of InfluxDB", database.server.url)
    typist.answers("Token", "user:password")
    typist.answers("Bucket", database.name)
    typist.answers("Weekly backups")
    typist.answers("The site's own page", "network")
    typist.answers("Password for the page", PASSWORD)
    typist.answers("MQTT broker")
    typist.answers("Whom to alert")


def current(machine: Machine) -> str:
    return machine.root("readlink /opt/solar/current").strip()


def is_on_trial(machine: Machine) -> bool:
    return (machine.directory / "opt/solar/trial").exists()


def it_logs_with(machine: Machine, version: str, database: Database) -> None:
    """New readings arrive at InfluxDB."""
    assert current(machine) == version
    both_are_active(machine)
    assert awaited(lambda: is_active(machine, "solar-page"), 30)
    before = len(database.rows("solar"))
    assert awaited(lambda: len(database.rows("solar")) > before + 1, 90)
    assert not is_on_trial(machine)
