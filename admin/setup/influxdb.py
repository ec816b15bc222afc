"""InfluxDB: each answer is checked at once by asking the server. Nothing is written there."""

from typing import TypeGuard
from urllib.parse import urlsplit

from admin.doctor.bucket import rights
from admin.doctor.probe import Probe
from admin.doctor.server import CONNECT_SECONDS, READ_SECONDS, name, reached, version_of
from admin.setup.answers import Answers, Refused, refuse_if_bad
from admin.terminal.options import proxy_for
from journal.errors import BadSetting
from uploader.server.answers import Answer
from uploader.server.influx import Influx
from uploader.server.outcomes import Misconfigured, Outcome, Unreachable
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
    target = _target(answers, INFLUXDB_URL=url)
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
    if _is(_outcome(answers, INFLUXDB_TOKEN=token), 401):
        raise Refused("InfluxDB does not accept this token (1.x: user:password); copy it again, whole")
    return ""


def check_org(org: str, answers: Answers) -> str:
    outcome = _outcome(answers, INFLUXDB_ORG=org)
    if _is(outcome, 404) and "organization" in outcome.reason:
        raise Refused(f"{outcome.reason}; check its spelling")
    return ""


def check_bucket(bucket: str, answers: Answers) -> str:
    findings = list(rights(_target(answers, INFLUXDB_BUCKET=bucket), _outcome(answers, INFLUXDB_BUCKET=bucket)))
    for finding in findings:
        refuse_if_bad(finding)
    return findings[0].found


def _outcome(answers: Answers, **value: str) -> Outcome:
    """What comes of the uploader's own request with one answer more, but empty. A token need not be allowed to read.
    Raises Refused if the server does not answer."""
    with Influx(_target(answers, **value), connect_seconds=CONNECT_SECONDS, read_seconds=READ_SECONDS) as influx:
        outcome = influx.write([])
    if isinstance(outcome, Unreachable):
        raise Refused(f"{outcome.reason}; try again")
    return outcome


def _is(outcome: Outcome, status: int) -> TypeGuard[Misconfigured]:
    return isinstance(outcome, Misconfigured) and outcome.status == status


def _target(answers: Answers, **value: str) -> Target:
    """What is not answered yet has a stand-in. Raises Refused."""
    values = {"INFLUXDB_TOKEN": "-", "INFLUXDB_ORG": "-", "INFLUXDB_BUCKET": "-"} | answers.values | value
    url, token, org, bucket = (values[f"INFLUXDB_{name}"] for name in ("URL", "TOKEN", "ORG", "BUCKET"))
    try:
        return Target(url, token, org, bucket, answers.known("INFLUXDB_CA_FILE"), proxy_for(url))
    except BadSetting as error:
        raise Refused(str(error).partition(": ")[2].strip()) from None


def _is_version_1(answers: Answers) -> bool:
    return answers.facts.get(VERSION, "").startswith("1.")
