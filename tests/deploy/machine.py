"""A clean Debian 12 that has booted with its own systemd, in a container in place of a Raspberry Pi.

Not tried here: writing the card, udev (containers have none), a serial port (a pseudo-terminal stands in for it), and
that the logger may touch no other device (the kernel's device filter is the outer system's business).
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.deploy.debian import copy_project, debootstrap, trust
from tests.deploy.files import run
from tests.servers import program

# What Raspberry Pi OS Lite has and the pages rely on.
PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "sudo", "ca-certificates", "procps", "python3")
SERVICES = "solar-logger", "solar-uploader"


class Machine:
    """A Debian that has booted. `root` runs a script as root, `paste` one as the person who installs."""

    def __init__(self, directory: Path, leader: int) -> None:
        self.directory = directory
        self.leader = leader
        self._enter = [program("nsenter", "util-linux"), "--target", str(leader), "--all"]

    def root(self, script: str) -> str:
        return self._run([*self._enter, "/bin/bash", "-eu", "-o", "pipefail", "-s"], script)

    def paste(self, script: str) -> str:
        """In a new login. `solar status` may say that something needs attention."""
        script = re.sub(r"^(sudo solar status)$", r"\1 || test $? = 1", script, flags=re.MULTILINE)
        login = "cd; exec bash -eu -o pipefail -x -s"
        return self._run([*self._enter, "/sbin/runuser", "--login", "pi", "--command", login], script)

    def at_a_terminal(self, script: str) -> list[str]:
        """The command that runs a script as the person who installs, for a terminal of its own."""
        return [*self._enter, "/sbin/runuser", "--login", "--pty", "pi", "--command", script]

    def _run(self, command: list[str], script: str) -> str:
        done = run(*command, input=script)
        assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}"
        return done.stdout

    def property(self, service: str, name: str) -> str:
        return self.root(f"systemctl show --value --property {name} {service}").strip()


def cut_the_power(machine: Machine) -> None:
    """Everything in it is gone at once."""
    os.kill(machine.leader, signal.SIGKILL)


def awaited(said: Callable[[], Any], seconds: float) -> Any:
    """What `said` returns as soon as it is true, or at last."""
    until = time.monotonic() + seconds
    while not (answer := said()) and time.monotonic() < until:
        time.sleep(0.5)  # another machine: there is nothing to wait on
    return answer


def made(directory: Path) -> Path:
    """A clean Debian that has never booted. Raises or skips where that cannot be."""
    program("systemd-nspawn", "systemd-container")
    debian = directory / "debian"
    debootstrap(debian, *PACKAGES)
    return debian


@contextmanager
def booted(debian: Path) -> Iterator[Machine]:
    """It runs during the block, unless somebody cuts its power."""
    nspawn = program("systemd-nspawn", "systemd-container")
    # A container keeps adjtimex from everybody; a Raspberry Pi does not.
    options = ["--boot", "--register=no", "--keep-unit", "--resolv-conf=copy-host", "--system-call-filter=adjtimex"]
    shown = [f"--bind-ro={path}:{inside}" for inside, path in trust(debian.parent).items()]
    command = [nspawn, *options, *shown, f"--directory={debian}"]
    console = debian.parent / "console"
    with (
        console.open("wb") as output,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output) as process,
    ):
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            leader = awaited(lambda: children.exists() and children.read_text().split(), 30)
            assert leader, console.read_text()
            machine = Machine(debian, int(leader[0]))
            up = "systemctl is-system-running --wait || true"
            assert awaited(lambda: "running" in _quietly(machine, up) or None, 120), console.read_text()
            yield machine
        finally:
            process.terminate()
            process.wait(60)


def _quietly(machine: Machine, script: str) -> str:
    try:
        return machine.root(script)
    except AssertionError:
        return ""


def add_a_person(machine: Machine) -> None:
    """One with sudo, the project at /root/origin, and no udev."""
    copy_project(machine.directory / "root/origin")
    stand_in = machine.directory / "usr/local/bin/udevadm"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o755)
    machine.root(
        "useradd --create-home --shell /bin/bash pi\n"
        "echo 'pi ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/pi\n"
        "printf '[user]\\n\\tname = trial\\n\\temail = trial@localhost\\n' >>/etc/gitconfig\n"
    )


def plug_in_a_regulator(machine: Machine) -> None:
    """A simulated one on a pseudo-terminal, under the name that udev would give it; it is there after a restart too."""
    unit = machine.directory / "etc/systemd/system/regulator.service"
    unit.write_text(REGULATOR)
    (machine.directory / "root/regulator.py").write_text(SIMULATED)
    machine.root("systemctl daemon-reload; systemctl enable --quiet --now regulator")


REGULATOR = """
[Service]
Type=notify
NotifyAccess=all
Environment=PYTHONPATH=/root/origin
ExecStart=/usr/bin/python3 /root/regulator.py
[Install]
WantedBy=multi-user.target
"""
SIMULATED = """
import os, pathlib, subprocess, threading
from simulator import SimulatorOptions, run

def ready(port):
    os.chmod(port, 0o666)
    subprocess.run(["systemd-notify", "--ready"])

run(SimulatorOptions(), ready, threading.Event(), link=pathlib.Path("/dev/solar-pli"))
"""


def commit(machine: Machine, version: str, change: str = "true") -> None:
    """A version of the project at its address. `change`: a command that makes it different."""
    machine.root(
        "cd /root/origin; test -d .git || git init --quiet --initial-branch main\n"
        f"{change}\n"
        f"git add --all; git commit --quiet --allow-empty --message {version}; git tag {version}"
    )


def both_are_active(machine: Machine) -> None:
    for service in SERVICES:
        assert awaited(partial(is_active, machine, service), 30), service


def is_active(machine: Machine, service: str) -> bool:
    return machine.property(service, "ActiveState") == "active"
