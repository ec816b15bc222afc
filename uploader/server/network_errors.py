"""Network failures in plain words: what urllib3 raises becomes Unreachable."""

import http.client
import re
import ssl
from collections.abc import Iterator
from typing import TypeVar

from urllib3 import exceptions

from uploader.server.outcomes import Unreachable
from uploader.server.target import Target

T = TypeVar("T", bound=BaseException)

# OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
_NOT_YET_VALID, _EXPIRED = 9, 10

# What http.client says if a proxy refuses a tunnel, and what transport.py says about a 407.
_REFUSAL = re.compile(r"(?:Tunnel connection failed: )?([1-5]\d\d)\b")


def unreachable(error: Exception, target: Target) -> Unreachable:
    """What the failure means. `is_strained`: there was a connection; the request may have been too large for it."""
    causes = list(_causes(error))
    if isinstance(error, exceptions.ProxyError):
        return Unreachable(_proxy(causes, target))
    if tls := _first(causes, ssl.SSLCertVerificationError):
        return Unreachable(_certificate(tls))
    if isinstance(error, exceptions.NameResolutionError | exceptions.LocationParseError):
        return Unreachable(
            f"no address found for the name {target.address[0]} (no network, or a typing error in INFLUXDB_URL)"
        )
    if _first(causes, ConnectionRefusedError):
        return Unreachable(
            "connection refused",
            remedy="the server is not running, or it uses another port: start it, or correct INFLUXDB_URL",
        )
    if isinstance(error, exceptions.NewConnectionError):
        return Unreachable(_words(causes) or "no connection")
    if isinstance(error, exceptions.ConnectTimeoutError):
        return Unreachable("no answer from that address (time-out while connecting)")
    if isinstance(error, exceptions.ReadTimeoutError) or _first(causes, TimeoutError):
        return Unreachable("no answer in time", is_strained=True)
    if _first(causes, ssl.SSLError):
        return Unreachable(f"no secure connection ({_words(causes) or 'TLS failed'}); does that port use https?")
    if _first(causes, http.client.RemoteDisconnected):
        return Unreachable("the server closed the connection without an answer", is_strained=True)
    if _first(causes, http.client.BadStatusLine):
        return Unreachable("the answer is not HTTP; check INFLUXDB_URL")
    if _first(causes, http.client.IncompleteRead):
        return Unreachable("the answer is incomplete", is_strained=True)
    return Unreachable(_words(causes) or f"the connection failed ({type(error).__name__})", is_strained=True)


def _proxy(causes: list[BaseException], target: Target) -> str:
    """Why nothing gets through the proxy. Of its answer only the status is known."""
    proxy = target.proxy
    if proxy is None:
        return "a proxy on the way asks for a user and password (407); give them in HTTP_PROXY or HTTPS_PROXY"
    name = f"the proxy {proxy.shown_url} (from {proxy.variable})"
    if _first(causes, exceptions.NameResolutionError):
        return f"{name} cannot be found: no address for its name"
    status = next((found[1] for cause in causes if (found := _REFUSAL.match(str(cause)))), None)
    if status == "407" and proxy.headers:
        return f"{name} refuses the user and password in {proxy.variable} (407)"
    if status == "407":
        return f"{name} asks for a user and password (407); put user:password@ before its host in {proxy.variable}"
    if status:
        return f"{name} refuses to connect to {target.address[0]} ({status})"
    words = "" if _first(causes, TimeoutError) else _words(causes)
    return f"{name} cannot be reached: {words}" if words else f"{name} does not answer"


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _NOT_YET_VALID:
        return "the server's certificate is not yet valid, so this computer's clock is probably wrong (in the past)"
    if error.verify_code == _EXPIRED:
        return "the server's certificate has expired, or this computer's clock is wrong (in the future)"
    return f"the server's certificate is not trusted ({error.verify_message})"


def _words(causes: list[BaseException]) -> str:
    """The operating system's words, without objects and addresses."""
    for cause in reversed(causes):
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
    return ""


def _first(causes: list[BaseException], kind: type[T]) -> T | None:
    return next((cause for cause in causes if isinstance(cause, kind)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and its causes. A ProxyError that was never raised has one too."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__ or getattr(error, "original_error", None)
