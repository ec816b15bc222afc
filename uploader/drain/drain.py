"""Drain: chooses a batch, sends it, goes on. One step at a time; loop.py waits between the steps.

    due         every SOLAR_UPLOAD_EVERY seconds: readings that are new since the last round, then events, days, checks
    suspects    records that may make a request fail: halved until a single one is left
    letters     dead letters to retry whose records the journal does not have
    backlog     what was pending when the last round began: oldest first

A step sends the first of these that has something. So after an outage the newest readings go first, and new ones go out
in between while the backlog drains.

Rules:
- Send first, then record it: a crash in between repeats one request, unchanged.
- A request is built when it is sent. Only ids wait, so a reading goes out as the journal has it now.
- Nothing is dropped. A record that is refused alone becomes a dead letter (suspects.py); one that is too old for the
  bucket is expired.
- After a failure the next step waits, longer each time, until the server takes a request or InfluxDB refuses a record.
- While uploader.db cannot be written, nothing is sent. Then the request that could not be recorded is repeated.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from journal.errors import our_errors
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.drain.backoff import Backoff
from uploader.drain.batch import LETTERS, Batch, Batches
from uploader.drain.data_budget import DataBudget
from uploader.drain.journal_source import JournalSource
from uploader.drain.reporter import Reporter
from uploader.drain.step import Step
from uploader.drain.suspects import Failure, Suspects
from uploader.progress.dead_letters import Refusal
from uploader.progress.id_ranges import NONE, IdRanges
from uploader.progress.progress import Progress, Settled
from uploader.server.outcomes import Expired, Misconfigured, Outcome, Sent, TooLarge, Unreachable, Writer

DUE_ORDER = ("readings", "events", "days", "checks")
BACKLOG_ORDER = ("events", "days", "checks", "readings")
CONDEMNED_BEFORE_PAUSE = 3


class Drain:
    """The uploader's one worker. Everything it needs is handed in; `monotonic` is in seconds."""

    def __init__(
        self,
        source: JournalSource,
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
        rarer: Callable[[Journal, float], float] = lambda journal, seconds: seconds,
    ) -> None:
        """`rarer` makes `every_seconds` longer while the battery is low."""
        self.progress = progress
        self.reporter = reporter
        self._source = source
        self._writer = writer
        self._every_seconds = every_seconds
        self._budget = DataBudget(monthly_megabytes) if monthly_megabytes else None
        self._backoff = backoff or Backoff()
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._chance = chance
        self._rarer = rarer
        self._journal: Journal | None = None
        self._state = progress.state()
        self._size = progress.batch_size()
        self._due: list[str] = []
        self._next_due = monotonic()
        self._frontier: Mapping[str, int] = {}
        self._floor: Mapping[str, int] = {}
        self._suspects = Suspects()
        self._keeps_from_ms: int | None = None
        self._failures = 0
        self._failing_since = 0.0
        self._condemned = 0
        self._has_room = True
        self._backlog_bytes = 0
        self._backlog_at = 0.0

    def last_pending(self) -> dict[str, int]:
        """The newest pending id of each stream, 0 if nothing is pending."""
        return {stream: ids.last for stream, ids in self._pending().items()}

    def pending_count(self, up_to: Mapping[str, int]) -> int:
        """How many records up to these ids are still to be sent. A pruned one counts until the drain reaches it."""
        records = sum(ids.up_to(up_to[stream]).count for stream, ids in self._pending().items())
        return records + self.progress.dead_letters.waiting_count(is_queued=False)

    def _pending(self) -> dict[str, IdRanges]:
        released = self._current_journal().released
        return {stream: self.progress.pending(stream, released(stream)) for stream in STREAMS}

    def drain_once(self) -> Step:
        """Send one batch, or find that there is nothing to send.

        Raises JournalMissing, JournalUnusable, JournalTooNew; JournalFull while uploader.db cannot be read or written:
        until then nothing is sent.
        """
        with our_errors("use", self.progress.path):
            if not self._has_room:
                self.progress.look_for_room()
                self._note()
            journal = self._current_journal()
            if self._monotonic() >= self._next_due:
                self._begin_round(journal)
            batch = self._choose(journal)
            if self._was_changed():
                batch = self._choose(journal)
            if batch is None:
                return Step(self._idle_seconds(), is_idle=True)
            if batch.lines:
                return self._send(batch)
            self._settle(batch, NONE, batch.ids)
            return Step()

    def _current_journal(self) -> Journal:
        journal = self._source.current()
        if journal is not self._journal:
            self.reporter.tell(self.progress.see(journal))
            self._suspects = Suspects()
            self._frontier = self._floor = {}
            self._next_due = self._monotonic()
            self._journal = journal
        return journal

    def _begin_round(self, journal: Journal) -> None:
        self.progress.catch_up(journal)
        now, every_seconds = self._monotonic(), self._rarer(journal, self._every_seconds)
        self._next_due += every_seconds
        if self._next_due <= now:
            self._next_due = now + every_seconds
        self._floor = {**self._floor, **{each: last for each, last in self._frontier.items() if each not in self._due}}
        self._frontier = {stream: max((last for _, last in journal.released(stream)), default=0) for stream in STREAMS}
        self._due = list(DUE_ORDER)

    def _was_changed(self) -> bool:
        """Whether another program wrote to uploader.db, a replay for example. If so, no record counts as too old any
        more."""
        if not self.progress.was_changed_by_others():
            return False
        self._keeps_from_ms = None
        known = self.progress.state()
        self._state = replace(self._state, expired=known.expired, keeps=known.keeps)
        return True

    def _choose(self, journal: Journal) -> Batch | None:
        batches, size = Batches(journal, self.progress, self._keeps_from_ms), self._size.size
        while self._due and not self._suspects.is_full:
            stream = self._due[0]
            if batch := batches.newest(stream, size, self._suspects.ids(stream), above=self._floor.get(stream, 0)):
                return batch
            self._due.pop(0)
        if part := self._suspects.next(size):
            return batches.suspect(*part)
        if batch := batches.letters(size, self._suspects.ids(LETTERS)):
            return batch
        if self._monotonic() >= self._backlog_from():
            for stream in BACKLOG_ORDER:
                up_to = self._frontier.get(stream, 0)
                if batch := batches.oldest(stream, size, self._suspects.ids(stream), up_to=up_to):
                    return batch
        part = self._suspects.next(size, is_last_resort=True)
        return batches.suspect(*part) if part else None

    def _idle_seconds(self) -> float:
        now, backlog_from = self._monotonic(), self._backlog_from()
        until = min(self._next_due, backlog_from) if backlog_from > now else self._next_due
        return max(until - now, 0.0)

    def _send(self, batch: Batch) -> Step:
        self.reporter.attempt(count := len(batch.lines))
        began, bytes_before = self._monotonic(), self._writer.bytes_on_wire
        outcome = self._writer.write([line.text for line in batch.lines])
        seconds, size = self._monotonic() - began, self._writer.bytes_on_wire - bytes_before
        self.progress.traffic.add(size, self._now_ms())
        if batch.kind != "newest":
            self._backlog_bytes, self._backlog_at = size, self._monotonic()
        elif self._budget:
            self._budget = replace(self._budget, newest_bytes_per_second=size / self._every_seconds)
        match outcome:
            case Sent():
                return self._taken(batch, outcome, NONE, seconds)
            case Expired(dropped=int(dropped)) if 0 < dropped <= count:
                oldest = sorted(batch.lines, key=lambda line: line.time_ms)[:dropped]
                self._expire(outcome, dropped)
                return self._taken(batch, outcome, IdRanges.of_ids(line.id for line in oldest), seconds)
        return self._failed(batch, outcome)

    def _taken(self, batch: Batch, outcome: Outcome, expired: IdRanges, seconds: float) -> Step:
        """Go on after the server stored the batch, except the records that are too old for it."""
        count = len(batch.lines)
        self._failures = self._condemned = 0
        self._size = self._size.sent(count, seconds)
        self._state = self.reporter.recovered(self._state, self._now_ms(), was_sent=True)
        self._settle(batch, IdRanges.of_ids(line.id for line in batch.lines) - expired, batch.ids)
        if batch.kind == "newest":
            self._due.pop(0)
        return Step(outcome=outcome, sent=count - expired.count)

    def _failed(self, batch: Batch, outcome: Outcome) -> Step:
        """Go on after the server did not store the whole batch: which record can it not take?"""
        count, size_before = len(batch.lines), self._size
        failure = Failure.of(outcome, count)
        verdict = self._suspects.failed(batch.kind, batch.stream, batch.ids, failure)
        if isinstance(outcome, TooLarge):
            self._size = self._size.too_large(count)
        elif isinstance(outcome, Unreachable) and outcome.is_strained and verdict == "unknown":
            self._size = self._size.strained(count)
        if failure and failure.is_word:
            self._failures = 0
            self._state = self.reporter.recovered(self._state, self._now_ms(), was_sent=False)
        if verdict == "condemned":
            return self._condemn(batch, outcome)
        if verdict == "unknown" and isinstance(outcome, TooLarge):
            reason = f"the server or a proxy does not accept even one reading (413: {outcome.words})"
            remedy = "allow larger requests there (nginx: client_max_body_size)"
            outcome = Misconfigured(reason, remedy, 413, may_be_content=True)
        if verdict == "unknown" and isinstance(outcome, Unreachable | Misconfigured):
            return self._wait(outcome, count, is_news=self._size.size != size_before.size)
        return Step(outcome=outcome)

    def _condemn(self, batch: Batch, outcome: Outcome) -> Step:
        count = len(batch.lines)
        if isinstance(outcome, Expired):
            self._expire(outcome, count)
            self._settle(batch, NONE, batch.ids)
            return Step(outcome=outcome)
        words = str(getattr(outcome, "words", "") or getattr(outcome, "reason", ""))
        refusal = Refusal(batch.lines, words, getattr(outcome, "status", 0), self._now_ms())
        self.reporter.refused(batch.stream, refusal)
        self._settle(batch, NONE, batch.ids, refusal)
        self._condemned += 1
        step = Step(outcome=outcome, refused=count)
        if self._condemned < CONDEMNED_BEFORE_PAUSE:
            return step
        reason = f"the server refuses one reading after another ({words})"
        pause = self._wait(Misconfigured(reason, "`solar dead-letters list` shows them", 0), count)
        return replace(step, wait_seconds=pause.wait_seconds)

    def _expire(self, outcome: Expired, count: int) -> None:
        self._state = self.reporter.expired(self._state, count, outcome)
        if outcome.keeps_from_ms is not None:
            self._keeps_from_ms = max(outcome.keeps_from_ms, self._keeps_from_ms or outcome.keeps_from_ms)

    def _wait(self, outcome: Unreachable | Misconfigured, count: int, *, is_news: bool = False) -> Step:
        """Nothing gets through: send the same readings again later."""
        now = self._monotonic()
        self._failures += 1
        if self._failures == 1:
            self._failing_since = now
        asked = 0.0
        if isinstance(outcome, Misconfigured):
            wait = self._backoff.misconfigured(self._chance())
        else:
            asked = outcome.retry_after_seconds or 0.0
            wait = self._backoff.seconds(self._failures, now - self._failing_since, asked, self._chance())
        self._state = self.reporter.failed(self._state, outcome, count, wait, self._now_ms())
        if self.reporter.is_worth_writing(self._state, now) or is_news:
            self._note()
        return Step(wait, outcome, asked_seconds=min(asked, wait))

    def _settle(self, batch: Batch, sent: IdRanges, done: IdRanges, refusal: Refusal | None = None) -> None:
        """Record that the whole batch is settled, and which part of it was stored."""
        self._suspects.taken(batch.kind, batch.stream, batch.ids, is_witness=bool(sent))
        if batch.expired and self._was_changed():
            done -= batch.expired
        elif batch.expired:
            self._state = self.reporter.expired(self._state, batch.expired.count)
        settled = Settled(batch.stream, sent, done - sent, refusal, batch.mark)
        self._has_room = False
        self.progress.settle(settled, self._state, self._size)
        self._has_room = True

    def _note(self) -> None:
        self._has_room = False
        self.progress.note(self._state, self._size)
        self._has_room = True

    def _backlog_from(self) -> float:
        """When the backlog may go on. Calculated each time, because the clock may have been corrected."""
        if not self._budget or not self._backlog_bytes:
            return 0.0
        used = self.progress.traffic.this_month(self._now_ms())
        now = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        pause = self._budget.pause_seconds(used, self._backlog_bytes, now)
        self._state = self.reporter.paced(self._state, pause, used, self._budget.monthly_megabytes)
        return self._backlog_at + pause
