"""Network failures in plain words: what urllib3 raises becomes Unreachable."""

import re
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

from urllib3 import exceptions

from uploader.server.outcomes import Unreachable
from uploader.server.target import Target, address_of

# What http.client says if a proxy refuses a tunnel, and what transport.py says about a 407.
_REFUSAL = re.compile(r"(?:Tunnel connection failed: )?([1-5]\d\d)\b")

# By OpenSSL's numbers X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
_CERTIFICATE = {
    9: "is not yet valid, so this computer's clock is probably wrong (in the past)",
    10: "has expired, or this computer's clock is wrong (in the future)",
}

_NO_ADDRESS = "no address found for the name {host} (no network, or a typing error in INFLUXDB_URL)"

# Each failure, what it means, and whether there was a connection: then the request may have been too large for it. The
# first row that fits counts.
_MEANINGS: dict[type[Exception], tuple[str, bool]] = {
    exceptions.NameResolutionError: (_NO_ADDRESS, False),
    exceptions.LocationParseError: (_NO_ADDRESS, False),
    ConnectionRefusedError: ("connection refused", False),
    exceptions.NewConnectionError: ("{words}", False),
    exceptions.ConnectTimeoutError: ("no answer from that address (time-out while connecting)", False),
    TimeoutError: ("no answer in time", True),
    ssl.SSLError: ("no secure connection ({words}); does that port use https?", False),
    RemoteDisconnected: ("the server closed the connection without an answer", True),
    BadStatusLine: ("the answer is not HTTP; check INFLUXDB_URL", False),
    IncompleteRead: ("the answer is incomplete", True),
    Exception: ("{words}", True),
}


def unreachable(error: Exception, target: Target) -> Unreachable:
    """What the failure means."""
    causes = list(_causes(error))
    if isinstance(error, exceptions.ProxyError):
        return Unreachable(_proxy(causes, target))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            what = _CERTIFICATE.get(cause.verify_code, f"is not trusted ({cause.verify_message})")
            return Unreachable(f"the server's certificate {what}")
    meaning, is_strained = next(row for kind, row in _MEANINGS.items() if _has(causes, kind))
    words = _words(causes) or f"the connection failed: {type(error).__name__}"
    return Unreachable(meaning.format(host=address_of(target.url)[0], words=words), is_strained)


def _proxy(causes: list[BaseException], target: Target) -> str:
    """Why nothing gets through the proxy. Of its answer only the status is known."""
    proxy = target.proxy
    if proxy is None:
        return "a proxy on the way asks for a user and password (407); give them in HTTP_PROXY or HTTPS_PROXY"
    name = f"the proxy {proxy.shown_url} (from {proxy.variable})"
    if _has(causes, exceptions.NameResolutionError):
        return f"{name} cannot be found: no address for its name"
    status = next((found[1] for cause in causes if (found := _REFUSAL.match(str(cause)))), None)
    if status == "407" and proxy.headers:
        return f"{name} refuses the user and password in {proxy.variable} (407)"
    if status == "407":
        return f"{name} asks for a user and password (407); put user:password@ before its host in {proxy.variable}"
    if status:
        return f"{name} refuses to connect to {address_of(target.url)[0]} ({status})"
    words = "" if _has(causes, TimeoutError) else _words(causes)
    return f"{name} cannot be reached: {words}" if words else f"{name} does not answer"


def _words(causes: list[BaseException]) -> str:
    """The operating system's words, without objects and addresses."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return ""


def _has(causes: list[BaseException], kind: type[Exception]) -> bool:
    return any(isinstance(cause, kind) for cause in causes)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and its causes. A ProxyError that was never raised has one too."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__ or getattr(error, "original_error", None)
