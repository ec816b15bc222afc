"""The services of a site, as systemd runs them."""

import os
import subprocess
import sys
from collections.abc import Sequence

from admin.upkeep.programs import ran, said
from journal.errors import SolarError

LOGGER, UPLOADER = "solar-logger", "solar-uploader"
ALL = (LOGGER, UPLOADER, "solar-page", "solar-alert", "solar-mqtt")
"""Those that have the journal open."""


def systemctl(*arguments: str) -> None:
    """Raises SolarError if it fails."""
    said(f"cannot run `systemctl {' '.join(arguments)}`", "is this run with sudo?", "systemctl", *arguments)


def is_active(service: str) -> bool:
    """Whether it runs, or is about to."""
    return _shown("is-active", service) in ("active", "activating", "reloading")


def has_started(service: str) -> bool:
    """Whether it runs. One that ends again and again does not, most of the time."""
    return _shown("is-active", service) == "active"


def active() -> list[str]:
    """Those that run, or are about to."""
    return [service for service in ALL if is_active(service)]


def enabled() -> list[str]:
    """Those that start with the computer."""
    return [service for service in ALL if _shown("is-enabled", service) == "enabled"]


def restarts(service: str) -> int:
    """How often systemd has started it again by itself since it was last started by somebody."""
    shown = _shown("show", "--value", "--property", "NRestarts", service)
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


def _shown(*question: str) -> str:
    return ran("systemctl", *question).stdout.strip()
