"""Whether the token may write to the bucket, and how long the bucket keeps readings. Nothing is written.

The test is the uploader's own request, but empty. A server that would store a reading answers 204, or 400 because there
is nothing to write. A server that would refuse it says why. A bucket of InfluxDB 2.x is described by influxdb-client.
"""

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from admin.doctor.finding import Finding, bad, look, ok, see, skipped
from admin.doctor.probe import Probe
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
    try:
        return _policy_seconds(probe) if is_version_1 else _bucket_seconds(probe)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None


def _bucket_seconds(probe: Probe) -> float | None:
    # It takes 25 MB of memory, which a command that ends at once may have.
    from influxdb_client.client.influxdb_client import InfluxDBClient

    target = probe.target
    with InfluxDBClient(target.url.rstrip("/"), target.token, org=target.org) as client:
        client.api_client.rest_client = _Exchange(probe)
        found = client.buckets_api().find_buckets(name=target.bucket, org=target.org)
    rules = next((bucket.retention_rules for bucket in found.buckets if bucket.name == target.bucket), None)
    return None if rules is None else max((float(rule.every_seconds) for rule in rules), default=0.0)


class _Exchange:
    """In the place of influxdb-client's own transport, which reads answers of any length: asks the probe instead."""

    pool_manager = None

    def __init__(self, probe: Probe) -> None:
        self._probe = probe

    def GET(self, url: str, **request: Any) -> SimpleNamespace:  # noqa: N802 - the client's name for it
        target = self._probe.target
        path = url.removeprefix(target.url.rstrip("/"))
        answer = self._probe.ask(path, target.token_header, **dict(request["query_params"]))
        return SimpleNamespace(data=_body(answer), status=200, getheaders=dict)


def _policy_seconds(probe: Probe) -> float | None:
    target = probe.target
    database = target.database.replace("\\", "\\\\").replace('"', '\\"')
    answer = probe.ask("/query", target.basic_header, q=f'SHOW RETENTION POLICIES ON "{database}"')
    series = json.loads(_body(answer))["results"][0]["series"][0]
    for values in series["values"]:
        policy = dict(zip(series["columns"], values, strict=True))
        if policy["name"] == target.policy or (not target.policy and policy["default"]):
            sizes = {"h": 3600, "m": 60, "s": 1}
            return float(sum(int(number) * sizes[unit] for number, unit in _DURATION.findall(policy["duration"])))
    return None


def _body(answer: Answer | Unreachable) -> bytes:
    """Raises ValueError where nothing can be learnt from the answer."""
    if isinstance(answer, Unreachable) or answer.status != 200:
        raise ValueError(answer)
    return answer.body


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
