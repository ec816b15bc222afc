"""Influx: one write to InfluxDB, and what came of it (outcomes.py).

    write ── POST /api/v2/write ── 204 ───────────────────────────────── Sent
                    │ 404, not in 2.x's words, and /ping says 1.x
                    └── POST /write?db=&rp= (Basic) ── 204 ───────────── Sent

Rules:
- Only exactly 204 is success. No redirect is followed.
- If a server has named its version once, a 204 without it is not believed: it may be a login page.
- Nothing is tried again here, neither by us nor by influxdb-client or urllib3: that is the drain's.
- The answers show which of the two ways a server takes; it is remembered until it stops working.
- The only importer of influxdb_client. The token never leaves in a text.
"""

import logging
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, Self

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.service.write_service import WriteService

from uploader.server.answers import Answer, is_influx_json, outcome_of
from uploader.server.network_errors import unreachable
from uploader.server.outcomes import Misconfigured, Outcome, Sent, Unreachable
from uploader.server.target import Target
from uploader.server.transport import Transport

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
AT_ONCE = 500

# Both log at WARNING what is an outcome to us, the second with the address; and urllib3 at DEBUG every connection.
for _noisy in ("urllib3", "influxdb_client"):
    logging.getLogger(_noisy).setLevel(logging.ERROR)


class Memory(Protocol):
    """Keeps which server has named its version, over restarts too: Progress."""

    def named_server(self) -> str | None: ...

    def note_named_server(self, server: str) -> None: ...


class Influx:
    """A kept connection to the server. `bytes_on_wire`: what it carried so far, see Transport."""

    def __init__(
        self,
        target: Target,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        memory: Memory | None = None,
    ) -> None:
        self.target = target
        self._now = now
        self._memory = memory
        self._named = memory.named_server() if memory else None
        # Hardly any of its code is typed. The token comes with each request, as the two ways want it differently.
        self._client: Any = InfluxDBClient(target.url, token="", org=target.org)
        self._api: Any = self._client.api_client
        self._writes: Any = WriteService(self._api)  # type: ignore[no-untyped-call]
        self._transport = Transport(target, connect_seconds, read_seconds)
        self._api.rest_client = self._transport  # type: ignore[assignment]
        self._is_version_1 = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    @property
    def bytes_on_wire(self) -> int:
        return self._transport.bytes_on_wire

    def write(self, lines: Sequence[str]) -> Outcome:
        """Write lines of line protocol with times in milliseconds. Never raises for what server or network do."""
        body = compressed(lines)
        try:
            answer = self._write_1(body) if self._is_version_1 else self._write_2(body)
            if not self._is_version_1 and self._has_no_v2(answer):
                self._is_version_1 = True
                answer = self._write_1(body)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._transport.pool_manager.clear()
            return unreachable(error, self.target)
        outcome = outcome_of(self.target.clean(answer), self._now())
        if isinstance(outcome, Sent):
            return self._believed(answer)
        if self._is_version_1 and isinstance(outcome, Misconfigured):
            self._is_version_1 = False  # it may have been replaced by a newer one: ask again next time
            if outcome.status in {401, 403} and not outcome.may_be_content:
                return Misconfigured(
                    outcome.reason, f"{outcome.remedy}; for InfluxDB 1.x it is user:password", outcome.status
                )
        return outcome

    def _believed(self, answer: Answer) -> Outcome:
        server = f"{self.target.shown_url} {self.target.org} {self.target.bucket}"
        if not answer.headers.get("x-influxdb-version"):
            if self._named != server:
                return Sent()
            return Unreachable(
                "something answers 204 instead of the server: InfluxDB named its version before, this does not "
                "(if you replaced the server with another kind, use a new INFLUXDB_BUCKET)"
            )
        if self._named != server:
            self._named = server
            if self._memory:
                self._memory.note_named_server(server)
        return Sent()

    def _write_2(self, body: bytes) -> Answer:
        self._authorize(self.target.token_header)
        self._writes.post_write_with_http_info(
            org=self.target.org,
            bucket=self.target.bucket,
            body=body,
            precision="ms",
            content_encoding="gzip",
            _return_http_data_only=False,
        )
        return self._last_answer()

    def _write_1(self, body: bytes) -> Answer:
        self._authorize(self.target.basic_header)
        query = [("db", self.target.database), ("rp", self.target.policy), ("precision", "ms")]
        self._api.call_api(
            "/write",
            "POST",
            query_params=[(name, value) for name, value in query if value],
            header_params={"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"},
            body=body,
        )
        return self._last_answer()

    def _has_no_v2(self, answer: Answer) -> bool:
        """Whether this is how a server before 1.8 answers /api/v2/write; asks its /ping to be sure."""
        if answer.status != 404 or is_influx_json(answer):
            return False
        self._authorize(None)
        self._api.call_api("/ping", "GET")
        ping = self._last_answer()
        return ping.status in {200, 204} and ping.headers.get("x-influxdb-version", "").lstrip("v").startswith("1.")

    def _authorize(self, header: str | None) -> None:
        headers: dict[str, Any] = self._api.default_headers
        if header is None:
            headers.pop("Authorization", None)
        else:
            headers["Authorization"] = header

    def _last_answer(self) -> Answer:
        answer: Answer = self._api.last_response.answer
        return answer


def compressed(lines: Sequence[str]) -> bytes:
    """The lines as gzip. The strategy for short matches makes them a few per cent smaller than gzip 6 does, in the same
    time; gzip 9 makes them 2 per cent smaller still, in twice the time."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_FILTERED)
    parts = []
    for start in range(0, len(lines), AT_ONCE):  # the whole text of a large request would be megabytes, twice
        text = "\n".join(lines[start : start + AT_ONCE])
        parts.append(packer.compress((f"\n{text}" if start else text).encode()))
    return b"".join([*parts, packer.flush()])
