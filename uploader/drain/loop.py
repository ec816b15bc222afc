"""The loop around the drain, with all the waiting: `drain` for the service, `drain_all` for --once."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from journal.errors import JournalError, JournalFull, JournalTooNew
from uploader.drain.backoff import Backoff
from uploader.drain.drain import Drain, Step
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress
from uploader.progress.state import State
from uploader.server.outcomes import Misconfigured, Unreachable

FILE_SECONDS = 5.0
HEARTBEAT_SECONDS = 10.0
# After an outage (for example a power cut in the whole region) the sites spread their first attempts over this time.
SPREAD_SECONDS = 15.0
LONG_AGO_MS = 10 * 60 * 1000
RECENT_BOOT_SECONDS = 120.0

# For --once. Somebody is waiting, so it gives up after PATIENCE_SECONDS and three tries without a success, or after
# three tries if a setting is wrong. Waits that the server asks for are added, up to ASKED_SECONDS in a row.
ONCE_BACKOFF = Backoff(first_seconds=0.5, cap_seconds=2.0, late_cap_seconds=900.0, misconfigured_seconds=1.0)
PATIENCE_SECONDS = 30.0
ASKED_SECONDS = 120.0
TRIES = 3


class Stop(Protocol):
    """A threading.Event, or its double in tests, where no time passes."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


def drain(drain: Drain, stop: Stop, *, first_wait_seconds: float = 0.0) -> None:
    """Send everything pending, until `stop` is set. Raises JournalTooNew, JournalUnusable (uploader.db)."""
    _wait(drain.reporter, stop, first_wait_seconds)
    while not stop.is_set():
        try:
            step = drain.drain_once()
        except JournalTooNew:
            raise
        except JournalError as error:
            with suppress(JournalFull):  # that may pass
                drain.progress.look()  # raises if uploader.db is the file that cannot be used
            drain.reporter.waiting_for_file(error, FILE_SECONDS)
            step = Step(FILE_SECONDS)
        _wait(drain.reporter, stop, step.wait_seconds)


def open_progress(path: Path, reporter: Reporter, stop: Stop) -> Progress | None:
    """Open uploader.db as soon as the disk has room and no other process has it locked; None if stopped before that.

    Raises JournalUnusable, JournalTooNew.
    """
    while not stop.is_set():
        try:
            return Progress.open(path)
        except JournalFull as error:
            reporter.waiting_for_file(error, FILE_SECONDS)
        _wait(reporter, stop, FILE_SECONDS)
    return None


def first_wait_seconds(
    state: State, now_ms: int, uptime_seconds: float, chance: Callable[[], float] = random.random
) -> float:
    """A random wait before the first attempt, if the network or the power was out."""
    if state.last_upload_ms is None:
        return 0.0
    is_after_outage = (
        state.failing_since_ms is not None
        or now_ms - state.last_upload_ms > LONG_AGO_MS
        or uptime_seconds < RECENT_BOOT_SECONDS
    )
    return chance() * SPREAD_SECONDS if is_after_outage else 0.0


@dataclass(frozen=True, slots=True)
class Summary:
    """What `drain_all` did. `left`: still pending, for `reason`."""

    sent: int
    refused: int
    left: int
    reason: str | None = None


def drain_all(
    drain: Drain,
    stop: Stop,
    *,
    on_progress: Callable[[int, int], None] = lambda sent, total: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Summary:
    """Send what is pending now, newest first, then return; earlier if nothing gets through (see PATIENCE_SECONDS).

    `drain` should have ONCE_BACKOFF, an `every_seconds` of infinity and no `monthly_megabytes`. `on_progress` is called
    with the number of settled records, and the total. Raises JournalMissing, JournalUnusable, JournalTooNew or
    JournalFull.
    """
    wanted = drain.pending()
    total = sum(ids.count for ids in wanted.values())
    sent = refused = tries = wrong = 0
    since, asked_seconds, reason = monotonic(), 0.0, None
    while not stop.is_set():
        step = drain.drain_once()
        if step.is_idle:
            reason = None
            break
        sent, refused = sent + step.sent, refused + step.refused
        if isinstance(step.outcome, Unreachable | Misconfigured) and step.wait_seconds:
            tries, reason = tries + 1, step.outcome.advice
            asked_seconds += getattr(step.outcome, "retry_after_seconds", None) or 0.0
            wrong = wrong + 1 if isinstance(step.outcome, Misconfigured) and not step.outcome.may_be_content else 0
            is_tired = tries >= TRIES and monotonic() - since - asked_seconds >= PATIENCE_SECONDS
            if wrong >= TRIES or is_tired or asked_seconds > ASKED_SECONDS:
                break
        else:
            tries = wrong = 0
            since, asked_seconds, reason = monotonic(), 0.0, None
            on_progress(min(sent + refused, total), total)
        _wait(drain.reporter, stop, step.wait_seconds)
    left = sum((ids & wanted[stream]).count for stream, ids in drain.pending().items())
    if left and reason is None:
        reason = "interrupted" if stop.is_set() else "they are new"
    return Summary(sent, refused, left, reason)


def _wait(reporter: Reporter, stop: Stop, seconds: float) -> None:
    """Wait, and show a sign of life now and then."""
    while seconds > 0 and not stop.is_set():
        piece = min(seconds, HEARTBEAT_SECONDS)
        if stop.wait(piece):
            return
        seconds -= piece
        if seconds > 0:
            reporter.waiting(seconds)
