"""Checks the token and the bucket: may it write, how long are readings kept. Nothing is written.

The test is the uploader's own request, but empty. A server that would store a reading answers 204, or 400 because there
is nothing to write. A server that would refuse the reading says why.
"""

from collections.abc import Iterator

from admin.doctor.finding import Finding, bad, look, ok, see, skipped
from admin.terminal.words import duration
from uploader.server.outcomes import Misconfigured, Outcome, Rejected, Sent, Unreachable
from uploader.server.target import Target

DAY_SECONDS = 86400


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


def retention(kept: float | None, oldest_seconds: float | None, drain_seconds: float | None) -> Finding:
    """Whether the server will still accept the oldest unsent reading when its turn comes."""
    if kept is None:
        return skipped("retention", "the server does not say how long it keeps readings, or this token may not read it")
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
