"""Checks the token and the bucket: may it write, how long are readings kept. Nothing is written.

The test is the uploader's own request, but empty. A server that would store a reading answers 204, or 400 because there
is nothing to write. A server that would refuse the reading says why.
"""

import re
from collections.abc import Iterator

from admin.doctor.finding import Finding, bad, look, ok, see, skipped
from admin.doctor.probe import Probe, json_of
from admin.terminal.words import duration
from uploader.server.answers import Answer
from uploader.server.outcomes import Misconfigured, Outcome, Rejected, Sent, Unreachable
from uploader.server.target import Target

DAY_SECONDS = 86400

_DURATION = re.compile(r"(\d+)([hms])")


def rights(target: Target, outcome: Outcome) -> Iterator[Finding]:
    """What the answer to the empty request says about token and bucket."""
    bucket = f"bucket {target.bucket}"
    match outcome:
        case Sent() | Rejected(status=400 | 422):
            yield ok("token", f"it may write to {bucket} (tested with an empty request)")
            yield ok("bucket", f"{bucket} exists")
        case Misconfigured(status=401 | 403):
            yield bad("token", outcome.reason, outcome.remedy)
            yield skipped("bucket", f"not visible with this token, {see('token')}")
        case Misconfigured():
            yield ok("token", "the server accepts it")
            yield bad("bucket", outcome.reason, outcome.remedy)
        case Unreachable():
            yield bad(
                "token", f"it could not be tested: {outcome.reason}", "run solar doctor again; check INFLUXDB_URL"
            )
        case _:
            yield look("token", f"unexpected answer from the server: {outcome.words}", "run solar doctor again")


def retention_seconds(probe: Probe, *, is_version_1: bool) -> float | None:
    """How long the bucket keeps readings, in seconds: 0 for ever, None if the token may not see it."""
    target = probe.target
    if is_version_1:
        database = target.database.replace("\\", "\\\\").replace('"', '\\"')
        answer = probe.ask("/query", target.basic_header, q=f'SHOW RETENTION POLICIES ON "{database}"')
    else:
        answer = probe.ask("/api/v2/buckets", target.token_header, name=target.bucket, org=target.org)
    if isinstance(answer, Unreachable) or answer.status != 200:
        return None
    try:
        return _policy_seconds(answer, target) if is_version_1 else _bucket_seconds(answer, target)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return None


def _bucket_seconds(answer: Answer, target: Target) -> float | None:
    for bucket in json_of(answer)["buckets"]:
        if bucket["name"] == target.bucket:
            return max((float(rule["everySeconds"]) for rule in bucket["retentionRules"]), default=0.0)
    return None


def _policy_seconds(answer: Answer, target: Target) -> float | None:
    series = json_of(answer)["results"][0]["series"][0]
    for values in series["values"]:
        policy = dict(zip(series["columns"], values, strict=True))
        if policy["name"] == target.policy or (not target.policy and policy["default"]):
            sizes = {"h": 3600, "m": 60, "s": 1}
            return float(sum(int(number) * sizes[unit] for number, unit in _DURATION.findall(policy["duration"])))
    return None


def retention(kept: float | None, oldest_seconds: float | None, drain_seconds: float | None) -> Finding:
    """Whether the server will still accept the oldest unsent reading when its turn comes."""
    if kept is None:
        return skipped("retention", "this token may not read how long the bucket keeps readings")
    if not kept:
        return ok("retention", "the bucket keeps readings for ever")
    found = f"the bucket keeps readings for {duration(kept)}"
    if oldest_seconds is None:
        return ok("retention", found)
    found += f", and the oldest unsent reading is {duration(oldest_seconds)} old"
    remedy = "set a longer retention for the bucket; readings that are too old stay in the journal only"
    if oldest_seconds >= kept:
        return bad("retention", found, remedy)
    if oldest_seconds + (drain_seconds or 0) + DAY_SECONDS >= kept:
        return look("retention", found, remedy)
    return ok("retention", found)
