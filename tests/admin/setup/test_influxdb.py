"""The checks of the answers about InfluxDB 2; test_setup.py has those about a real InfluxDB 1.6.7."""

from collections.abc import Callable

import pytest

from admin.setup.answers import Answers
from admin.setup.influxdb import check_bucket, check_org, check_token, check_url
from journal.errors import BadSetting
from tests.scripted_influx import Answer, ScriptedInflux, error, page

NOTHING_TO_WRITE = error(400, "writing requires points")
NO_BUCKET = error(404, 'bucket "-" not found', "not found")
NO_ORG = error(404, 'organization name "-" not found', "not found")


@pytest.mark.parametrize(
    ("check", "answer"),
    [(check_token, NO_ORG), (check_org, NO_BUCKET), (check_bucket, NOTHING_TO_WRITE)],
    ids=["token", "organisation", "bucket"],
)
def test_what_a_token_that_may_only_write_is_told_is_enough(
    check: Callable[[str, Answers], str], answer: Answer
) -> None:
    with ScriptedInflux([answer]) as influx:
        check("right", Answers({}, values={"INFLUXDB_URL": influx.url}))


@pytest.mark.parametrize(
    ("check", "answer", "words"),
    [
        (check_token, error(401, "unauthorized access", "unauthorized"), "InfluxDB does not accept this token"),
        (check_org, NO_ORG, 'organization name "-" not found'),
        (check_bucket, NO_BUCKET, 'bucket "-" not found'),
        (check_bucket, error(403, "insufficient permissions for write", "forbidden"), "insufficient permissions"),
        (check_token, page(502, "502 Bad Gateway"), "try again"),
    ],
    ids=["token", "organisation", "bucket", "a token that may only read", "a proxy in trouble"],
)
def test_a_wrong_answer_is_refused_with_the_servers_words(
    check: Callable[[str, Answers], str], answer: Answer, words: str
) -> None:
    with ScriptedInflux([answer]) as influx, pytest.raises(ValueError, match=words):
        check("wrong", Answers({}, values={"INFLUXDB_URL": influx.url}))


def test_an_address_that_is_none_is_refused_in_a_line() -> None:
    with pytest.raises(BadSetting, match="it must begin with http:// or https://"):
        check_url("influx.example:8086", Answers({}))
