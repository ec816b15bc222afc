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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from journal.errors import our_errors
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.drain.backoff import Backoff
from uploader.drain.batch import LETTERS, Batch
from uploader.drain.choice import Choice
from uploader.drain.reporter import Reporter
from uploader.drain.suspects import Failure
from uploader.progress.dead_letters import Refusal
from uploader.progress.id_ranges import NONE, IdRanges
from uploader.progress.progress import Progress, Settled
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


class Drain:
    """The uploader's one worker. Everything it needs is handed in; `path`: of journal.db; `monotonic` is in seconds."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        progress: Progress,
        *,
        reporter: Reporter,
        every_seconds: float = 60.0,
        monthly_megabytes: float | None = None,
        backoff: Backoff | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`every_seconds`: between rounds, while the battery is not low."""
        self.progress = progress
        self.reporter = reporter
        self._path = path
        self._writer = writer
        self._new_choice = partial(Choice, progress, every_seconds, monthly_megabytes or math.inf, monotonic, now_ms)
        self._choice = self._new_choice()
        self._backoff = backoff or Backoff()
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._chance = chance
        self._state = progress.state()
        self._size = progress.batch_size()
        self._keeps_from_ms: int | None = None
        self._failures = 0
        self._failing_since = 0.0
        self._condemned = 0

    def pending(self) -> dict[str, IdRanges]:
        """What is still to be sent of each stream, the letters too. A pruned record counts until the drain reaches
        it."""
        with self._journal() as journal:
            found = {stream: self.progress.pending(stream, journal.released(stream)) for stream in STREAMS}
            letters = self.progress.dead_letters.waiting()
            return {LETTERS: IdRanges.of_ids(each.number for each in letters), **found}

    def drain_once(self) -> Step:
        """Send one batch, or find that there is nothing to send.

        Raises JournalMissing, JournalUnusable, JournalTooNew; JournalFull while uploader.db cannot be read or written:
        until then nothing is sent.
        """
        with our_errors("use", self.progress.path), self._journal() as journal:
            batch = self._choice.next(journal, self._size.size, self._keeps_from_ms)
            self._state = self.reporter.paced(self._state, self._choice)
            if batch is None:
                self._note_pace()
                return Step(self._choice.idle_seconds(), is_idle=True)
            if batch.stream in ("days", LETTERS):
                self.progress.expect_days(journal)
            if batch.lines:
                return self._send(batch)
            self._settle(self._unless_changed(batch))
            return Step()

    def _note_pace(self) -> None:
        """Write down that the monthly limit slows the backlog, or does so no more: nothing else may come for long."""
        written, note = self.progress.state(), self._state.note
        if (written.note is None) != (note is None):
            self.progress.note(replace(written, note=note), self._size)

    @contextmanager
    def _journal(self) -> Iterator[Journal]:
        self.progress.look()
        with Journal.open(self._path) as journal:
            if words := self.progress.see(journal):
                self.reporter.tell(words)
                self._choice = self._new_choice()  # the ids of another journal are other records
            yield journal

    def _send(self, batch: Batch) -> Step:
        self.reporter.attempt(len(batch.lines))
        began, bytes_before = self._monotonic(), self._writer.bytes_on_wire
        outcome = self._writer.write([line.text for line in batch.lines])
        seconds = self._monotonic() - began
        self.progress.traffic.add(self._writer.bytes_on_wire - bytes_before, self._now_ms())
        batch = self._unless_changed(batch)
        match outcome:
            case Sent():
                return self._taken(batch, outcome, NONE, seconds)
            case Expired(dropped=int(dropped)) if 0 < dropped <= batch.points:
                expired = batch.oldest(dropped)
                self._expire(outcome, expired.count)
                return self._taken(batch, outcome, expired, seconds)
        return self._failed(batch, outcome)

    def _taken(self, batch: Batch, outcome: Outcome, expired: IdRanges, seconds: float) -> Step:
        """Go on after the server stored the batch, except the records that are too old for it."""
        count = len(batch.lines)
        self._failures = self._condemned = 0
        self._size = self._size.sent(count, seconds)
        self._state = self.reporter.recovered(self._state, self._now_ms(), was_sent=True)
        self._settle(batch, IdRanges.of_ids(line.id for line in batch.lines) - expired)
        if batch.kind == "newest":
            self._choice.newest_sent(batch.stream)
        return Step(outcome=outcome, sent=count - expired.count)

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
            self._state = self.reporter.recovered(self._state, self._now_ms(), was_sent=False)
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
            self._expire(outcome, count)
            self._settle(batch)
            return Step(outcome=outcome)
        words = str(getattr(outcome, "words", "") or getattr(outcome, "reason", ""))
        refusal = Refusal(batch.lines, words, outcome.status, self._now_ms())
        self.reporter.refused(batch.stream, refusal)
        self._settle(batch, refusal=refusal)
        self._condemned += 1
        step = Step(outcome=outcome, refused=count)
        if self._condemned < CONDEMNED_BEFORE_PAUSE:
            return step
        reason = f"the server refuses one reading after another ({words})"
        pause = self._wait(Misconfigured(reason, "`solar dead-letters list` shows them", 0), count)
        return replace(step, wait_seconds=pause.wait_seconds)

    def _expire(self, outcome: Expired, count: int) -> None:
        self._state = self.reporter.expired(self._state, count, outcome)
        self._keeps_from_ms = outcome.keeps_from_ms or self._keeps_from_ms

    def _wait(self, outcome: Unreachable | Misconfigured, count: int, *, is_news: bool = False) -> Step:
        """Nothing gets through: send the same readings again later."""
        now = self._monotonic()
        self._failures += 1
        if self._failures == 1:
            self._failing_since = now
        if isinstance(outcome, Misconfigured):
            wait = self._backoff.misconfigured(self._chance())
        else:
            asked = outcome.retry_after_seconds
            wait = self._backoff.seconds(self._failures, now - self._failing_since, asked, self._chance())
        self._state = self.reporter.failed(self._state, outcome, count, wait, self._now_ms())
        if is_news or self.reporter.is_worth_writing(self._state, self.progress.state()):
            self.progress.note(self._state, self._size)
        return Step(wait, outcome)

    def _unless_changed(self, batch: Batch) -> Batch:
        """The batch as it was chosen. If another program wrote to uploader.db since the last look, a replay for
        example, no record counts as too old any more: then without those that do."""
        if not self.progress.was_changed_by_others():
            return batch
        self._keeps_from_ms, self._state = None, self.progress.state()
        return replace(batch, ids=batch.ids - batch.expired, expired=NONE)

    def _settle(self, batch: Batch, sent: IdRanges = NONE, refusal: Refusal | None = None) -> None:
        """Record that the whole batch is settled, and which part of it was stored."""
        self._choice.suspects.taken(batch.kind, batch.stream, batch.ids, is_witness=bool(sent))
        if batch.expired:
            self._state = self.reporter.expired(self._state, batch.expired.count)
        settled = Settled(batch.stream, sent, batch.ids - sent, refusal, batch.mark)
        self.progress.settle(settled, self._state, self._size)
