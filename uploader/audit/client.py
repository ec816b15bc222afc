"""Client: asks the server what it has stored, in the server's query language.

    how long are points kept? ── POST /api/v2/query ── CSV ─────────────────────── Flux       (2.x, Cloud)
                                        │ X-Influxdb-Version of the answer or of /ping is 1. or 3.
                                        ├── POST /query ── JSON ────────────────── InfluxQL   (1.x, 3.x)
                                        │ any other answer
                                        └── POST /api/v1/query ── JSON ─────────── MetricsQL  (VictoriaMetrics)

Rules:
- Only a complete answer in the right format counts: a login page or an incomplete answer would look like a loss.
- After a network failure it tries twice more.
"""

import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from journal.errors import UploadError
from uploader.audit.flux import Flux
from uploader.audit.influxql import InfluxQL
from uploader.audit.metricsql import MetricsQL
from uploader.audit.query import Found, Hours, Points, QueryFailed, Request, Total, Value, add_to
from uploader.server.answers import Answer, is_influx, outcome_of, words_of
from uploader.server.outcomes import Unreachable
from uploader.server.target import Target
from uploader.server.transport import Transport

FARTHEST_MS = 2**63 // 1_000_000

# The beginning of their version. Flux may be switched off in 1.8.
SPEAK_INFLUXQL = ("1.", "3.")
# What InfluxDB 2.7.12 says where it has numbers of a field for one week, and text or true/false of it for another.
OF_ANOTHER_TYPE = re.compile(r"unsupported (for|input type for \w+) aggregate")
MAY_READ = "give one in INFLUXDB_TOKEN that may read INFLUXDB_BUCKET (InfluxDB 1.x: user:password)"
REMEDIES = {
    401: MAY_READ,
    403: MAY_READ,
    404: "check INFLUXDB_BUCKET and INFLUXDB_ORG, and that the token may read: one that may only write cannot",
}
UNKNOWN = "the server understands neither Flux nor InfluxQL nor MetricsQL"

Language = Flux | InfluxQL | MetricsQL
_T = TypeVar("_T")


