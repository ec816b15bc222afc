"""Diary: what the uploader tells people, in the log and in uploader.db: changes, then at most one line a minute.

A line for each failure would fill an SD card; a row for each would wear it out.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from uploader.progress.dead_letters import Refusal
from uploader.progress.item import Item
from uploader.progress.state import State, Trouble
from uploader.server.outcomes import Misconfigured, Unreachable

log = logging.getLogger("uploader")

LOG_SECONDS = 60.0
WRITE_SECONDS = 600.0


class Diary:
    """`url`: the server, for messages. `heartbeat` is called with a few words before each attempt."""

    def __init__(
        self,
        url: str,
        *,
        heartbeat: Callable[[str], None] = lambda words: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self.heartbeat = heartbeat
        self._monotonic = monotonic
        self._said: dict[str, float] = {}
        self._written: tuple[Trouble | None, str | None] = (None, None)
        self._written_at = 0.0
        self._refused = 0
        self._trouble: str | None = None

    def tell(self, message: str | None) -> None:
        if message:
            log.info(message)

    def attempt(self, count: int) -> None:
        log.debug("uploading %d readings to %s", count, self._url)
        self.heartbeat(f"uploading {count} readings to {self._url}")

    def waiting(self, seconds: float) -> None:
        """A sign of life in a long wait."""
        trouble = self._trouble or "all is sent"
        self.heartbeat(f"{trouble}; next attempt in {seconds:.0f} s")

    def failed(
        self, state: State, outcome: Unreachable | Misconfigured, count: int, wait_seconds: float, now_ms: int
    ) -> State:
        """The state after a failure; logs it when it is a change, or a minute after the last line."""
        trouble: Trouble = "misconfigured" if isinstance(outcome, Misconfigured) else "unreachable"
        reason = outcome.reason
        if isinstance(outcome, Misconfigured):
            reason += f"; {outcome.remedy}"
        self._trouble = reason
        if state.trouble != trouble:
            self._said.pop("failed", None)
        log.log(
            logging.WARNING if self._may_say("failed") else logging.DEBUG,
            "cannot upload %d readings to %s: %s; trying again in %.0f s",
            count,
            self._url,
            reason,
            wait_seconds,
        )
        return replace(state, trouble=trouble, reason=reason, failing_since_ms=state.failing_since_ms or now_ms)

    def recovered(self, state: State, now_ms: int, *, was_sent: bool) -> State:
        """The state after the server took a request, or judged what was in it."""
        if state.trouble:
            log.info("uploading to %s again, after %s", self._url, _span(now_ms - (state.failing_since_ms or now_ms)))
            self._said.pop("failed", None)
        self._written = (None, None)
        self._trouble = None
        last_upload_ms = now_ms if was_sent else state.last_upload_ms
        return replace(state, trouble=None, reason=None, failing_since_ms=None, last_upload_ms=last_upload_ms)

    def is_worth_writing(self, state: State, now: float) -> bool:
        """Whether a failure goes into uploader.db: another kind of trouble, or other words after ten minutes."""
        key = state.trouble, state.reason
        if key == self._written or (key[0] == self._written[0] and now - self._written_at < WRITE_SECONDS):
            return False
        self._written, self._written_at = key, now
        return True

    def refused(self, refusal: Refusal) -> None:
        self._refused += len(refusal.items)
        if self._may_say("refused"):
            item = refusal.items[0]
            log.warning(
                "cannot upload %s %d: the server refuses it (%d: %s); kept as a dead letter, %d since the start",
                item.stream, item.id, refusal.status, refusal.words, self._refused,
            )  # fmt: skip

    def put_off(self, items: Sequence[Item]) -> None:
        if self._may_say("put off"):
            log.warning(
                "cannot upload %s %d: the server reports an error of its own whenever it is sent; "
                "the others go first, this is tried again in an hour",
                items[0].stream, items[0].id,
            )  # fmt: skip

    def paced(self, state: State, pause_seconds: float, used_bytes: int, megabytes: float) -> State:
        if not pause_seconds:
            return replace(state, note=None)
        note = f"{used_bytes / 1e6:.1f} of this month's {megabytes:g} MB are used, so the backlog goes out slowly"
        if state.note is None or self._may_say("paced"):
            self._may_say("paced")
            log.info("%s; the next part in %s", note, _span(int(pause_seconds * 1000)))
        return replace(state, note=note)

    def no_room(self, error: Exception) -> None:
        if self._may_say("no room"):
            log.warning("%s; going on uploading, to be written down later", error)

    def waiting_for_journal(self, error: Exception, wait_seconds: float) -> None:
        if self._may_say(str(error)):
            log.warning("%s; looking again every %.0f s", error, wait_seconds)

    def _may_say(self, what: str) -> bool:
        now = self._monotonic()
        if now - self._said.get(what, -LOG_SECONDS) < LOG_SECONDS:
            return False
        self._said[what] = now
        return True


def _span(milliseconds: int) -> str:
    seconds = max(milliseconds, 0) / 1000
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"
