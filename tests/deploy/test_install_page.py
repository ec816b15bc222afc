"""docs/install.md, line by line, on a clean Debian 12 with its own systemd, in a container in place of a Raspberry Pi.

Not tried here: writing the card, udev (containers have none), a serial port (a pseudo-terminal stands in for it), and
that the logger may touch no other device (the kernel's device filter is the outer system's business).
"""

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.debian import copy_project, debootstrap, trust
from tests.deploy.files import PROJECT, run
from tests.servers import Database, program

pytestmark = pytest.mark.long

PAGE = (PROJECT / "docs/install.md").read_text()
SECRET = "planted-secret-77aa"
# What Raspberry Pi OS Lite has and the page relies on.
PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "sudo", "ca-certificates", "procps")
SERVICES = "solar-logger", "solar-uploader"


def blocks(title: str) -> list[str]:
    """The blocks to be pasted below a heading of the page."""
    section = re.search(rf"^## (?:\d\. )?{title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, title
    return re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)


class Machine:
    """A Debian that has booted. `root` runs a script as root, `paste` one as the person who installs."""

    def __init__(self, directory: Path, leader: int) -> None:
        self.directory = directory
        self._enter = [program("nsenter", "util-linux"), "--target", str(leader), "--all"]

    def root(self, script: str) -> str:
        return self._run([*self._enter, "/bin/bash", "-eu", "-o", "pipefail", "-s"], script)

    def paste(self, script: str) -> str:
        """In a new login. `solar status` may say that something needs attention."""
        script = re.sub(r"^(sudo solar status)$", r"\1 || test $? = 1", script, flags=re.MULTILINE)
        login = "cd; exec bash -eu -o pipefail -x -s"
        return self._run([*self._enter, "/sbin/runuser", "--login", "pi", "--command", login], script)

    def paste_all(self, title: str) -> str:
        return "".join(self.paste(block) for block in blocks(title))

    def _run(self, command: list[str], script: str) -> str:
        done = run(*command, input=script)
        assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}"
        return done.stdout

    def property(self, service: str, name: str) -> str:
        return self.root(f"systemctl show --value --property {name} {service}").strip()


def awaited(said: Callable[[], Any], seconds: float) -> Any:
    """What `said` returns as soon as it is true, or at last."""
    until = time.monotonic() + seconds
    while not (answer := said()) and time.monotonic() < until:
        time.sleep(0.5)  # another machine: there is nothing to wait on
    return answer


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    nspawn = program("systemd-nspawn", "systemd-container")
    debian = tmp_path / "debian"
    debootstrap(debian, *PACKAGES)
    # A container keeps adjtimex from everybody; a Raspberry Pi does not.
    options = ["--boot", "--register=no", "--keep-unit", "--resolv-conf=copy-host", "--system-call-filter=adjtimex"]
    shown = [f"--bind-ro={path}:{inside}" for inside, path in trust(tmp_path).items()]
    command = [nspawn, *options, *shown, f"--directory={debian}"]
    with (
        (tmp_path / "console").open("wb") as console,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console) as process,
    ):
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            leader = awaited(lambda: children.exists() and children.read_text().split(), 30)
            assert leader, (tmp_path / "console").read_text()
            machine = Machine(debian, int(leader[0]))
            up = "systemctl is-system-running --wait || true"
            assert awaited(lambda: "running" in _quietly(machine, up) or None, 60), (tmp_path / "console").read_text()
            yield machine
        finally:
            process.terminate()
            process.wait(60)


def _quietly(machine: Machine, script: str) -> str:
    try:
        return machine.root(script)
    except AssertionError:
        return ""


def prepare(machine: Machine, influxdb_url: str, bucket: str) -> None:
    """A person with sudo, the repository at its address, an editor that types by itself, no udev."""
    origin = machine.directory / "root/origin"
    copy_project(origin)
    address = re.search(r"git clone (\S+)", PAGE)
    assert address
    values = {
        "SOLAR_SITE": "trial",
        "SOLAR_INTERVAL": "2",
        "SOLAR_UPLOAD_EVERY": "3",
        "SOLAR_CLOCK": "trust",
        "INFLUXDB_URL": influxdb_url,
        "INFLUXDB_ORG": "none",
        "INFLUXDB_BUCKET": bucket,
        "INFLUXDB_TOKEN": SECRET,
    }
    editor = "#!/bin/sh\ncase $1 in\n"
    for file, prefix in (("solar.env", "SOLAR"), ("uploader.env", "INFLUXDB")):
        lines = "".join(f"{name}={value}\\n" for name, value in values.items() if name.startswith(prefix))
        expression = "/SOLAR_SITE/d" if prefix == "SOLAR" else "/INFLUXDB/d"
        editor += f'*/{file}) sed -i "{expression}" "$1"; printf "{lines}" >>"$1" ;;\n'
    for name, text in (("nano", editor + "*) exit 1 ;;\nesac\n"), ("udevadm", "#!/bin/sh\n")):
        stand_in = machine.directory / "usr/local/bin" / name
        stand_in.write_text(text)
        stand_in.chmod(0o755)
    machine.root(
        "useradd --create-home --shell /bin/bash pi\n"
        "echo 'pi ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/pi\n"
        f"printf '[url \"/root/origin\"]\\n\\tinsteadOf = {address[1]}\\n' >/etc/gitconfig\n"
        "printf '[user]\\n\\tname = trial\\n\\temail = trial@localhost\\n' >>/etc/gitconfig\n"
    )