class Client(Transport):
    """A connection for queries. Every query raises UploadError if the server gives no usable answer."""

    def __init__(
        self,
        target: Target,
        *,
        connect_seconds: float = 10.0,
        read_seconds: float = 120.0,
        first_wait_seconds: float = 1.0,
        answer_limit_bytes: int = 32 * 1024 * 1024,
    ) -> None:
        super().__init__(target, connect_seconds, read_seconds, answer_limit_bytes)
        self._first_wait_seconds = first_wait_seconds

    def totals(self, points: Points, totals: Collection[Total]) -> Hours:
        """These totals of the points of each hour."""
        hours: Hours = {}
        for time_ms, total, value in self._found(points, totals):
            add_to(hours, time_ms, total, float(value))
        return hours

    def samples(self, points: Points, names: Iterable[str]) -> list[tuple[int, str, Value]]:
        """Every value that the points have of these fields: time in milliseconds, field, value."""
        totals = [Total("value", name) for name in names]
        return [(time_ms, total.field, value) for time_ms, total, value in self._found(points, totals)]

    def retention_seconds(self) -> int | None:
        """How long the server keeps points: 0 for ever, None if it does not say."""
        return self._recognised[1]

    @property
    def is_exact(self) -> bool:
        """Whether the server has each value, texts too, exactly as it was sent last."""
        return self._recognised[0].is_exact

    def _found(self, points: Points, totals: Collection[Total]) -> list[Found]:
        """What the server has in the part of the period in which InfluxDB can have points: it counts nanoseconds since
        1970 in 64 bits."""
        since_ms, until_ms = max(points.since_ms, -FARTHEST_MS), min(points.until_ms, FARTHEST_MS)
        if since_ms >= until_ms or not totals:
            return []
        points = replace(points, since_ms=since_ms, until_ms=until_ms)
        asked: dict[tuple[str, str | None], list[str]] = {}
        for function, name, text in totals:
            asked.setdefault((function, text), []).append(name)
        language = self._recognised[0]
        answer = self._ask(language.request(points, asked))
        return self._understood(language, answer, lambda body: [*language.read(points, body)])

    @cached_property
    def _recognised(self) -> tuple[Language, int | None]:
        """The server's query language, and how long it keeps points."""
        answers = []
        for language in (Flux(self.target), InfluxQL(self.target), MetricsQL(self.target)):
            answers.append(answer := self._ask(language.retention()))
            if self._may_speak(language, answer):
                if answer.status in language.cannot_say and not self._lacks_org(answer):
                    return language, None
                with suppress(StrangeAnswer):
                    return language, self._understood(language, answer, language.read_retention)
        raise self._cannot(f"{UNKNOWN} ({answers[0].status}: {words_of(answers[0])})", "check INFLUXDB_URL")

    def _may_speak(self, language: Language, answer: Answer) -> bool:
        """Whether a server that answers so when it is asked for its retention may speak the language."""
        if isinstance(language, InfluxQL):
            version = answer.version or self._ask(Request(f"{self.target.base_url}/ping")).version
            return version.startswith(SPEAK_INFLUXQL)
        if isinstance(language, Flux) and (answer.version or is_influx(answer)):
            return not answer.version.startswith(SPEAK_INFLUXQL)
        return answer.status in {200, 401, 403}

    def _understood(self, language: Language, answer: Answer, read: Callable[[bytes], _T]) -> _T:
        """What a language reads in an answer. Raises UploadError for an answer that is none, and says why."""
        if answer.status == 200 and language.answers_in in answer.headers.get("content-type", ""):
            try:
                return read(answer.body)
            except QueryFailed as error:
                words = self.target.without_secrets(" ".join(str(error).split()))
                raise self._cannot(f"the server says: {words}", "check INFLUXDB_BUCKET and INFLUXDB_ORG") from error
            except (LookupError, TypeError, AttributeError, ValueError) as error:
                words = f"{UNKNOWN} ({self.target.without_secrets(str(error))})"
                raise self._cannot(words, "check INFLUXDB_URL", StrangeAnswer) from error
        if self._lacks_org(answer):
            raise self._cannot(f"organisation {self.target.org} not found", "check INFLUXDB_ORG")
        unexplained = f"the server does not answer the query ({answer.status}: {words_of(answer)})"
        reason = getattr(outcome_of(answer), "reason", unexplained)
        raise self._cannot(reason, REMEDIES.get(answer.status, "try later"))

    def _ask(self, request: Request) -> Answer:
        """The answer. After a failure that may soon be over, it asks again."""
        attempts = Retrying(
            stop=stop_after_attempt(3),
            wait=wait_random_exponential(self._first_wait_seconds, max=10 * self._first_wait_seconds),
            retry=retry_if_exception_type(UploadError),
            reraise=True,
        )
        return attempts(self._ask_once, request)

    def _ask_once(self, request: Request) -> Answer:
        """The answer. Raises UploadError for a failure that may soon be over."""
        headers = {
            "Content-Type": request.content_type,
            "Accept": "*/*",
            "Accept-Encoding": "gzip",
            "Authorization": request.authorization,
        }
        answer = self.ask("POST" if request.body else "GET", request.url, headers, request.body)
        if isinstance(answer, Unreachable):
            raise self._cannot(answer.reason, "try again later")
        if not answer.is_whole:
            raise self._cannot("the answer was too long or too slow", "try again later")
        is_its_answer = answer.status < 400 or (answer.status == 500 and is_influx(answer))
        if not is_its_answer and isinstance(outcome := outcome_of(answer), Unreachable):
            raise self._cannot(outcome.reason, "try again later")
        return answer

    def _lacks_org(self, answer: Answer) -> bool:
        """Whether the organisation does not exist. InfluxDB 2.x says so with 400 to a query, with 404 to a write."""
        return answer.status in {400, 404} and re.search(r"organi[sz]ation.* not found", words_of(answer)) is not None

    def _cannot(self, cause: str, remedy: str, kind: type[UploadError] = UploadError) -> UploadError:
        if OF_ANOTHER_TYPE.search(cause):
            cause = f"it holds a field as text that is a number here ({cause})"
            remedy = "`solar dead-letters list` names it"
        return kind(f"cannot audit {self.target.base_url}: {cause}; {remedy}")


class StrangeAnswer(UploadError):
    """The answer does not have the form of the language."""
