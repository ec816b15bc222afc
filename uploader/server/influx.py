"""Influx: one write to InfluxDB, and its outcome (outcomes.py).

    write ── POST /api/v2/write ── 204 ───────────────────────────────── Sent
                    │ 404, not in 2.x's words, and /ping says 1.x
                    └── POST /write?db=&rp= (Basic) ── 204 ───────────── Sent

Rules:
- Only exactly 204 is success. No redirect is followed.
- Once a server has named its version, a 204 without one does not count: it may come from a login page.
- Nothing is retried here, neither by us nor by urllib3: the drain does that.
- The answers show which of the two ways works; it is used until it stops working.
- influxdb-client is not used: importing it takes 25 MB of memory, for as long as the uploader runs, to make one POST.
"""

import logging
import zlib
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from uploader.server.answers import Answer, is_influx, outcome_of
from uploader.server.outcomes import Misconfigured, Outcome, Sent, Unreachable
from uploader.server.target import Target
from uploader.server.transport import Transport

# It logs our outcomes at WARNING, and every connection at DEBUG.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class Influx(Transport):
    """A connection for writing, which stays open. `named_server`: the last that has named its version, perhaps before a
    restart; `note_named_server` is told about another."""

    def __init__(
        self,
        target: Target,
        *,
        connect_seconds: float = 10.0,
        read_seconds: float = 30.0,
        named_server: str | None = None,
        note_named_server: Callable[[str], None] = lambda server: None,
    ) -> None:
        super().__init__(target, connect_seconds, read_seconds)
        self._named_server = named_server
        self._note_named_server = note_named_server
        self._is_version_1 = False

    def write(self, lines: Sequence[str]) -> Outcome:
        """Write lines with times in milliseconds. Never raises because of the server or the network."""
        body = compressed(lines)
        answer = self._post(body)
        if not self._is_version_1 and self._has_no_v2(answer):
            self._is_version_1 = True
            answer = self._post(body)
        if isinstance(answer, Unreachable):
            return answer
        outcome = outcome_of(answer)
        if isinstance(outcome, Sent):
            return self._believed(answer)
        if isinstance(outcome, Misconfigured) and outcome.status != 413:
            self._is_version_1 = False  # it may have been replaced by a newer one: ask again next time
        return outcome

    def _believed(self, answer: Answer) -> Outcome:
        server = f"{self.target.base_url} {self.target.org} {self.target.bucket}"
        if self._named_server == server and not answer.version:
            return Unreachable(
                "something answers 204 instead of the server: InfluxDB named its version before, this answer does not "
                "(if you replaced the server with another kind, use a new INFLUXDB_BUCKET)"
            )
        if self._named_server != server and answer.version:
            self._named_server = server
            self._note_named_server(server)
        return Sent()

    def _post(self, body: bytes) -> Answer | Unreachable:
        target = self.target
        if self._is_version_1:
            path, authorization = "/write", target.basic_header
            query = {"db": target.database, "rp": target.policy}
        else:
            path, authorization = "/api/v2/write", target.token_header
            query = {"org": target.org, "bucket": target.bucket}
        url = f"{target.base_url}{path}?{urlencode(query | {'precision': 'ms'})}"
        # No Content-Type: servers assume text, and each byte counts.
        return self.ask("POST", url, {"Content-Encoding": "gzip", "Authorization": authorization}, body)

    def _has_no_v2(self, answer: Answer | Unreachable) -> bool:
        """Whether this is how a server before 1.8 answers /api/v2/write; asks its /ping to be sure."""
        if isinstance(answer, Unreachable) or answer.status != 404 or is_influx(answer):
            return False
        ping = self.ask("GET", f"{self.target.base_url}/ping")
        return isinstance(ping, Answer) and ping.status in {200, 204} and ping.version.startswith("1.")


def compressed(lines: Sequence[str]) -> bytes:
    """The lines as gzip, smaller than gzip 9 makes them, in a third more than gzip 6's time: it searches almost as
    thoroughly as 9, but only 16 kB, two dozen readings, and short repetitions (of 5 bytes at most) do not count."""
    gzip, window_bits = 16, 14
    packer = zlib.compressobj(8, zlib.DEFLATED, gzip + window_bits, 6, zlib.Z_FILTERED)
    # A hundred at once: the whole text of a large request would be megabytes, twice.
    hundreds = ("\n".join(lines[start : start + 100]) for start in range(0, len(lines), 100))
    parts = [packer.compress((f"\n{text}" if number else text).encode()) for number, text in enumerate(hundreds)]
    return b"".join([*parts, packer.flush()])