def plug_in_a_regulator(machine: Machine) -> None:
    """A simulated one on a pseudo-terminal, under the name that udev would give it."""
    machine.root(
        "systemd-run --quiet --unit regulator /opt/solar/current/bin/solar simulate --link /dev/solar-pli\n"
        "until test -e /dev/solar-pli; do sleep 0.2; done\n"
        "chmod 666 /dev/solar-pli"
    )


def commit(machine: Machine, version: str) -> None:
    machine.root(
        "cd /root/origin; test -d .git || git init --quiet --initial-branch main\n"
        f"git add --all; git commit --quiet --allow-empty --message {version}; git tag {version}"
    )


def test_every_line_of_the_page(machine: Machine, database: Database) -> None:
    prepare(machine, database.server.url, database.name)
    machine.paste_all("The card")
    commit(machine, "v1.0.0")
    assert "solar 0." in machine.paste_all("The program")
    machine.paste_all("Users")
    machine.paste_all("Settings")
    assert machine.root("stat --format '%U %a' /etc/solar/uploader.env").strip() == "root 600"
    verified = machine.paste_all("Services")
    assert re.search(r"\+ systemd-analyze verify \S+ \S+\n$", verified), verified

    plug_in_a_regulator(machine)
    said = machine.paste_all("First reading, first upload")
    assert "Status:" in said
    assert awaited(lambda: database.rows("solar"), 60)
    assert {row["site"] for row in database.rows("solar")} == {"trial"}
    assert "Last reading" in machine.paste("solar status || test $? = 1")

    they_share_the_journal_whoever_starts_last(machine, database)
    a_hung_logger_is_running_again_within_a_minute(machine)

    commit(machine, "v1.1.0")
    assert "The page is at http://0.0.0.0:8642/" in machine.paste_all("The site's own page")
    machine.paste_all("Upgrade")
    assert machine.root("readlink /opt/solar/current /opt/solar/previous").split() == ["v1.1.0", "v1.0.0"]
    assert machine.root("ls /var/backups/solar").startswith("journal-20")
    both_are_active(machine)
    machine.paste_all("Roll back")
    assert machine.root("readlink /opt/solar/current").split() == ["v1.0.0"]
    both_are_active(machine)
    machine.paste_all("Good to know")

    assert SECRET not in machine.root("journalctl --no-pager; ps -ef; cat /var/lib/solar/*; solar status || true")
    refused = "cat /etc/solar/uploader.env && exit 1; true"
    assert "denied" in machine.root(f"runuser --user solar-logger -- sh -c '{refused}' 2>&1")

    machine.paste_all("Remove")
    left = machine.root(
        "find / -xdev -name '*solar*' -not -path '/root/*' -not -path '/var/backups/*' -not -path '/var/log/*' "
        "-not -path '/run/*' -not -path '/etc/systemd/journald.conf.d/*' -not -path '/tmp/*'; "
        "grep solar /etc/passwd /etc/group || true"
    )
    assert left == ""


def both_are_active(machine: Machine) -> None:
    for service in SERVICES:
        assert awaited(partial(is_active, machine, service), 30), service


def is_active(machine: Machine, service: str) -> bool:
    return machine.property(service, "ActiveState") == "active"


def they_share_the_journal_whoever_starts_last(machine: Machine, database: Database) -> None:
    for order in (SERVICES, reversed(SERVICES), reversed(SERVICES)):
        for service in order:
            machine.root(f"systemctl restart {service}")
        assert awaited(partial(has_more_than, database, len(database.rows("solar")) + 1), 60)
    modes = machine.root("stat --format '%G %a %F' /var/lib/solar /var/lib/solar/*")
    assert set(modes.splitlines()) <= {
        "solar 2770 directory",
        "solar 660 regular file",
        "solar 660 regular empty file",
    }


def has_more_than(database: Database, count: int) -> bool:
    return len(database.rows("solar")) > count


def a_hung_logger_is_running_again_within_a_minute(machine: Machine) -> None:
    """Stopped by a signal, as in a read() that never returns."""
    before = machine.property("solar-logger", "MainPID")
    began = time.monotonic()
    machine.root(f"kill -STOP {before}")
    assert awaited(lambda: machine.property("solar-logger", "MainPID") not in ("0", before), 75)
    assert time.monotonic() - began < 65  # SIGABRT cannot reach one that is stopped: SIGKILL does, 5 s later
    assert "Watchdog timeout" in machine.root("journalctl --no-pager --unit solar-logger")
    assert machine.property("solar-uploader", "NRestarts") == "0"
    both_are_active(machine)
