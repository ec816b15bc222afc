"""The receivers: Apprise URLs, to which messages are sent one by one. The only importer of apprise.

A URL has passwords in it: neither it nor what Apprise logs about it is ever shown. A receiver is called by its kind and
its place in the setting: "ntfy (1)".
"""

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import unquote

from journal.errors import BadSetting, extra_missing

SETTING = "SOLAR_ALERT_URLS"
TALKATIVE = ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib")
"""Loggers that may write a URL, a token or a message."""


class Receiver(Protocol):
    """Who is told. `key` is the same in every run."""

    name: str
    key: str

    def send(self, title: str, body: str) -> str | None:
        """None once it is told; otherwise why not."""


class AppriseReceiver:
    def __init__(self, number: int, url: str, plugin: Any) -> None:
        self.name = f"{url.partition(':')[0].lower()} ({number})"
        self.key = hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
        self._plugin = plugin
        self._secrets = _parts(url)

    def send(self, title: str, body: str) -> str | None:
        with _heard() as reasons:
            try:
                if self._plugin.notify(title=title, body=body):
                    return None
            except Exception as error:  # noqa: BLE001  # a hundred services, each with errors of its own
                reasons.append(f"{type(error).__name__}: {error}")
        return self._redacted(reasons[0]) if reasons else "the service did not accept it"

    def _redacted(self, words: str) -> str:
        for secret in self._secrets:
            words = words.replace(secret, "...")
        return " ".join(words.split()).rstrip(".")


def receivers(urls: str) -> list[Receiver]:
    """Those that the setting names. Raises BadSetting: none, one that cannot be used, or Apprise is not installed."""
    if not urls.strip():
        raise BadSetting(
            f"cannot send alerts: {SETTING} is not set; set it in the environment or in .env, "
            "for example SOLAR_ALERT_URLS=ntfy://ntfy.sh/A-NAME-THAT-NOBODY-GUESSES"
        )
    try:
        import apprise
        from apprise.utils.parse import parse_urls
    except ImportError as error:
        raise extra_missing("send alerts", "Apprise", "alert") from error
    for name in TALKATIVE:
        logging.getLogger(name).propagate = False
    found: list[Receiver] = []
    for number, url in enumerate(parse_urls(urls), start=1):  # type: ignore[no-untyped-call]
        with _heard(), warnings.catch_warnings(action="ignore"):  # Python's about modules that Apprise imports
            plugin = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        if plugin is None:
            raise BadSetting(
                f"cannot use number {number} in {SETTING}: Apprise does not understand it; "
                "see https://github.com/caronc/apprise/wiki for how it is written"
            )
        found.append(AppriseReceiver(number, url, plugin))
    return found


def _parts(url: str) -> list[str]:
    """Everything in a URL that may be a secret, as it is written and as it is meant; the longest first."""
    parts = {
        part for text in (url, unquote(url)) for part in (text, *re.split(r"[/:@?&=,\s]+", text.partition("://")[2]))
    }
    return sorted((part for part in parts if len(part) >= 4), key=len, reverse=True)


class _Reasons(logging.Handler):
    def __init__(self, reasons: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._reasons = reasons

    def emit(self, record: logging.LogRecord) -> None:
        self._reasons.append(record.getMessage())


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What Apprise warns of in the block; it goes nowhere else."""
    reasons: list[str] = []
    handler, logger = _Reasons(reasons), logging.getLogger("apprise")
    logger.addHandler(handler)
    try:
        yield reasons
    finally:
        logger.removeHandler(handler)
