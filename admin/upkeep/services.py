"""The services of a site, as systemd runs them."""

import os
import subprocess
import sys
from collections.abc import Sequence

from journal.errors import SolarError

LOGGER, UPLOADER = "solar-logger", "solar-uploader"
ALL = (LOGGER, UPLOADER, "solar-page", "solar-alert", "solar-mqtt")
"""Those that have the journal open."""


def systemctl(*arguments: str) -> str:
    """What it says. Raises SolarError with its first line if it fails."""
    done = _run("systemctl", *arguments)
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
        raise SolarError(f"cannot run `systemctl {' '.join(arguments)}`: {said}; is this run with sudo?")
    return done.stdout


def is_active(service: str) -> bool:
    """Whether it runs, or is about to."""
    return _run("systemctl", "is-active", service).stdout.strip() in ("active", "activating", "reloading")


def has_started(service: str) -> bool:
    """Whether it runs. One that ends again and again does not, most of the time."""
    return _run("systemctl", "is-active", service).stdout.strip() == "active"


def is_enabled(service: str) -> bool:
    return _run("systemctl", "is-enabled", service).stdout.strip() == "enabled"


def enabled() -> list[str]:
    """Those that start with the computer."""
    return [service for service in ALL if is_enabled(service)]


def restarts(service: str) -> int:
    """How often systemd has started it again by itself since it was last started by somebody."""
    shown = _run("systemctl", "show", "--value", "--property", "NRestarts", service).stdout.strip()
    return int(shown) if shown.isdigit() else 0


def guarded(arguments: Sequence[str], afterwards: str) -> int:
    """Run this program once more with these arguments, as a service of its own; returns its exit code.

    The settings in the environment do not go along. Whatever becomes of it, and of the terminal, systemd then runs the
    command `afterwards`: so a kill or a lost connection leaves no service stopped. Raises SolarError if not root.
    """
    if os.geteuid() != 0:
        raise SolarError("cannot stop and start the services: only root may; run it with sudo")
    command = ["systemd-run", "--quiet", "--collect", "--pipe", "--wait", "--property", f"ExecStopPost={afterwards}"]
    program = [sys.executable, "-c", "from admin.cli import main; main()"]
    return subprocess.run([*command, *program, *arguments], check=False).returncode  # noqa: S603


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]} is not installed")
