"""Sends the server a request that changes nothing, with limits on time and size."""

import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import urllib3

from uploader.server.answers import Answer
from uploader.server.network_errors import unreachable
from uploader.server.outcomes import Unreachable
from uploader.server.target import Target
from uploader.server.transport import Transport


class Probe:
    """Connections to the server at `target`, as the uploader makes them."""

    def __init__(self, target: Target, connect_seconds: float, read_seconds: float) -> None:
        self.target = target
        self._transport = Transport(target, connect_seconds, read_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.pool_manager.clear()

    def ask(self, path: str, authorization: str | None, **parameters: str) -> Answer | Unreachable:
        """The server's answer to a GET. Failures of server or network are returned, never raised."""
        url = f"{self.target.url.rstrip('/')}{path}"
        if parameters:
            url += "?" + urlencode(parameters, quote_via=quote)
        try:
            headers = {"Authorization": authorization} if authorization else {}
            return self._transport.exchange("GET", url, headers=headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return unreachable(error, self.target)


def json_of(answer: Answer) -> dict[str, Any]:
    """The JSON object in the answer; empty if there is none."""
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
