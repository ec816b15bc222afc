"""Checks the serial port: is it there, may this user use it, who else does."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from admin.doctor.finding import Finding, bad, ok
from journal.holders import Process

DEV = Path("/dev")
NAMES = ("serial/by-id/*", "solar-pli", "ttyUSB*", "ttyACM*", "serial0")
"""Of adapters; those that stay the same first."""

KNOWN = {
    "ModemManager": "it treats every adapter as a modem: sudo systemctl disable --now ModemManager",
    "brltty": "it treats the adapter as a braille display: sudo apt-get remove brltty",
    "agetty": "switch the serial login shell off: sudo raspi-config, Interface Options, Serial Port",
    "login": "switch the serial login shell off: sudo raspi-config, Interface Options, Serial Port",
}
"""Programs that take ports by themselves, and how to stop them."""


def is_url(port: str) -> bool:
    return "://" in port


def check_port(port: str, dev: Path = DEV) -> Finding:
    """Whether the port is there and may be used; a serial server is tried later."""
    if is_url(port):
        return ok("port", f"{port} is a serial server; checked below")
    try:
        mode = os.stat(port).st_mode
    except PermissionError:
        return _forbidden(port)
    except OSError:
        return bad("port", f"{port} does not exist", _others(dev))
    if not stat.S_ISCHR(mode):
        return bad("port", f"{port} is not a serial port", f"set SOLAR_PORT; {_others(dev)}")
    if not os.access(port, os.R_OK | os.W_OK, effective_ids=True):
        return _forbidden(port)
    return ok("port", f"{port} is there and may be used")


def _forbidden(port: str) -> Finding:
    remedy = "run it with sudo; or: sudo adduser $USER dialout, then log out and in again"
    return bad("port", f"{port} is there, but this user may not use it", remedy)


def adapters(dev: Path) -> list[str]:
    """Each once, by the name that stays the same if it has one."""
    found: dict[Path, str] = {}
    for name in NAMES:
        for path in sorted(dev.glob(name)):
            found.setdefault(path.resolve(), str(path))
    return list(found.values())


def _others(dev: Path) -> str:
    there = adapters(dev)
    if not there:
        return "no adapter was found: plug it in, or try another USB socket and cable"
    return f"plug the adapter in, or set SOLAR_PORT to one that was found: {', '.join(there[:4])}"


def check_port_users(port: str, users: Sequence[Process], loggers: Sequence[Process]) -> Finding:
    """Who uses the port; `loggers` are the processes that hold the journal's lock."""
    if is_url(port):
        return ok("holder", "not known for a serial server")
    strangers = [user for user in users if user not in loggers]
    if strangers:
        remedy = KNOWN.get(strangers[0].name, "end it: only one program at a time can talk to the regulator")
        return bad("holder", ", ".join(map(str, strangers)), remedy)
    if users:
        return ok("holder", f"the logger, process {users[0].number}")
    seen = "" if os.geteuid() == 0 else ", as far as this user can see"
    return ok("holder", f"no other program{seen}")
