"""Target and Proxy: where to upload, and through which proxy: a person's settings, checked before anything is sent."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from journal.errors import BadSetting
from uploader.server.redaction import base64, without


@dataclass(frozen=True, slots=True)
class Target:
    """INFLUXDB_URL, _TOKEN, _ORG and _BUCKET. The token is never part of a message.

    For InfluxDB 1.x the bucket is `database` or `database/retention-policy` and the token `user:password`, InfluxData's
    own convention for 1.8. `ca_file`: certificates to trust instead of the system's. `proxy`: for every request.
    """

    url: str
    token: str = field(repr=False)
    org: str
    bucket: str
    ca_file: str | None = None
    proxy: "Proxy | None" = None

    def __post_init__(self) -> None:
        """Raise BadSetting for settings that can never work."""
        if any(c in self.url for c in "@?#"):
            raise BadSetting(
                f"cannot use INFLUXDB_URL={_shown(self.url)!r}: it contains a user, a password or options; "
                "put user:password in INFLUXDB_TOKEN and the database in INFLUXDB_BUCKET"
            )
        address_of(
            self.url,
            f"cannot use INFLUXDB_URL={self.url!r}: it must begin with http:// or https:// and have a host, and may "
            "have a port from 1 to 65535, but no spaces, like http://influx.example:8086",
        )
        if not (self.token.isascii() and self.token.isprintable()):
            raise BadSetting("cannot use INFLUXDB_TOKEN: it contains a character that no token can have; copy it again")
        for name, text in (("INFLUXDB_ORG", self.org), ("INFLUXDB_BUCKET", self.bucket)):
            if not text.isprintable():
                raise BadSetting(f"cannot use {name}: it has a control character, or is not in UTF-8; type it again")
        if not self.bucket.strip("/"):
            raise BadSetting("cannot use INFLUXDB_BUCKET: it is empty; give a bucket (InfluxDB 1.x: a database)")

    @property
    def base_url(self) -> str:
        """What the path of a request is added to; also for messages."""
        return self.url.rstrip("/")

    @property
    def database(self) -> str:
        return self.bucket.partition("/")[0]

    @property
    def policy(self) -> str:
        """The retention policy; empty: the database's default."""
        return self.bucket.partition("/")[2]

    @property
    def token_header(self) -> str | None:
        """Authorization for InfluxDB 2.x and 3.x; None without a token."""
        return f"Token {self.token}" if self.token else None

    @property
    def basic_header(self) -> str | None:
        """Authorization for InfluxDB 1.x; None when the token is not `user:password`."""
        return f"Basic {base64(self.token)}" if ":" in self.token else None

    def without_secrets(self, text: str) -> str:
        """A text from outside without token and passwords, so that it may be shown or stored."""
        return without(text, [self.token, user_and_password(self.proxy.url) if self.proxy else ""])


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy from HTTP_PROXY or HTTPS_PROXY (`variable`). Its password is never part of a message. `url` may lack
    http://."""

    variable: str
    url: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise BadSetting for a URL that can never work."""
        address_of(
            self.shown_url,
            f"cannot use {self.variable}={_shown(self.url)!r}: a proxy looks like http://proxy.example:3128; correct "
            "or remove it",
        )

    @property
    def shown_url(self) -> str:
        """Without user and password, for messages and for the connection."""
        return _shown(self.url if "://" in self.url else f"http://{self.url}")

    @property
    def headers(self) -> dict[str, str]:
        """The header with user and password for the proxy."""
        credentials = user_and_password(self.url)
        return {"Proxy-Authorization": f"Basic {base64(credentials)}"} if credentials else {}


def user_and_password(url: str) -> str:
    """`user:password` in a proxy's URL, decoded; empty if there is none."""
    return unquote(url.partition("://")[2] or url).rpartition("@")[0]


def _shown(url: str) -> str:
    """A URL without user, password and options; *** if it is not clear which part is what."""
    found = re.fullmatch(r"(\w*://)?(?:[^?#]*@)?([^@?#]*?)/*(?:[?#][^@]*)?", url)
    return f"{found[1] or ''}{found[2]}" if found else "***"


def address_of(url: str, complaint: str = "") -> tuple[str, int]:
    """Host and port of a server. Raises BadSetting, with this complaint, if there can be none."""
    with suppress(ValueError):
        parts = urlsplit(url)
        usual_port = {"http": 80, "https": 443}.get(parts.scheme)
        port = usual_port if parts.port is None else parts.port
        if usual_port and port and parts.hostname and url.isprintable() and " " not in url:
            return parts.hostname, port
    raise BadSetting(complaint)
