"""Backoff: how long to wait before the next attempt. Pure, given a random number.

    try         1   2   3    4    5    6+        after an hour of failures
    at most     2   4   8   16   32   60 s       doubles further, up to 15 min

Full jitter: every wait from 0 to the limit is equally likely. So a thousand sites that lost their server at the same
time do not all return at the same time. A Retry-After is waited in full, and the jitter is added. A wrong setting is
tried again after 4 to 6 minutes.
"""

from dataclasses import dataclass

FIRST_SECONDS, CAP_SECONDS, LATE_CAP_SECONDS = 2.0, 60.0, 900.0
LATE_AFTER_SECONDS = 3600.0
MISCONFIGURED_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """The limits. `solar upload --once` has shorter ones, because somebody is waiting."""

    first_seconds: float = FIRST_SECONDS
    cap_seconds: float = CAP_SECONDS
    late_cap_seconds: float = LATE_CAP_SECONDS
    misconfigured_seconds: float = MISCONFIGURED_SECONDS

    def seconds(self, failures: int, failing_seconds: float, retry_after_seconds: float | None, random: float) -> float:
        """The wait after this many failures in a row (at least 1), over this many seconds. `random` is in [0, 1)."""
        cap = self.cap_seconds
        if failing_seconds > LATE_AFTER_SECONDS:
            doublings = min((failing_seconds - LATE_AFTER_SECONDS) / LATE_AFTER_SECONDS * 4, 10.0)
            cap = min(self.cap_seconds * 2.0**doublings, self.late_cap_seconds)
        bound = min(self.first_seconds * 2.0 ** min(failures - 1, 30), cap)
        return min((retry_after_seconds or 0.0) + random * bound, max(self.late_cap_seconds, cap))

    def misconfigured(self, random: float) -> float:
        return self.misconfigured_seconds * (0.8 + 0.4 * random)
