"""The serial port: is it there, may it be used, and who else uses it."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from admin.finding import Finding, bad, ok
from admin.holders import Process

DEV = Path("/dev")
PATTERNS = ("serial/by-id/*", "ttyUSB*", "ttyACM*", "serial0")

KNOWN = {
    "ModemManager": "it takes every adapter for a modem: sudo systemctl disable --now ModemManager",
    "brltty": "it takes the adapter for a braille display: sudo apt-get remove brltty",
    "agetty": "switch the serial login shell off: sudo raspi-config, Interface Options, Serial Port",
    "login": "switch the serial login shell off: sudo raspi-config, Interface Options, Serial Port",
}
"""Programs that take ports unasked, and what keeps them from it."""


def is_url(port: str) -> bool:
    return "://" in port


def port_there(port: str, dev: Path = DEV) -> Finding:
    """Whether the port is there and may be used; a serial server's is tried only later."""
    if is_url(port):
        return ok("port", f"{port} is at a serial server")
    try:
        mode = os.stat(port).st_mode
    except PermissionError:
        return _forbidden(port)
    except OSError:
        return bad("port", f"there is no {port}", _others(dev))
    if not stat.S_ISCHR(mode):
        return bad("port", f"{port} is not a serial port", f"set SOLAR_PORT; {_others(dev)}")
    if not os.access(port, os.R_OK | os.W_OK, effective_ids=True):
        return _forbidden(port)
    return ok("port", f"{port} is there and may be used")


def _forbidden(port: str) -> Finding:
    remedy = "use sudo, or: sudo adduser $USER dialout, then log out and in again"
    return bad("port", f"{port} is there, but this user may not use it", remedy)


def _others(dev: Path) -> str:
    there = [str(path) for pattern in PATTERNS for path in sorted(dev.glob(pattern))]
    if not there:
        return "plug the adapter in, or try another socket and cable: no adapter is there at all"
    return f"plug the adapter in, or set SOLAR_PORT to what is there: {', '.join(there[:4])}"


def used_by(port: str, users: Sequence[Process], loggers: set[int]) -> Finding:
    """Who uses the port; `loggers` are the processes that hold the journal's lock."""
    if is_url(port):
        return ok("holder", "a serial server does not tell")
    strangers = [user for user in users if user.number not in loggers]
    if strangers:
        remedy = KNOWN.get(strangers[0].name, "end it: only one program at a time can talk to the regulator")
        return bad("holder", ", ".join(map(str, strangers)), remedy)
    if users:
        return ok("holder", f"the logger, process {users[0].number}")
    return ok("holder", "nobody else, as far as this user may see")
