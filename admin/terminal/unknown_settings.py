"""Finds misspelt settings: names in the environment that nothing reads.

The options themselves say which names they read. A service gets /etc/solar/*.env as its environment.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

READ_ELSEWHERE = frozenset(
    {
        # Not options: others can see a command line.
        *("INFLUXDB_TOKEN", "SOLAR_PAGE_TOKEN", "SOLAR_ALERT_URLS", "SOLAR_MQTT_URL"),
        *("SOLAR_DEVICE", "SOLAR_DEVICE_GROUP", "SOLAR_IMAGE"),  # compose.yaml
        *("INFLUXDB_USER", "INFLUXDB_PASSWORD"),  # compose.yaml and dashboards/
        *("SOLAR_TEST_SERVERS", "SOLAR_COMMIT"),  # for the tests; for building (hatch_build.py)
    }
)
READ_ELSEWHERE_PREFIXES = ("INFLUXDB_TEST_", "INFLUXD_")
"""For the tests, and for InfluxDB's own server."""
PREFIXES = ("SOLAR_", "INFLUX")
USUAL = frozenset(
    {
        *("SOLAR_PORT", "SOLAR_BAUD", "SOLAR_INTERVAL", "SOLAR_SITE", "SOLAR_DATA", "SOLAR_CLOCK", "SOLAR_KEEP_DAYS"),
        *("SOLAR_CHARGE_STEP_AMPS", "SOLAR_LOAD_STEP_AMPS", "SOLAR_UPLOAD_EVERY", "SOLAR_MONTHLY_MEGABYTES"),
        *("SOLAR_SAVE_BELOW_VOLTS", "SOLAR_LOG_COUNT"),
        *("INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_ORG", "INFLUXDB_BUCKET", "INFLUXDB_CA_FILE"),
    }
)
"""The settings that services usually get. If there are no others, no command has to be imported to check them, and a
service starts without typer (plain_start.py)."""
ENV_FILE = Path(".env")
SERVICES = Path("/etc/solar")

_SET = re.compile(r"^\s*(?:export\s+)?(\w+)\s*=", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that nothing reads: where it is set, and which setting was probably meant."""

    name: str
    place: str
    nearest: str | None

    @property
    def hint(self) -> str:
        return f"; did you mean {self.nearest}?" if self.nearest else ""


def find_unknown(environment: Iterable[str], files: Sequence[Path]) -> list[Unknown]:
    """The unknown names in the environment and in the files."""
    from difflib import get_close_matches

    from admin.terminal.application import root

    options = list(_read_by(root(), "SOLAR"))
    known = {name for of_option in options for name in of_option} | READ_ELSEWHERE
    # Never suggest a name that typer derives from command and option: people do not know these.
    likely = {name for *explicit, _ in options for name in explicit} | READ_ELSEWHERE
    places = dict.fromkeys(environment, "the environment")
    for file in reversed(files):
        places |= dict.fromkeys(names_in(file) or (), str(file))
    return [
        Unknown(name, place, next(iter(get_close_matches(name, sorted(likely), n=1)), None))
        for name, place in sorted(places.items())
        if name.startswith(PREFIXES) and not name.startswith(READ_ELSEWHERE_PREFIXES) and name not in known
    ]


def names_in(file: Path) -> set[str] | None:
    """The names that a file of settings sets; None if it cannot be read."""
    try:
        return set(_SET.findall(file.read_text()))
    except (OSError, ValueError):
        return None


def files_of_services() -> list[Path]:
    try:
        return sorted(SERVICES.glob("*.env"))
    except OSError:
        return []


def unusual() -> set[str]:
    """The names in the environment that look like settings, but of which only typer knows whether they are."""
    return {name for name in os.environ if name.startswith(PREFIXES)} - USUAL - READ_ELSEWHERE


def warn() -> None:
    """Log each unknown name of the environment, once."""
    names = unusual()
    for each in find_unknown(names, [ENV_FILE, *files_of_services()]) if names else ():
        if each.name in names:
            words = "cannot use %s (set in %s): there is no such setting, so it has no effect%s"
            log.warning(words, each.name, each.place, each.hint)


def _read_by(command: Any, prefix: str) -> Iterator[list[str]]:
    """For each option of a command and its subcommands: the variables that it reads. The derived one comes last."""
    for parameter in command.params:
        explicit = parameter.envvar or []
        yield [*([explicit] if isinstance(explicit, str) else explicit), f"{prefix}_{(parameter.name or '').upper()}"]
    for name, below in getattr(command, "commands", {}).items():
        yield from _read_by(below, f"{prefix}_{name.upper().replace('-', '_')}")
