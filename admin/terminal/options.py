"""The options that several commands share. Each also reads the environment.

A parser returns the value or raises ValueError with what would be right; usage_errors.py names the option or variable.
What has a password in it (INFLUXDB_TOKEN, SOLAR_ALERT_URLS, SOLAR_MQTT_URL) is read only from the environment: every
user of the machine can see a command line.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from admin.terminal.option import Option
from journal.access import obstacle
from journal.errors import BadSetting

if TYPE_CHECKING:
    from uploader.server.target import Proxy, Target

PROXIES = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")

BAUDS = (300, 1200, 2400, 9600)


def baud(text: str) -> int:
    if str(text) not in map(str, BAUDS):
        raise ValueError("give 300, 1200, 2400 or 9600, as set by the PLI's jumpers")
    return int(text)


def number_above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError("give a number greater than 0")
    return number


def count_above_zero(text: str) -> int:
    if not str(text).isascii() or not str(text).isdigit() or int(text) < 1:
        raise ValueError("give a whole number greater than 0")
    return int(text)


def words(text: str) -> str:
    """A tag's value. InfluxDB allows no line break in it, and reads a backslash at its end as an escape."""
    if not str(text).strip() or not str(text).isprintable() or str(text).endswith("\\"):
        raise ValueError("give a name of printable characters that does not end in a backslash")
    return text


def one_of(*names: str) -> Callable[[str], str]:
    """A parser that takes one of these names."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(f"give {', '.join(names[:-1])} or {names[-1]}")
        return text

    return parse


def target(
    url: str | None, org: str | None, bucket: str | None, ca_file: Path | None, *, verb: str = "upload"
) -> "Target":
    """Where to upload, with the token from the environment. Raises BadSetting if something is missing or wrong."""
    from uploader.server.target import Target

    token = os.environ.get("INFLUXDB_TOKEN", "").strip()
    given = {"INFLUXDB_URL": url, "INFLUXDB_TOKEN": token, "INFLUXDB_ORG": org, "INFLUXDB_BUCKET": bucket}
    missing = [name for name, value in given.items() if not value]
    if missing:
        are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise BadSetting(
            f"cannot {verb}: {', '.join(missing)} {are} not set; set {them} in the environment or in .env "
            "(InfluxDB 1.x: token user:password, bucket database, any organisation)"
        )
    if ca_file and (words := obstacle(ca_file)):
        raise BadSetting(f"cannot use INFLUXDB_CA_FILE={ca_file}: {words}")
    if ca_file and not ca_file.is_file():
        raise BadSetting(f"cannot use INFLUXDB_CA_FILE={ca_file}: there is no such file; give one with certificates")
    return Target(url or "", token, org or "", bucket or "", str(ca_file) if ca_file else None, proxy_for(url or ""))


def proxy_for(url: str) -> "Proxy | None":
    """The proxy that HTTP_PROXY or HTTPS_PROXY names for this URL, unless NO_PROXY names its host.

    As in other programs, the lower-case name wins, and this computer itself is never asked through a proxy.
    """
    from uploader.server.target import Proxy

    try:
        parts = urlsplit(url)
    except ValueError:
        return None  # Target itself says what is wrong with the URL
    variable = _either_case(f"{parts.scheme}_proxy")
    value, exceptions = os.environ.get(variable, "").strip(), os.environ.get(_either_case("no_proxy"), "")
    if not value or parts.hostname in (None, "localhost") or _is_excepted(parts.hostname, parts.netloc, exceptions):
        return None
    return Proxy(variable, value)


def _either_case(name: str) -> str:
    return name if name in os.environ else name.upper()


def _is_excepted(host: str, host_and_port: str, exceptions: str) -> bool:
    """Whether NO_PROXY names the host, a domain that it is in, a network that its address is in, or * for all."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is not None and address.is_loopback:
        return True
    for each in (each.strip().lower() for each in exceptions.split(",")):
        domain = f".{each.lstrip('.')}"
        if each == "*" or (each and (f".{host}".endswith(domain) or f".{host_and_port}".endswith(domain))):
            return True
        try:
            if address is not None and address in ipaddress.ip_network(each, strict=False):
                return True
        except ValueError:
            continue
    return False


# fmt: off
Data = Annotated[Path, Option(
    "--data", envvar=["SOLAR_DATA", "STATE_DIRECTORY"], parser=Path, metavar="DIR",
    help="Data directory (journal.db and uploader.db).")]
DATA = Path("data")

Port = Annotated[str, Option(
    "--port", envvar="SOLAR_PORT", metavar="PORT",
    help="Serial port of the PLI adapter, or a URL such as socket://host:26000.")]
PORT = "/dev/ttyUSB0"

Baud = Annotated[int, Option(
    "--baud", envvar="SOLAR_BAUD", parser=baud, metavar="BAUD",
    help="300, 1200, 2400 or 9600, as set by the PLI's jumpers.")]
BAUD = 9600

ChargeStep = Annotated[float | None, Option(
    "--charge-step-amps", envvar="SOLAR_CHARGE_STEP_AMPS", parser=number_above_zero, metavar="AMPS",
    help="Amperes per step of the charge current; default by model (PL80: 0.4, unverified).")]

LoadStep = Annotated[float | None, Option(
    "--load-step-amps", envvar="SOLAR_LOAD_STEP_AMPS", parser=number_above_zero, metavar="AMPS",
    help="Amperes per step of the load current; default by model (PL80: 0.2, unverified).")]

Clock = Annotated[str, Option(
    "--clock", envvar="SOLAR_CLOCK", parser=one_of("auto", "trust"), metavar="MODE",
    help="auto: hold readings until the clock is confirmed; trust: the clock is always right.")]
CLOCK = "auto"

KeepDays = Annotated[float | None, Option(
    "--keep-days", envvar="SOLAR_KEEP_DAYS", parser=number_above_zero, metavar="DAYS",
    help="Delete sent readings that are older than this; default: keep all.")]

Site = Annotated[str, Option(
    "--site", envvar="SOLAR_SITE", parser=words, metavar="NAME",
    help="Name of the site: the tag `site` in InfluxDB, for what is logged from now on.")]
SITE = "home"

Url = Annotated[str | None, Option(
    "--url", envvar="INFLUXDB_URL", metavar="URL",
    help="Address of InfluxDB. The token is read only from INFLUXDB_TOKEN.")]

Org = Annotated[str | None, Option(
    "--org", envvar="INFLUXDB_ORG", metavar="NAME", help="Organisation in InfluxDB.")]

Bucket = Annotated[str | None, Option(
    "--bucket", envvar="INFLUXDB_BUCKET", metavar="NAME", help="Bucket in InfluxDB.")]

CaFile = Annotated[Path | None, Option(
    "--ca-file", envvar="INFLUXDB_CA_FILE", parser=Path, metavar="FILE",
    help="Certificates to trust instead of the system's, for your own server.")]

AsJson = Annotated[bool, Option("--json", help="Print JSON, for programs.")]

Verbose = Annotated[bool, Option("--verbose", "-v", help="Detailed log, including raw bytes.")]
# fmt: on
