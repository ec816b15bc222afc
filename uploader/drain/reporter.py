"""Reporter: tells people in the log how the upload is doing.

A change of state is logged at once; after that at most one line a minute. A line for each failure would fill the SD
card, and a row for each would wear it out.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from uploader.drain.choice import Choice
from uploader.progress.dead_letters import Refusal
from uploader.progress.state import State, Trouble
from uploader.server.outcomes import Expired, Misconfigured, Outcome, Unreachable

log = logging.getLogger("uploader")

LOG_SECONDS, WRITE_SECONDS = 60.0, 600.0


@dataclass(slots=True)
class Reporter:
    """`url`: the server, for messages. `heartbeat` is called with a few words before each attempt."""

    url: str
    heartbeat: Callable[[str], None] = lambda words: None
    monotonic: Callable[[], float] = time.monotonic
    _did: dict[str, float] = field(default_factory=dict)
    _trouble: str | None = None

    def attempt(self, count: int) -> None:
        log.debug("uploading %d readings to %s", count, self.url)
        self.heartbeat(f"uploading {count} readings to {self.url}")

    def waiting(self, seconds: float) -> None:
        """Show a sign of life during a long wait."""
        trouble = self._trouble or "everything is sent"
        self.heartbeat(f"{trouble}; next attempt in {seconds:.0f} s")

    def failed(
        self, state: State, outcome: Unreachable | Misconfigured, count: int, wait_seconds: float, now_ms: int
    ) -> State:
        """The state after a failure. Logs the failure if it is a change, or a minute after the last line."""
        trouble: Trouble = "misconfigured" if isinstance(outcome, Misconfigured) else "unreachable"
        self._trouble = reason = outcome.advice
        log.log(
            logging.WARNING if self._may(f"say {trouble}") else logging.DEBUG,
            "cannot upload %d readings to %s: %s; trying again in %.0f s",
            count,
            self.url,
            reason,
            wait_seconds,
        )
        return replace(state, trouble=trouble, reason=reason, failing_since_ms=state.failing_since_ms or now_ms)

    def recovered(self, state: State, now_ms: int, *, was_sent: bool) -> State:
        """The state after the server took a request, or refused what was in it."""
        if state.trouble:
            log.info("uploading to %s again, after %s", self.url, _span(now_ms - (state.failing_since_ms or now_ms)))
            self._did.clear()
        self._trouble = None
        last_upload_ms = now_ms if was_sent else state.last_upload_ms
        return replace(state, trouble=None, reason=None, failing_since_ms=None, last_upload_ms=last_upload_ms)

    def is_worth_writing(self, state: State, written: State) -> bool:
        """Whether to record a failure in uploader.db: new trouble at once, a new reason every ten minutes at most."""
        is_new = state.trouble != written.trouble
        return is_new or (state.reason != written.reason and self._may("write", WRITE_SECONDS))

    def refused(self, stream: str, refusal: Refusal) -> None:
        if self._may("say refused"):
            what = f"{stream.removesuffix('s')} {refusal.lines[0].id}"
            log.warning(
                "cannot upload %s: the server refuses it (%d: %s); kept as a dead letter",
                what, refusal.status, refusal.words,
            )  # fmt: skip

    def expired(self, state: State, count: int, outcome: Outcome | None) -> State:
        """The state after the bucket did not take `count` records because of their age; logs it the first time."""
        keeps = outcome.keeps if isinstance(outcome, Expired) else None
        after = replace(state, expired=state.expired + count, keeps=_plain(keeps) if keeps else state.keeps)
        if not state.expired:
            log.info("%s; to send them, set a longer retention there and run `solar replay`", after.notes)
        return after

    def paced(self, state: State, choice: Choice) -> State:
        """The state while the monthly limit slows the backlog, or does not."""
        if not choice.paced_seconds:
            return replace(state, note=None)
        used, limit = choice.used_bytes / 1e6, choice.monthly_megabytes
        note = f"{used:.1f} of this month's {limit:g} MB are used, so the backlog goes out slowly"
        if self._may("say paced"):
            log.info("%s; the next part in %s", note, _span(choice.paced_seconds * 1000))
        return replace(state, note=note)

    def waiting_for_file(self, error: Exception, wait_seconds: float) -> None:
        self._trouble = str(error)
        if self._may(f"say {error}"):
            log.warning("%s; trying again every %.0f s", error, wait_seconds)

    def _may(self, what: str, every_seconds: float = LOG_SECONDS) -> bool:
        """Whether this was not done for so long; then it counts as done now."""
        now = self.monotonic()
        if now - self._did.get(what, -every_seconds) < every_seconds:
            return False
        self._did[what] = now
        return True


def _plain(duration: str) -> str:
    """A duration as Go writes it, 168h0m0s, for people: 168 h."""
    return duration.removesuffix("0s").removesuffix("0m").replace("h", " h ").replace("m", " min ").strip()


def _span(milliseconds: float) -> timedelta:
    """As people write it: 2 days, 3:25:00."""
    return timedelta(seconds=max(milliseconds, 0) // 1000)
