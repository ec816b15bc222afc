"""InfluxDB: each answer is checked at once by asking the server. Nothing is written there."""

from urllib.parse import urlsplit

from admin.doctor.bucket import rights
from admin.doctor.probe import Probe, json_of
from admin.doctor.server import CONNECT_SECONDS, READ_SECONDS, name, reached, version_of
from admin.setup.answers import Answers, Refused, refuse_if_bad
from admin.terminal.options import proxy_for
from journal.errors import BadSetting
from uploader.server.answers import Answer
from uploader.server.influx import Influx
from uploader.server.outcomes import Unreachable
from uploader.server.target import Target

VERSION = "InfluxDB's version"
UNUSED_ORG = "none"
"""InfluxDB 1.x has no organisations; the uploader wants some name."""


def is_wanted(answers: Answers) -> bool:
    return "INFLUXDB_URL" in answers.values


def has_organisations(answers: Answers) -> bool:
    if is_wanted(answers) and _is_version_1(answers):
        answers.values["INFLUXDB_ORG"] = UNUSED_ORG
    return is_wanted(answers) and not _is_version_1(answers)


def check_url(url: str, answers: Answers) -> str:
    target = _target({"INFLUXDB_URL": url})
    if not target.proxy:
        refuse_if_bad(name(target.host, urlsplit(url).port or 443))
    with Probe(target, CONNECT_SECONDS, READ_SECONDS) as probe:
        answer = probe.ask("/ping", None)
    version = version_of(answer) if isinstance(answer, Answer) else None
    finding = reached(target, answer, version)
    refuse_if_bad(finding)
    answers.facts[VERSION] = version or ""
    return finding.found


def check_token(token: str, answers: Answers) -> str:
    target = _target(answers.values | {"INFLUXDB_TOKEN": token})
    is_old = _is_version_1(answers)
    with Probe(target, CONNECT_SECONDS, READ_SECONDS) as probe:
        if is_old:
            answer = probe.ask("/query", target.basic_header, q="SHOW DATABASES")
        else:
            answer = probe.ask("/api/v2/buckets", target.token_header, limit="1")
    if isinstance(answer, Unreachable):
        raise Refused(f"{answer.reason}; try again")
    if answer.status in (401, 403) and (is_old or answer.status == 401):
        what = "this user and password" if is_old else "this token"
        raise Refused(f"InfluxDB does not accept {what}; copy it again, whole")
    return ""


def check_org(org: str, answers: Answers) -> str:
    target = _target(answers.values | {"INFLUXDB_ORG": org})
    with Probe(target, CONNECT_SECONDS, READ_SECONDS) as probe:
        answer = probe.ask("/api/v2/buckets", target.token_header, org=org, limit="1")
    if isinstance(answer, Unreachable):
        raise Refused(f"{answer.reason}; try again")
    if answer.status == 404:
        said = json_of(answer).get("message")
        raise Refused(f"InfluxDB has no such organisation{f' ({said})' if said else ''}; check its spelling")
    return ""


def check_bucket(bucket: str, answers: Answers) -> str:
    """Whether the token may write there, by the uploader's own request, but empty."""
    target = _target(answers.values | {"INFLUXDB_BUCKET": bucket})
    with Influx(target, connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS) as influx:
        findings = list(rights(target, influx.write([])))
    for finding in findings:
        refuse_if_bad(finding)
    return findings[0].found


def _target(values: dict[str, str]) -> Target:
    """What is not answered yet has a stand-in. Raises Refused."""
    url = values["INFLUXDB_URL"]
    token, org = values.get("INFLUXDB_TOKEN", "-"), values.get("INFLUXDB_ORG", "-")
    try:
        return Target(url, token, org, values.get("INFLUXDB_BUCKET", "-"), None, proxy_for(url))
    except BadSetting as error:
        raise Refused(str(error).partition(": ")[2].strip()) from None


def _is_version_1(answers: Answers) -> bool:
    return answers.facts.get(VERSION, "").startswith("1.")
