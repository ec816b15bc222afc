"""Settings that can never work are refused with what would be right."""

import pytest

from journal.errors import BadSetting
from uploader.server.target import Target


@pytest.mark.parametrize(
    "url",
    [
        "influx:8086",
        "influx.example",
        "",
        "ftp://influx.example",
        "ftp://influx.example:21",
        "http://",
        "http://influx:port",
        "http://influx:99999",
        "http://influx:0",
        "http://inf lux:8086",
        "http://influx\n:8086",
        "http://[::1",
    ],
)
def test_an_url_that_cannot_work_is_named_with_what_would_be_right(url: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Target(url, "token", "org", "bucket")
    assert str(caught.value) == (
        f"cannot use INFLUXDB_URL={url!r}: it must begin with http:// or https:// and have a host, and may have a port "
        "from 1 to 65535, but no spaces, like http://influx.example:8086"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:hunter22@influx:8086", "http://influx:8086"),
        ("user:hunter22@influx", "influx"),
        ("http://user:hunter22/x@influx:8086", "http://influx:8086"),
        ("http://user:1//hunter22@influx:8086", "http://influx:8086"),
        ("http://user:hunter22#x@influx:8086", "***"),
        ("http://user:hunter22?x@influx:8086", "***"),
        ("http://influx/?u=me@mail&p=hunter22", "***"),
        ("http://influx:8086?db=x", "http://influx:8086"),
        ("http://influx:8086?", "http://influx:8086"),
        ("http://influx:8086/#", "http://influx:8086"),
    ],
)
def test_a_user_a_password_and_options_belong_elsewhere_and_are_not_shown(url: str, shown: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Target(url, "token", "org", "bucket")
    assert str(caught.value) == (
        f"cannot use INFLUXDB_URL={shown!r}: it contains a user, a password or options; "
        "put user:password in INFLUXDB_TOKEN and the database in INFLUXDB_BUCKET"
    )


@pytest.mark.parametrize("token", ["new\nline", "ümlaut", "\0"])
def test_a_token_with_a_strange_character_is_refused_but_not_shown(token: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Target("http://influx:8086", token, "org", "bucket")
    assert token not in str(caught.value)


@pytest.mark.parametrize("text", ["new\nline", "H\udcf6he"], ids=["control character", "not UTF-8"])
def test_an_organisation_or_bucket_that_no_address_can_hold_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="INFLUXDB_ORG"):
        Target("http://influx:8086", "token", text, "bucket")
    with pytest.raises(BadSetting, match="INFLUXDB_BUCKET"):
        Target("http://influx:8086", "token", "org", text)


def test_an_empty_bucket_is_refused() -> None:
    with pytest.raises(BadSetting, match="INFLUXDB_BUCKET"):
        Target("http://influx:8086", "token", "org", "")


@pytest.mark.parametrize(
    "url", ["http://influx", "https://influx.example:443/path/", "http://[::1]:8086", "http://10.0.0.1"]
)
def test_what_can_work_is_accepted(url: str) -> None:
    assert Target(url, "token", "org", "bucket").base_url == url.rstrip("/")


def test_for_version_1_the_bucket_is_a_database_and_perhaps_a_policy() -> None:
    target = Target("http://influx", "user:password", "", "database/policy")
    assert (target.database, target.policy, target.basic_header) == ("database", "policy", "Basic dXNlcjpwYXNzd29yZA==")
    assert Target("http://influx", "token", "", "database").policy == ""


def test_secrets_are_blotted_out_of_texts() -> None:
    target = Target("http://influx", "user:password", "", "b")
    assert target.without_secrets("user:password, Basic dXNlcjpwYXNzd29yZA==, password") == "***, Basic ***, ***"
    assert "password" not in repr(target)
