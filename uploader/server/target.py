"""Target and Proxy: where to upload, and through which proxy: a person's settings, checked before anything is sent."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from journal.errors import BadSetting
from uploader.server.redaction import without


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
        if any(not c.isprintable() or c == " " for c in self.url):
            raise BadSetting("cannot use INFLUXDB_URL: it contains a space or a control character; remove it")
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            words = str(error)
            raise self._bad_url(f"{words[:1].lower()}{words[1:]}; a valid one is http://influx.example:8086") from error
        if parts.scheme not in {"http", "https"} or not host:
            raise self._bad_url(
                "it must begin with http:// or https:// and have a host, like http://influx.example:8086"
            )
        if port == 0:
            raise self._bad_url("port 0 does not exist; InfluxDB's default is 8086")
        if parts.username is not None or "?" in self.url or "#" in self.url:
            raise self._bad_url(
                "it contains a user, a password or options; "
                "put user:password in INFLUXDB_TOKEN and the database in INFLUXDB_BUCKET"
            )
        if not all(" " <= c <= "~" for c in self.token):
            raise BadSetting("cannot use INFLUXDB_TOKEN: it contains a character that no token can have; copy it again")
        for name, text in (("INFLUXDB_ORG", self.org), ("INFLUXDB_BUCKET", self.bucket)):
            if not text.isprintable():
                raise BadSetting(f"cannot use {name}: it has a control character, or is not in UTF-8; type it again")
        if not self.bucket.strip("/"):
            raise BadSetting(
                "cannot use INFLUXDB_BUCKET: it is empty; give the name of a bucket (InfluxDB 1.x: a database)"
            )

    def _bad_url(self, words: str) -> BadSetting:
        return BadSetting(f"cannot use INFLUXDB_URL {self.shown_url}: {words}")

    @property
    def shown_url(self) -> str:
        """The URL for messages: without user, password and options."""
        scheme, mark, rest = self.url.partition("://")
        if not mark:
            return repr(self.url.rpartition("@")[2])
        return f"{scheme}://{rest.partition('?')[0].partition('#')[0].rpartition('@')[2]}".rstrip("/")

    @property
    def base_url(self) -> str:
        """What the path of a request is added to."""
        return self.url.rstrip("/")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

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
        if ":" not in self.token:
            return None
        return "Basic " + b64encode(self.token.encode()).decode()

    def without_secrets(self, text: str) -> str:
        """A text from outside without token and passwords, however they are encoded, so that it may be shown or
        stored."""
        return without(text, secrets_in(self.token, user_and_password(self.proxy.url) if self.proxy else ""))


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy from HTTP_PROXY or HTTPS_PROXY. Its password is never part of a message.

    `variable`: which of the two `url` comes from. A URL may leave out http://.
    """

    variable: str
    url: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise BadSetting for a URL that can never work."""
        try:
            parts = self._parts
            is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        scheme, mark, rest = self.url.rpartition("//")
        if not is_good or not self.url.isprintable() or " " in self.url:
            raise BadSetting(
                f"cannot use {self.variable}={scheme + mark + rest.rpartition('@')[2]!r}: a proxy looks like "
                "http://proxy.example:3128; correct or remove it"
            )

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url if "://" in self.url else f"http://{self.url}")

    @property
    def shown_url(self) -> str:
        """Without user and password, for messages and for the connection."""
        return f"{self._parts.scheme}://{self._parts.netloc.rpartition('@')[2]}"

    @property
    def host(self) -> str:
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        return self._parts.port or (443 if self._parts.scheme == "https" else 80)

    @property
    def headers(self) -> dict[str, str]:
        """The header with user and password for the proxy."""
        credentials = user_and_password(self.url)
        return {"Proxy-Authorization": f"Basic {b64encode(credentials.encode()).decode()}"} if credentials else {}


def secrets_in(*credentials: str) -> set[str]:
    """Every form of tokens and `user:password`s to hide: whole, the password alone, and encoded as in Basic."""
    secrets = set()
    for each in filter(None, credentials):
        secrets |= {each, each.partition(":")[2], b64encode(each.encode()).decode()}
    return secrets | {secret.rstrip("=") for secret in secrets}


def user_and_password(url: str) -> str:
    """`user:password` in a proxy's URL, decoded; empty if there is none."""
    return unquote(url.partition("://")[2] or url).rpartition("@")[0]
