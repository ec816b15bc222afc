"""Query: asks the server what it has, in Flux or in InfluxQL, whichever it speaks.

    how long are points kept? ── POST /api/v2/query ── CSV ─────────────────────── Flux      (2.x, Cloud)
                                        │ X-Influxdb-Version of the answer or of /ping is 1. or 3.
                                        └── POST /query ── JSON ────────────────── InfluxQL  (1.x, 3.x)
                                                            │ another answer
                                                            └───────────────────── cannot be asked (VictoriaMetrics)

Rules:
- Nothing but a whole answer of the right kind counts: a login page or a cut answer would look like a loss.
- A network failure is tried again twice, after a moment.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from json import JSONDecodeError
from types import TracebackType
from typing import Self, TypeVar

import urllib3
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from journal.errors import UploadError
from uploader.answer import Answer, is_influx_json, outcome_of, words_of
from uploader.flux import Flux
from uploader.influxql import InfluxQL
from uploader.network_error import unreachable
from uploader.outcome import Unreachable
from uploader.question import Counts, Dialect, Question, Request, StrangeAnswer
from uploader.target import Target
from uploader.transport import Transport

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
ANSWER_LIMIT_BYTES = 32 * 1024 * 1024
TRIES = 3
FARTHEST_MS = 2**63 // 1_000_000

# The beginning of X-Influxdb-Version. 1.8 may speak Flux too, but need not.
SPEAK_INFLUXQL = ("1.", "3.")
NOT_INFLUXDB = "what answers there cannot be asked as InfluxDB can, in Flux or InfluxQL"
VICTORIA = "VictoriaMetrics, for one, takes readings but cannot be audited"

_T = TypeVar("_T")


class _Passing(Exception):
    """May be over in a moment; its text says why nothing was learnt."""


class Query:
    """A kept connection for questions. All of them raise UploadError when the server cannot be asked."""

    def __init__(
        self,
        target: Target,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        first_wait_seconds: float = 1.0,
        answer_limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> None:
        self.target = target
        self._transport = Transport(target, connect_seconds, read_seconds, answer_limit_bytes)
        self._first_wait_seconds = first_wait_seconds
        self._dialect: Dialect | None = None
        self._retention_seconds: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.pool_manager.clear()

    def counts(self, question: Question) -> Counts:
        """How many points each hour has, by field."""
        dialect, question = self._recognised(), _storable(question)
        if question.since_ms >= question.until_ms:
            return {}
        return self._read(dialect, dialect.counts(question), dialect.read_counts)

    def times(self, question: Question) -> set[int]:
        """The times of the points, in milliseconds."""
        dialect, question = self._recognised(), _storable(question)
        if question.since_ms >= question.until_ms:
            return set()
        return self._read(dialect, dialect.times(question), dialect.read_times)

    def retention_seconds(self) -> int | None:
        """For how long the server keeps points; None: for ever, or it does not tell."""
        self._recognised()
        return self._retention_seconds

    def _recognised(self) -> Dialect:
        if self._dialect is None:
            self._dialect, self._retention_seconds = self._recognise()
        return self._dialect

    def _recognise(self) -> tuple[Dialect, int | None]:
        flux, influxql = Flux(self.target), InfluxQL(self.target)
        answer = self._ask(flux.retention())
        version = _version(answer)
        if version not in SPEAK_INFLUXQL and (answer.status in {200, 401, 403} or is_influx_json(answer)):
            if answer.status in {400, 422, 500}:
                return flux, None  # its Flux does not tell of buckets
            return flux, self._understood(flux, answer, flux.read_retention)
        if (version or _version(self._ping())) in SPEAK_INFLUXQL:
            answer = self._ask(influxql.retention())
            if answer.status in {400, 405, 501}:
                return influxql, None
            return influxql, self._understood(influxql, answer, influxql.read_retention)
        raise self._cannot(f"{NOT_INFLUXDB} ({answer.status}: {self._words_of(answer)})", VICTORIA)

    def _read(self, dialect: Dialect, request: Request, read: Callable[[bytes], _T]) -> _T:
        return self._understood(dialect, self._ask(request), read)

    def _understood(self, dialect: Dialect, answer: Answer, read: Callable[[bytes], _T]) -> _T:
        if answer.status == 200 and dialect.answers_in in answer.headers.get("content-type", ""):
            try:
                return read(answer.body)
            except (StrangeAnswer, LookupError, TypeError, AttributeError, JSONDecodeError) as error:
                raise self._cannot(f"{NOT_INFLUXDB} ({self.target.without_secrets(str(error))})", VICTORIA) from error
            except ValueError as error:
                words = self.target.without_secrets(" ".join(str(error).split()))
                raise self._cannot(f"the server says: {words}", "check INFLUXDB_BUCKET and INFLUXDB_ORG") from error
        words = self._words_of(answer)
        if answer.status in {401, 403}:
            raise self._cannot(
                f"the server refuses the token ({answer.status}: {words})",
                "give one in INFLUXDB_TOKEN that may read INFLUXDB_BUCKET (InfluxDB 1.x: user:password)",
            )
        if answer.status == 404:
            raise self._cannot(
                f"the server does not find where to read (404: {words})",
                "check INFLUXDB_BUCKET and INFLUXDB_ORG, and that the token may read: one that may only write cannot",
            )
        if answer.status < 400:
            raise self._cannot(
                f"something between here and the server answers in its place ({answer.status}: {words})", "try later"
            )
        raise self._cannot(f"the server does not answer the question ({answer.status}: {words})", "try later")

    def _ask(self, request: Request) -> Answer:
        """The answer, whatever it is but one that may pass: that is asked for again."""
        attempts = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(self._first_wait_seconds, max=10 * self._first_wait_seconds),
            retry=retry_if_exception_type(_Passing),
            reraise=True,
        )
        try:
            return attempts(self._ask_once, request)
        except _Passing as error:
            raise self._cannot(str(error), "try again when it is there") from error

    def _ask_once(self, request: Request) -> Answer:
        headers = {"Content-Type": request.content_type, "Accept": "*/*", "Accept-Encoding": "gzip"}
        if request.authorization:
            headers["Authorization"] = request.authorization
        try:
            url = self._url(request.path)
            reply = self._transport.POST(url, query_params=request.params, headers=headers, body=request.body)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self._transport.pool_manager.clear()
            raise _Passing(self._network_words(error)) from error
        answer: Answer = reply.answer
        if not answer.is_whole:
            raise _Passing("the answer was too long, or took too long")
        if answer.status >= 400:
            outcome = outcome_of(self.target.clean(answer), datetime.now(UTC))
            is_its_answer = answer.status == 500 and is_influx_json(answer)
            if isinstance(outcome, Unreachable) and not is_its_answer:
                raise _Passing(outcome.reason)
        return answer

    def _ping(self) -> Answer:
        try:
            return self._transport.GET(self._url("/ping"), headers={}).answer
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._cannot(self._network_words(error), "try again when it is there") from error

    def _url(self, path: str) -> str:
        return self.target.url.rstrip("/") + path

    def _network_words(self, error: Exception) -> str:
        return unreachable(error, self.target).reason

    def _words_of(self, answer: Answer) -> str:
        return words_of(self.target.clean(answer))

    def _cannot(self, cause: str, remedy: str) -> UploadError:
        return UploadError(f"cannot audit {self.target.shown_url}: {cause}; {remedy}")


def _storable(question: Question) -> Question:
    """The part of it in which InfluxDB can have points at all: it counts nanoseconds since 1970 in 64 bits."""
    return question.between(max(question.since_ms, -FARTHEST_MS), min(question.until_ms, FARTHEST_MS))


def _version(answer: Answer) -> str:
    """Such as "1." or "2."; empty where the answer does not say."""
    return answer.headers.get("x-influxdb-version", "").lstrip("v")[:2]
