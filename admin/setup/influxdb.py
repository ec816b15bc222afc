"""InfluxDB: each answer is checked at once by asking the server. Nothing is written there."""

from typing import TypeGuard

from admin.doctor.bucket import rights
from admin.doctor.server import empty_write, name, ping, reached, version_of
from admin.setup.answers import Answers, refuse_if_bad
from admin.terminal.options import proxy_for
from uploader.server.answers import Answer
from uploader.server.outcomes import Misconfigured, Outcome, Unreachable
from uploader.server.target import Target, address_of

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
        refuse_if_bad(name(*address_of(url)))
    answer = ping(target)
    finding = reached(target, answer)
    refuse_if_bad(finding)
    answers.facts[VERSION] = (version_of(answer) if isinstance(answer, Answer) else None) or ""
    return finding.found


def check_token(token: str, answers: Answers) -> None:
    if _is(_outcome(answers, INFLUXDB_TOKEN=token), 401):
        raise ValueError("InfluxDB does not accept this token (1.x: user:password); copy it again, whole")


def check_org(org: str, answers: Answers) -> None:
    outcome = _outcome(answers, INFLUXDB_ORG=org)
    if _is(outcome, 404) and "organization" in outcome.reason:
        raise ValueError(f"{outcome.reason}; check its spelling")


def check_bucket(bucket: str, answers: Answers) -> str:
    findings = list(rights(_target(answers, INFLUXDB_BUCKET=bucket), _outcome(answers, INFLUXDB_BUCKET=bucket)))
    for finding in findings:
        refuse_if_bad(finding)
    return findings[0].found


def _outcome(answers: Answers, **value: str) -> Outcome:
    """What the server says with one answer more. Raises ValueError if it says nothing."""
    outcome = empty_write(_target(answers, **value))
    if isinstance(outcome, Unreachable):
        raise ValueError(f"{outcome.reason}; try again")
    return outcome


def _is(outcome: Outcome, status: int) -> TypeGuard[Misconfigured]:
    return isinstance(outcome, Misconfigured) and outcome.status == status


def _target(answers: Answers, **value: str) -> Target:
    """What is not answered yet has a stand-in. Raises BadSetting."""
    values = {"INFLUXDB_TOKEN": "-", "INFLUXDB_ORG": "-", "INFLUXDB_BUCKET": "-"} | answers.values | value
    url, token, org, bucket = (values[f"INFLUXDB_{name}"] for name in ("URL", "TOKEN", "ORG", "BUCKET"))
    return Target(url, token, org, bucket, answers.known("INFLUXDB_CA_FILE"), proxy_for(url))


def _is_version_1(answers: Answers) -> bool:
    return answers.facts.get(VERSION, "").startswith("1.")
