"""An HTTP answer to a write, sorted into an outcome. Pure.

`outcome_of` checks the cases in order. Only InfluxDB itself can refuse a reading; a proxy or another server that
answers 400 knows nothing about readings.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

from uploader.server.outcomes import Expired, Misconfigured, Outcome, Rejected, Sent, TooLarge, Unreachable

RETRY_AFTER_CAP_SECONDS = 900.0
WORDS_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP. Header names are in lower case. `is_whole`: the body was read to its end. `clean`:
    removes secrets from whatever is shown of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True
    clean: Callable[[str], str] = str

    @property
    def version(self) -> str:
        """The version that InfluxDB names, without its v; empty if it does not."""
        return self.headers.get("x-influxdb-version", "").removeprefix("v")


# InfluxDB 1.x and 2.0 send these with status 400, 422 or 500.
_REFUSAL = re.compile(r"partial write|beyond retention|field type conflict|unable to parse")
# A plan's limits (docs.influxdata.com/influxdb3/cloud-serverless/admin/billing/limits), and two settings of 1.x.
_USED_UP = re.compile(r"\bquota\b|plan limit|service limit|max-series-per-database|max-values-per-tag", re.IGNORECASE)
_MISSING = re.compile(
    r"(retention policy|database|bucket|organization|org) (name .{0,80})?(is required|(was )?not found)"
)
# InfluxDB 2.7.12 and later, and 1.12, describe the oldest and the newest point at length before they say dropped=N.
_EXPIRED = re.compile(r"beyond retention|outside retention policy")
# These quote records, and "quota" may be a part of one; a 404 quotes a bucket.
_OF_RECORDS = re.compile(f"{_MISSING.pattern}|{_EXPIRED.pattern}|unable to parse|field type conflict")
# The body was damaged on the way. This says nothing about the readings in it.
_DAMAGED = re.compile(
    r"unexpected EOF|^gzip:|: gzip:|invalid header|i/o timeout|context (canceled|deadline)|connection reset",
    re.IGNORECASE,
)


def outcome_of(answer: Answer) -> Outcome:
    """What follows from an answer to a write. Its words have no secrets in them."""
    status, text = answer.status, _text_of(answer)
    words = _shortened(text)
    said = f"{status}: {words}"
    if status == 204:
        return Sent()
    if status < 400 or status == 511:
        location = answer.clean(answer.headers.get("location", ""))
        led = f", redirects to {location[:100]}" if location else ""
        what = f"something else answers instead of the server ({status}{led}: {words})"
        return Unreachable(f"{what}, perhaps the network provider's login page", status=status)
    is_used_up = _USED_UP.search(text) and not (is_html(answer) or status == 404 or _OF_RECORDS.search(text))
    if status in {429, 503} or is_used_up:
        what = "a quota or limit of the server is used up" if is_used_up else "the server is busy"
        asked = _retry_after(answer)
        may_be_content = status != 429 and asked is None
        return Unreachable(f"{what} ({said})", False, asked, may_be_content, status, dropped=_dropped(text))
    if status == 413:
        return TooLarge(words, is_influx=is_influx(answer))
    if status == 403 and is_html(answer):
        return Misconfigured(
            f"a proxy or login page refuses the request, not InfluxDB ({said})",
            "check INFLUXDB_URL and the proxies on the way; the token may be right",
            status,
            may_be_content=True,
        )
    if status in {401, 403}:
        remedy = "check INFLUXDB_TOKEN, and that it may write to INFLUXDB_BUCKET"
        return Misconfigured(f"the server refuses the token ({said})", remedy, status)
    if status in {404, 405, 410}:
        return _missing(answer, said)
    if is_influx(answer) and status in {400, 422, 500}:
        return _judged(answer, text)
    if status in {400, 422}:
        return Misconfigured(
            f"the answer is not from InfluxDB ({said})",
            "check INFLUXDB_URL (http or https, the port) and proxies on the way",
            status,
            may_be_content=True,
        )
    who = "a proxy or login page answers, not InfluxDB" if is_html(answer) else "the server or a proxy has a problem"
    is_strained = status in {408, 502, 504}
    return Unreachable(f"{who} ({said})", is_strained, None, True, status)


def _judged(answer: Answer, text: str) -> Outcome:
    """What InfluxDB itself says with 400, 422 or 500."""
    status, words = answer.status, _shortened(text)
    said = f"{status}: {words}"
    if _MISSING.search(text):
        return _missing(answer, said)
    if status == 500 and not _REFUSAL.search(text):
        is_strained = "timeout" in text
        return Unreachable(f"the server reports an internal error ({said})", is_strained, None, True, status)
    if status == 400 and _DAMAGED.search(text) and not _REFUSAL.search(text):
        return Unreachable(f"the request arrived damaged ({said})", True, None, True, status)
    dropped = _dropped(text)
    if _EXPIRED.search(text) and "Upper Bound" not in text:
        keeps = re.search(r"retention policy of duration (\w+)", text)
        return Expired(words, status, dropped, keeps[1] if keeps else None, _lower_bound_ms(text))
    return Rejected(words, status, dropped)


def _dropped(text: str) -> int | None:
    """How many points were not stored, if the server says so."""
    found = re.search(r"dropped=(\d+)", text)
    return int(found[1]) if found else None


def _lower_bound_ms(text: str) -> int | None:
    """The moment before which the server keeps nothing, if it says so."""
    found = re.search(r"Lower Bound at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)[.\d]*Z", text)
    try:
        return int(datetime.fromisoformat(f"{found[1]}+00:00").timestamp()) * 1000 if found else None
    except ValueError:
        return None


def _missing(answer: Answer, said: str) -> Misconfigured:
    if answer.status in {405, 410} or is_html(answer):
        remedy = "check INFLUXDB_URL: the server at that address cannot store readings"
    else:
        remedy = (
            "check INFLUXDB_BUCKET and INFLUXDB_ORG, or create the bucket (InfluxDB 1.x: the database) on the server"
        )
    return Misconfigured(f"the server cannot find the bucket ({said})", remedy, answer.status)


def _retry_after(answer: Answer) -> float | None:
    """Seconds, from a number or a date; a date counts from the server's own Date, because our clock may be wrong."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return min(float(text), RETRY_AFTER_CAP_SECONDS)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), RETRY_AFTER_CAP_SECONDS)


