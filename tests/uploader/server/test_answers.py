"""The table of answers, each row with the words of the server that gives it."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uploader.server.answers import Answer, outcome_of, words_of
from uploader.server.outcomes import Expired, Misconfigured, Rejected, Sent, Unreachable

NOW = "Sun, 22 Nov 2026 12:00:00 GMT"
NGINX = "<html>\r\n<head><title>{}</title></head><body><center><h1>{}</h1></center></body></html>"


def answer(status: int, body: str = "", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


def v2(message: str, code: str = "invalid") -> str:
    return json.dumps({"code": code, "message": message})


def v1(message: str) -> str:
    return json.dumps({"error": message})


V3_PARTIAL = json.dumps(
    {
        "error": "partial write of line protocol occurred",
        "data": [{"error_message": "invalid column type for column 'v'", "line_number": 2, "original_line": "a v=1"}],
    }
)

# As InfluxDB 2.7.12, 2.8, 2.9 and 1.12 word it: the number comes last.
POINT = "solar,model=PL80,site=a\\ hut\\ with\\ a\\ name at 2026-11-21T00:00:00Z dropped because it violates a "
LONG_EXPIRED = (
    "failure writing points to database: partial write: dropped 4600 points outside retention policy of duration "
    f"1h0m0s - oldest point {POINT}Retention Policy Lower Bound at 2026-11-22T11:00:00.7684903Z, newest point {POINT}"
    "Retention Policy Lower Bound at 2026-11-22T11:00:00.7684903Z dropped=4600 for database: 9f282d63c7d3a5c0 for "
    "retention policy: autogen"
)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (204, "", Sent),
        (200, "{}", Unreachable),
        (202, "", Unreachable),
        (200, NGINX.format("Welcome", "Log in"), Unreachable),
        (301, "", Unreachable),
        (307, "", Unreachable),
        (511, NGINX.format("Network Authentication Required", ""), Unreachable),
        (400, v2("unable to parse 'a v=': missing field value"), Rejected),
        (400, v2("unable to parse 'a,site=quota v=': missing field value"), Rejected),
        (400, v1("partial write: unable to parse 'bad line': invalid field format dropped=0"), Rejected),
        (400, v1("partial write: points beyond retention policy dropped=1"), Expired),
        (400, V3_PARTIAL, Rejected),
        (400, v1("database is required"), Misconfigured),
        (400, v1("unexpected EOF"), Unreachable),
        (400, v1("gzip: invalid header"), Unreachable),
        (400, NGINX.format("400 The plain HTTP request was sent to HTTPS port", "Bad"), Misconfigured),
        (401, v2("unauthorized access", "unauthorized"), Misconfigured),
        (401, NGINX.format("401 Authorization Required", ""), Misconfigured),
        (403, v2("insufficient permissions", "forbidden"), Misconfigured),
        (404, v2('bucket "x" not found', "not found"), Misconfigured),
        (404, v2('bucket "quota" not found', "not found"), Misconfigured),
        (404, v1('database not found: "nope"'), Misconfigured),
        (405, "", Misconfigured),
        (407, "", Unreachable),
        (408, "", Unreachable),
        (413, NGINX.format("413 Request Entity Too Large", ""), Misconfigured),
        (413, v1("Request Entity Too Large"), Rejected),
        (422, v2("failure writing points to database: partial write: field type conflict dropped=2"), Rejected),
        (422, v2("write points beyond retention", "unprocessable entity"), Expired),
        (422, v2(LONG_EXPIRED.replace("Lower", "Upper")), Rejected),
        (422, v2(LONG_EXPIRED.replace("PL80", "quota")), Expired),
        (400, "", Misconfigured),
        (422, "no", Misconfigured),
        (429, v2("rate limit", "too many requests"), Unreachable),
        (429, NGINX.format("429 Too Many Requests", ""), Unreachable),
        (500, v2("internal error", "internal error"), Unreachable),
        (500, v1("retention policy not found: nope"), Misconfigured),
        (500, v1("partial write: points beyond retention policy dropped=3"), Expired),
        (500, v1("timeout"), Unreachable),
        (500, NGINX.format("500 Internal Server Error", ""), Unreachable),
        (502, NGINX.format("502 Bad Gateway", ""), Unreachable),
        (503, v2("unavailable", "unavailable"), Unreachable),
        (504, "", Unreachable),
    ],
)
def test_each_answer_has_its_outcome(status: int, body: str, kind: type) -> None:
    assert type(outcome_of(answer(status, body))) is kind


def test_a_proxys_403_page_does_not_accuse_the_token() -> None:
    outcome = outcome_of(answer(403, NGINX.format("403 Forbidden", "")))
    assert isinstance(outcome, Misconfigured)
    assert outcome.reason.startswith("something other than InfluxDB refuses the request (403: ")
    assert "the token may be right" in outcome.remedy


def test_the_number_of_dropped_points_is_read() -> None:
    assert outcome_of(answer(422, v2("partial write: field type conflict dropped=17"))) == Rejected(
        "partial write: field type conflict dropped=17", 422, 17
    )
    assert outcome_of(answer(400, v2("unable to parse"))) == Rejected("unable to parse", 400, None)


def test_version_3_says_what_is_wrong_in_its_data() -> None:
    assert words_of(answer(400, V3_PARTIAL)) == (
        "partial write of line protocol occurred: invalid column type for column 'v'"
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "30"}, 30.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "86400"}, 900.0),
        ({"retry_after": "Sun, 22 Nov 2026 12:01:30 GMT", "date": NOW}, 90.0),
        ({"retry_after": "Sun, 22 Nov 2026 11:00:00 GMT", "date": NOW}, 0.0),
        ({"retry_after": "Sun, 22 Nov 2026 12:01:30 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-5"}, None),
        ({}, None),
    ],
    ids=[
        "seconds",
        "zero",
        "capped",
        "date",
        "date gone by",
        "date against our own clock alone",
        "words",
        "negative",
        "absent",
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    for status in (429, 503):
        outcome = outcome_of(answer(status, **headers))
        assert isinstance(outcome, Unreachable)
        assert outcome.retry_after_seconds == seconds


def test_what_expired_is_read_from_behind_a_long_description() -> None:
    assert LONG_EXPIRED.index("dropped=") > 450
    outcome = outcome_of(answer(422, v2(LONG_EXPIRED, "unprocessable entity")))
    assert isinstance(outcome, Expired)
    assert len(outcome.words) <= 300
    moment = datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)
    assert (outcome.dropped, outcome.keeps, outcome.keeps_from_ms) == (4600, "1h0m0s", int(moment.timestamp() * 1000))


@pytest.mark.parametrize(
    ("status", "body", "may_be", "is_strained"),
    [
        (500, v2("oops"), True, False),
        (500, v1("timeout"), True, True),
        (500, NGINX, True, False),
        (408, "", True, True),
        (502, NGINX, True, True),
        (504, "", True, True),
        (503, v2("unavailable"), True, False),
        (429, v2("rate limit"), False, False),
        (200, NGINX, False, False),
        (302, "", False, False),
    ],
)
def test_what_may_be_one_readings_doing_is_looked_into(status: int, body: str, may_be: bool, is_strained: bool) -> None:
    outcome = outcome_of(answer(status, body))
    assert isinstance(outcome, Unreachable)
    assert (outcome.may_be_content or outcome.is_strained, outcome.is_strained) == (may_be, is_strained)


def test_a_login_page_is_called_one() -> None:
    outcome = outcome_of(answer(302, location="http://login.hotel.example/?to=x"))
    assert isinstance(outcome, Unreachable)
    assert "login page" in outcome.reason
    assert "http://login.hotel.example/" in outcome.reason


@given(
    st.integers(100, 599), st.binary(max_size=300), st.dictionaries(st.sampled_from(["retry-after", "date"]), st.text())
)
def test_no_answer_whatsoever_raises_or_counts_as_sent(status: int, body: bytes, headers: dict[str, str]) -> None:
    outcome = outcome_of(Answer(status, headers, body))
    assert isinstance(outcome, Sent) == (status == 204)


@given(st.text(max_size=2000))
def test_words_are_one_short_line(body: str) -> None:
    words = words_of(answer(500, body))
    assert words
    assert len(words) <= 300
    assert words.isprintable()


@pytest.mark.parametrize("before", [" " * 19_990, "<html>" + " " * 19_984], ids=["text", "HTML"])
def test_no_half_of_a_token_is_left_where_a_long_answer_is_cut(before: str) -> None:
    long = Answer(401, {}, f"{before}a-long-token".encode(), clean=lambda text: text.replace("a-long-token", "***"))
    assert "a-lon" not in words_of(long)
