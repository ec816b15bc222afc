"""The services after `solar setup`: time zone, network for a serial server, started and enabled at each start."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from admin.doctor.port import is_url
from admin.setup.answers import Answers
from admin.upkeep import services
from admin.upkeep.programs import said

DROP_IN = Path("/etc/systemd/system/solar-logger.service.d/network.conf")
EXAMPLE = Path(sys.prefix, "share/solar/systemd/solar-logger.service.d-network.conf.example")


def start_services(answers: Answers, started: Sequence[str]) -> None:
    """Now, and at each start of the computer. Raises SolarError if systemd refuses."""
    if zone := answers.values.get("TZ"):
        said(f"cannot set the time zone {zone}", "set it with sudo timedatectl", "timedatectl", "set-timezone", zone)
    if is_url(answers.values.get("SOLAR_PORT", "")) and EXAMPLE.exists() and not DROP_IN.exists():
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE, DROP_IN)
        services.systemctl("daemon-reload")
    services.systemctl("enable", "--quiet", *started)
    services.systemctl("restart", *started)