def is_html(answer: Answer) -> bool:
    start = answer.body[:200].lstrip().lower()
    return "html" in answer.headers.get("content-type", "").lower() or start.startswith((b"<!doctype html", b"<html"))


def is_influx(answer: Answer) -> bool:
    """Whether InfluxDB itself says what is wrong: 2.x with a `code`, 1.x and 3.x with an `error` or in a header."""
    parsed = json_of(answer)
    is_worded = isinstance(parsed.get("code"), str) or isinstance(parsed.get("error"), str)
    return is_worded or bool(answer.headers.get("x-influxdb-error"))


def words_of(answer: Answer) -> str:
    """What the server said, on one line and not too long: a JSON error's message, a page's title, or the text."""
    return _shortened(_text_of(answer))


def _shortened(text: str) -> str:
    text = text or "no message"
    return text if len(text) <= WORDS_LIMIT else text[: WORDS_LIMIT - 2] + " …"


def _text_of(answer: Answer) -> str:
    text = answer.body[:60_000].decode("utf-8", "replace")
    if is_html(answer):
        text = answer.clean(text)[:20_000]  # not the other way round: half a secret would be left
        title = re.search(r"<(title|h1)[^>]*>(.*?)</\1>", text, re.DOTALL | re.IGNORECASE)
        text = html.unescape(re.sub(r"<[^>]*>", " ", title[2] if title else text))
    else:
        parsed = json_of(answer)
        said = parsed.get("message") or parsed.get("error") or text
        details = parsed.get("data")
        if isinstance(details, list) and details and isinstance(details[0], dict) and details[0].get("error_message"):
            said = f"{said}: {details[0]['error_message']}"
        text = answer.clean(said if isinstance(said, str) else json.dumps(said))[:20_000]
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text or answer.clean(answer.headers.get("x-influxdb-error", ""))


def json_of(answer: Answer) -> dict[str, object]:
    """The JSON object in the answer; empty if there is none."""
    try:
        parsed = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
