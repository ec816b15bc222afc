"""Drain: sends what choice.py chooses, and goes on. One step at a time; loop.py waits between the steps.

Rules:
- Send first, then record it: a crash in between repeats one request, unchanged.
- A request is built when it is sent. Only ids wait, so a reading goes out as the journal has it now.
- Nothing is dropped. A record that is refused alone becomes a dead letter (suspects.py); one that is too old for the
  bucket is expired.
- After a failure the next step waits, longer each time, until the server takes a request or InfluxDB refuses a record.
- While uploader.db cannot be written, nothing is sent. Then the request that could not be recorded is repeated.
- The journal is opened for each step, so a replaced one is noticed.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from journal.errors import our_errors
from journal.id_ranges import NONE, IdRanges
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.drain.backoff import Backoff
from uploader.drain.batch import LETTERS, Batch
from uploader.drain.choice import Choice
from uploader.drain.reporter import Reporter, log
from uploader.drain.suspects import Failure
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.outcomes import Expired, Misconfigured, Outcome, Sent, Unreachable, Writer

CONDEMNED_BEFORE_PAUSE = 3


@dataclass(frozen=True, slots=True)
class Step:
    """What one `drain_once` did. `outcome`: of its request, if it made one. `sent`, `refused`: how many records were
    stored, or became dead letters. `wait_seconds`: until the next step."""

    wait_seconds: float = 0.0
    outcome: Outcome | None = None
    sent: int = 0
    refused: int = 0
    is_idle: bool = False


@dataclass(slots=True, kw_only=True)
class Drain:
    """The uploader's one worker. `path`: of journal.db. `every_seconds`: between rounds, while the battery is not low;
    `monotonic` is in seconds too."""

    path: Path = field(kw_only=False)
    writer: Writer = field(kw_only=False)
    progress: Progress = field(kw_only=False)
    reporter: Reporter
    every_seconds: float = 60.0
    monthly_megabytes: float | None = None
    backoff: Backoff = field(default_factory=Backoff)
    monotonic: Callable[[], float] = time.monotonic
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    chance: Callable[[], float] = random.random
    _choice: Choice = field(init=False)
    _size: BatchSize = field(init=False)
    _keeps_from_ms: int | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _failing_since: float = field(default=0.0, init=False)
    _condemned: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._size = self.progress.batch_size()
        self._begin()

    def _begin(self) -> None:
        """With nothing known of the journal."""
        limit = self.monthly_megabytes or math.inf
        self._choice = Choice(self.progress, self.every_seconds, limit, self.monotonic, self.now_ms)

    def pending(self) -> dict[str, IdRanges]:
        """What is still to be sent of each stream, the letters too. A pruned record counts until the drain reaches
        it."""
        with self._journal() as journal:
            found = {stream: self.progress.pending(journal, stream) for stream in STREAMS}
            letters = self.progress.dead_letters.waiting()
            return {LETTERS: IdRanges.of_ids(each.number for each in letters), **found}

    def drain_once(self) -> Step:
        """Send one batch, or find that there is nothing to send.

        Raises JournalMissing, JournalUnusable, JournalTooNew; JournalFull while uploader.db cannot be read or written:
        until then nothing is sent.
        """
        with our_errors("use", self.progress.path), self._journal() as journal:
            if not self.progress.state().keeps:
                self._keeps_from_ms = None  # after a replay too: the bucket may keep more now
            batch = self._choice.next(journal, self._size.size, self._keeps_from_ms)
            if batch is None:
                state = self._state()
                if (state.note is None) != (self.progress.state().note is None):
                    self.progress.note(state, self._size)  # nothing else may be written for long
                return Step(self._choice.idle_seconds(), is_idle=True)
            if batch.stream in ("days", LETTERS):
                self.progress.expect_days(journal)
            if batch.lines:
                return self._send(batch)
            self._settle(batch, expired=batch.ids if batch.is_expired else NONE)
            return Step()

    def _state(self) -> State:
        """As it is written down, and whether the monthly limit slows the backlog now."""
        return self.reporter.paced(self.progress.state(), self._choice)

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        self.progress.look()
        with Journal.open(self.path) as journal:
            if words := self.progress.see(journal):
                log.info(words)
                self._begin()  # the ids of another journal are other records
            yield journal

    def _send(self, batch: Batch) -> Step:
        self.reporter.attempt(len(batch.lines))
        began, bytes_before = self.monotonic(), self.writer.bytes_on_wire
        outcome = self.writer.write([line.text for line in batch.lines])
        seconds = self.monotonic() - began
        self.progress.traffic.add(self.writer.bytes_on_wire - bytes_before, self.now_ms())
        match outcome:
            case Sent():
                return self._taken(batch, outcome, seconds)
            case Expired(dropped=int(dropped)) if 0 < dropped <= batch.points:
                return self._taken(batch, outcome, seconds, batch.oldest(dropped))
        return self._failed(batch, outcome)

    def _taken(self, batch: Batch, outcome: Sent | Expired, seconds: float, expired: IdRanges = NONE) -> Step:
        """Go on after the server stored the batch, except the records that are too old for it."""
        self._failures = self._condemned = 0
        self._size = self._size.sent(len(batch.lines), seconds)
        sent = IdRanges.of_ids(line.id for line in batch.lines) - expired
        self._settle(batch, outcome, sent=sent, expired=expired)
        if batch.kind == "newest":
            self._choice.newest_sent(batch.stream)
        return Step(outcome=outcome, sent=sent.count)

    def _failed(self, batch: Batch, outcome: Outcome) -> Step:
        """Go on after the server did not store the whole batch: which record can it not take?"""
        count, size_before = len(batch.lines), self._size
        failure = Failure.of(outcome, count, batch.points)
        verdict = self._choice.suspects.failed(batch.kind, batch.stream, batch.ids, failure)
        if isinstance(outcome, Unreachable):
            if outcome.is_strained and verdict == "unknown":
                self._size = self._size.strained(count)
        elif outcome.status == 413:
            self._size = self._size.too_large(count)
        elif isinstance(outcome, Misconfigured) and not outcome.may_be_content:
            self._size = self._size.refused()
        if failure and failure.is_sure:
            self._failures = 0
        if verdict == "condemned":
            return self._condemn(batch, outcome)
        if verdict == "narrowed":
            return Step(outcome=outcome)
        if isinstance(outcome, Unreachable | Misconfigured):
            return self._wait(outcome, count, is_news=self._size.size != size_before.size)
        return Step(outcome=outcome)

    def _condemn(self, batch: Batch, outcome: Outcome) -> Step:
        count = len(batch.lines)
        if isinstance(outcome, Expired):
            self._settle(batch, outcome, expired=batch.ids)
            return Step(outcome=outcome)
        words = str(getattr(outcome, "words", "") or getattr(outcome, "reason", ""))
        refusal = Refusal(batch.lines, words, outcome.status, self.now_ms())
        self.reporter.refused(batch.stream, refusal)
        self._settle(batch, outcome, refusal=refusal)
        self._condemned += 1
        step = Step(outcome=outcome, refused=count)
        if self._condemned < CONDEMNED_BEFORE_PAUSE:
            return step
        reason = f"the server refuses one reading after another ({words})"
        pause = self._wait(Misconfigured(reason, "`solar dead-letters list` shows them", 0), count)
        return replace(step, wait_seconds=pause.wait_seconds)

    def _wait(self, outcome: Unreachable | Misconfigured, count: int, *, is_news: bool = False) -> Step:
        """Nothing gets through: send the same readings again later."""
        now = self.monotonic()
        self._failures += 1
        if self._failures == 1:
            self._failing_since = now
        if isinstance(outcome, Misconfigured):
            wait = self.backoff.misconfigured(self.chance())
        else:
            asked = outcome.retry_after_seconds
            wait = self.backoff.seconds(self._failures, now - self._failing_since, asked, self.chance())
        state = self.reporter.failed(self._state(), outcome, count, wait, self.now_ms())
        if is_news or self.reporter.is_worth_writing(state, self.progress.state()):
            self.progress.note(state, self._size)
        return Step(wait, outcome)

    def _settle(
        self,
        batch: Batch,
        outcome: Outcome | None = None,
        *,
        sent: IdRanges = NONE,
        expired: IdRanges = NONE,
        refusal: Refusal | None = None,
    ) -> None:
        """Record that the whole batch is settled: which part of it was stored, which is too old for the server."""
        self._choice.suspects.taken(batch.kind, batch.stream, batch.ids, is_witness=bool(sent))
        state = self._state()
        if outcome:
            state = self.reporter.recovered(state, self.now_ms(), was_sent=bool(sent))
        if expired and batch.stream != LETTERS:
            state = self.reporter.expired(state, expired.count, outcome)
            self._keeps_from_ms = getattr(outcome, "keeps_from_ms", None) or self._keeps_from_ms
        self.progress.settle(
            Settled(batch.stream, sent, batch.ids - sent, refusal, expired, batch.mark), state, self._size
        )
