"""The site's name, its time zone, and where its backups go."""

import socket
from pathlib import Path
from zoneinfo import available_timezones

from admin.setup.answers import Answers
from admin.terminal.options import words
from admin.upkeep.places import opened
from admin.upkeep.programs import ran

NAMELESS = ("raspberrypi", "localhost", "debian")


def site_proposal(answers: Answers) -> str:
    host = socket.gethostname().partition(".")[0]
    return answers.known("SOLAR_SITE") or ("home" if host in NAMELESS else host)


def check_site(name: str, answers: Answers) -> None:
    words(name)


def zone_proposal(answers: Answers) -> str:
    """This computer's zone."""
    shown = ran("timedatectl", "show", "--property", "Timezone", "--value").stdout.strip()
    link = Path("/etc/localtime").resolve().as_posix()
    return shown or (link.partition("/zoneinfo/")[2] if "/zoneinfo/" in link else "Etc/UTC")


def check_zone(zone: str, answers: Answers) -> None:
    from difflib import get_close_matches

    zones = sorted(available_timezones())
    if zone not in zones:
        city = zone.lower().replace(" ", "_").rpartition("/")[2]
        near = [each for each in zones if each.lower().rpartition("/")[2] == city] or get_close_matches(
            zone, zones, n=1
        )
        hint = f"did you mean {near[0]}?" if near else "give area and city, like Australia/Brisbane"
        raise ValueError(f"there is no time zone {zone}; {hint}")


def check_backup(place: str, answers: Answers) -> str:
    """Whether the place can be reached now."""
    with opened(place) as there:
        names = there.names()
    return f"reached; {len([name for name in names if name.startswith('solar-')])} backups are there"
