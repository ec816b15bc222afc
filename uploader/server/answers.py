"""An HTTP answer to a write, sorted into an outcome. Pure.

`outcome_of` checks the cases in order. Only InfluxDB itself can refuse a reading; a proxy or another server that
answers 400 knows nothing about readings.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from uploader.server.outcomes import Expired, Misconfigured, Outcome, Rejected, Sent, Unreachable

RETRY_AFTER_CAP_SECONDS = 900.0
WORDS_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP. `is_whole`: the body was read to its end. `clean` removes secrets from what it says."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True
    clean: Callable[[str], str] = str

    @property
    def version(self) -> str:
        """The version that InfluxDB names, without its v; empty if it does not."""
        return self.headers.get("x-influxdb-version", "").removeprefix("v")

    @property
    def is_html(self) -> bool:
        start = self.body[:200].lstrip().lower()
        return "html" in self.headers.get("content-type", "").lower() or start.startswith((b"<!doctype html", b"<html"))


# A plan's limits (docs.influxdata.com/influxdb3/cloud-serverless/admin/billing/limits), and two settings of 1.x.
_USED_UP = re.compile(r"\bquota\b|plan limit|service limit|max-series-per-database|max-values-per-tag", re.IGNORECASE)
_MISSING = re.compile(
    r"(retention policy|database|bucket|org(anization)?) (name .{0,80})?(is required|(was )?not found)"
)
_EXPIRED = re.compile(r"beyond retention|outside retention policy")
# These quote records and names, and "quota" may be a part of one.
_QUOTING = re.compile(f"{_MISSING.pattern}|{_EXPIRED.pattern}|unable to parse|field type conflict")
# The body was damaged on the way. This says nothing about the readings in it.
_DAMAGED = re.compile(
    r"(?i)unexpected EOF|(^|: )gzip:|invalid header|i/o timeout|context (canceled|deadline)|connection reset"
)


def outcome_of(answer: Answer) -> Outcome:
    """What follows from an answer to a write. Its words have no secrets in them."""
    status, is_html = answer.status, answer.is_html
    if status == 204:
        return Sent()
    text = _text(answer)
    words = _shortened(text)
    said = f"{status}: {words}"
    if status < 400 or status == 511:
        location = answer.clean(answer.headers.get("location", ""))
        led = f", redirects to {location[:100]}" if location else ""
        what = f"something else answers instead of the server ({status}{led}: {words})"
        return Unreachable(f"{what}, perhaps the network provider's login page", status=status)
    found = re.search(r"dropped=(\d+)", text)  # 2.7.12 and later, and 1.12, say it after some 450 characters
    dropped = int(found[1]) if found else None
    is_quoting = _QUOTING.search(text) is not None
    is_used_up = _USED_UP.search(text) and not (is_html or is_quoting or status == 404)
    if is_used_up or status in {429, 503}:
        what = "a quota or limit of the server is used up" if is_used_up else "the server is busy"
        asked = _retry_after(answer)
        may_be_content = status != 429 and asked is None
        return Unreachable(f"{what} ({said})", False, asked, may_be_content, status, dropped)
    is_verdict = status in {400, 422, 500} and is_influx(answer)  # 1.x and 2.0 refuse with 500, too
    if status in {404, 405, 410} or (is_verdict and _MISSING.search(text)):
        remedy = "check INFLUXDB_BUCKET and INFLUXDB_ORG, or create the bucket (InfluxDB 1.x: the database)"
        if is_html or status in {405, 410}:
            remedy = "check INFLUXDB_URL: the server at that address cannot store readings"
        return Misconfigured(f"the server cannot find the bucket ({said})", remedy, status)
    if status == 401 or (status == 403 and not is_html):
        remedy = "check INFLUXDB_TOKEN (InfluxDB 1.x: user:password), and that it may write to INFLUXDB_BUCKET"
        return Misconfigured(f"the server refuses the token ({said})", remedy, status)
    is_damaged = _DAMAGED.search(text) is not None
    if is_verdict and (is_quoting or "partial write" in text or not (is_damaged or status == 500)):
        if _EXPIRED.search(text) and "Upper Bound" not in text:
            keeps = re.search(r"retention policy of duration (\w+)", text)
            return Expired(words, status, dropped, keeps[1] if keeps else None, _lower_bound_ms(text))
        return Rejected(words, status, dropped)
    if status == 413 and is_influx(answer):
        return Rejected(words, status)
    if status == 413:
        reason = f"the request is too large for the server or a proxy ({said})"
        return Misconfigured(reason, "allow larger requests there (nginx: client_max_body_size)", status, True)
    if status in {400, 403, 422} and not is_verdict:
        remedy = "check INFLUXDB_URL (http or https, the port) and the proxies on the way; the token may be right"
        return Misconfigured(f"something other than InfluxDB refuses the request ({said})", remedy, status, True)
    what = "the server or a proxy has a problem"
    if is_html:
        what = "a proxy or login page answers, not InfluxDB"
    elif is_verdict:
        what = "the server reports an internal error" if status == 500 else "the request arrived damaged"
    is_strained = is_damaged or status in {408, 502, 504} or (status == 500 and "timeout" in text)
    return Unreachable(f"{what} ({said})", is_strained, None, True, status)


def _lower_bound_ms(text: str) -> int | None:
    """The moment before which the server keeps nothing, if it says so."""
    if found := re.search(r"Lower Bound at (\S+Z)", text):
        with suppress(ValueError):
            return int(datetime.fromisoformat(found[1]).timestamp()) * 1000
    return None


def _retry_after(answer: Answer) -> float | None:
    """Seconds, from a number or a date; a date counts from the server's own Date, because our clock may be wrong."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
            seconds = float(text)
        else:
            seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(answer.headers["date"])).total_seconds()
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_SECONDS)


def is_influx(answer: Answer) -> bool:
    """Whether InfluxDB itself says what is wrong: 2.x with a `code`, 1.x and 3.x with an `error` or in a header."""
    match json_of(answer):
        case {"code": str()} | {"error": str()}:
            return True
    return bool(answer.headers.get("x-influxdb-error"))


def words_of(answer: Answer) -> str:
    """What the server said, on one line and not too long: a JSON error's message, a page's title, or the text."""
    return _shortened(_text(answer))


def _shortened(text: str) -> str:
    return text if len(text) <= WORDS_LIMIT else text[: WORDS_LIMIT - 2] + " …"


def _text(answer: Answer) -> str:
    match json_of(answer):
        case {"error": str(said), "data": [{"error_message": str(detail)}, *_]}:
            text = f"{said}: {detail}"
        case {"message": str(said)} | {"error": str(said)}:
            text = said
        case _:
            text = answer.body[:60_000].decode("utf-8", "replace")
    text = answer.clean(text)[:20_000]  # not the other way round: half a secret would be left
    if answer.is_html:
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.DOTALL | re.IGNORECASE)
        text = html.unescape(re.sub(r"<[^>]*>", " ", title[2] if title else text))
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text or answer.clean(answer.headers.get("x-influxdb-error", "")) or "no message"


def json_of(answer: Answer) -> dict[str, object]:
    """The JSON object in the answer; empty if there is none."""
    with suppress(ValueError, RecursionError):
        if isinstance(parsed := json.loads(answer.body), dict):
            return parsed
    return {}
