"""Who may see the page, and what a browser may do with it: the token, the host's name, and headers on every answer."""

import asyncio
import hmac
import ipaddress
import os
from base64 import b64decode
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = ("/healthz",)
WRONG_SECONDS = 1.0
"""The answer to a wrong token comes this late."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Wraps the application. Without a token it answers only to this computer's own names, so that no web site can read
    the page by pointing its own name here."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = os.fsencode(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = await self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    async def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        if scope["method"] not in ("GET", "HEAD"):
            return PlainTextResponse("this page is read-only\n", 405, headers={"Allow": "GET, HEAD"})
        if not self._token:
            with suppress(ValueError):
                if is_local(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
                    return None
            return PlainTextResponse("open this page as http://127.0.0.1, or set SOLAR_PAGE_TOKEN\n", 421)
        if scope["path"] in OPEN_PATHS or hmac.compare_digest(_given(headers), self._token):
            return None
        if "authorization" in headers:
            await asyncio.sleep(WRONG_SECONDS)
        return PlainTextResponse(
            "enter SOLAR_PAGE_TOKEN as the password, with any user name\n",
            401,
            headers={"WWW-Authenticate": 'Basic realm="solar", charset="UTF-8"'},
        )


def is_local(host: str) -> bool:
    """Whether this name or address always means this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _given(headers: Headers) -> bytes:
    """The token of a program (Bearer), or the password that a browser asked for (Basic)."""
    scheme, _, words = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return words.strip().encode("latin-1")  # as Starlette has decoded it
    if scheme.lower() == "basic":
        try:
            return b64decode(words, validate=True).partition(b":")[2]
        except ValueError:
            return b""
    return b""
