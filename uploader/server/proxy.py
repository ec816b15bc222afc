"""Proxy: what HTTP_PROXY or HTTPS_PROXY puts between here and the server. Its password never shows."""

from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from journal.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Proxy:
    """`variable`: whose value `url` is. A URL without http:// before it begins with that."""

    variable: str
    url: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raise BadSetting for what can never work."""
        try:
            parts = urlsplit(self._whole_url)
            is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        scheme, mark, rest = self.url.rpartition("//")
        if not is_good or not self._whole_url.isprintable() or " " in self._whole_url:
            raise BadSetting(
                f"cannot use {self.variable}={scheme + mark + rest.rpartition('@')[2]!r}: a proxy looks like "
                "http://proxy.example:3128; mend it, or unset it"
            )

    @property
    def _whole_url(self) -> str:
        return self.url if "://" in self.url else f"http://{self.url}"

    @property
    def shown_url(self) -> str:
        """Without user and password, for messages and for the connection."""
        parts = urlsplit(self._whole_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    @property
    def host(self) -> str:
        return urlsplit(self._whole_url).hostname or ""

    @property
    def port(self) -> int:
        parts = urlsplit(self._whole_url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    @property
    def headers(self) -> dict[str, str]:
        """What the proxy is told of who asks."""
        credentials = user_and_password(self.url)
        return {"Proxy-Authorization": f"Basic {b64encode(credentials.encode()).decode()}"} if credentials else {}


def user_and_password(url: str) -> str:
    """`user:password` in a proxy's URL, as it is meant; empty where it has none."""
    return unquote(url.partition("://")[2] or url).rpartition("@")[0]
