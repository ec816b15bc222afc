"""Drain: chooses a batch, writes it, moves on. One step at a time; who waits between the steps is in drain_loop.

    due         every SOLAR_UPLOAD_EVERY seconds: the readings that are new since the last time, then events, then days
    jobs        batches that were refused, being halved until each bad reading stands alone
    retried     dead letters that a person wants tried again
    backlog     what was pending when the last round began: oldest first

The first that has something to send is the next step. So after an outage the first request carries the newest readings,
and while the backlog drains new ones go out in between, as often as they should and no more often.

Rules:
- Send, then write it down, never the other way: a crash in between repeats one request, unchanged.
- Nothing is dropped. What the server refuses alone, twice, is a dead letter; what makes it stumble is set aside.
- Offline, any step is a failure and the next one comes after a backoff; only a success ends the failing.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from journal.errors import JournalFull
from journal.journal import Journal
from journal.reading import STREAMS
from uploader.drain.backoff import Backoff
from uploader.drain.data_budget import Allowance
from uploader.drain.job import Job, Verdict
from uploader.drain.journal_source import JournalSource
from uploader.drain.quarantine import Aside
from uploader.drain.reporting import Diary
from uploader.drain.selection import Selection
from uploader.drain.step import Step
from uploader.progress.dead_letters import Refusal
from uploader.progress.id_ranges import IdRanges
from uploader.progress.item import Batch, Item
from uploader.progress.progress import Progress
from uploader.progress.state import Settled
from uploader.server.outcomes import Misconfigured, Outcome, Sent, TooLarge, Unreachable

DUE_ORDER = ("readings", "events", "days")
BACKLOG_ORDER = ("events", "days", "readings")
SERVER_ERRORS_BEFORE_HUNT = 10


class Writer(Protocol):
    """Influx, or what stands in for it in a simulation."""

    @property
    def bytes_on_wire(self) -> int: ...

    def write(self, lines: Sequence[str]) -> Outcome: ...


class Drain:
    """The uploader's one worker. Everything it needs is handed in; `monotonic` is in seconds."""

    def __init__(
        self,
        source: JournalSource,
        writer: Writer,
        progress: Progress,
        site: str,
        *,
        diary: Diary,
        every_seconds: float = 60.0,
        monthly_megabytes: float | None = None,
        backoff: Backoff | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.progress = progress
        self.diary = diary
        self._source = source
        self._writer = writer
        self._site = site
        self._every_seconds = every_seconds
        self._allowance = Allowance(monthly_megabytes) if monthly_megabytes else None
        self._backoff = backoff or Backoff()
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._chance = chance
        self._journal: Journal | None = None
        self._state = progress.state()
        self._size = progress.batch_size()
        self._has_attempted = False
        self._due: list[str] = []
        self._next_due = monotonic()
        self._frontier: Mapping[str, int] = {}
        self._floor: Mapping[str, int] = {}
        self._jobs: deque[Job] = deque()
        self._aside = Aside()
        self._failures = 0
        self._failing_since = 0.0
        self._successes = 0
        self._server_errors: dict[tuple[str, str], list[int]] = {}
        self._backlog_from = 0.0

    @property
    def put_off(self) -> int:
        """How many readings are set aside for a while."""
        return self._aside.count()

    def last_pending(self) -> dict[str, int]:
        """The newest pending id of each stream, 0 where nothing is pending."""
        selection = self._selection()
        return {stream: selection.pending(stream).last for stream in STREAMS}

    def pending_count(self, up_to: Mapping[str, int]) -> int:
        """How many records up to these ids are to be sent; one that was pruned counts until the drain gets there."""
        selection = self._selection()
        records = sum(selection.pending(stream).up_to(last).count for stream, last in up_to.items())
        return records + self.progress.dead_letters.waiting_count()

    def drain_once(self) -> Step:
        """Send one batch, or find that there is nothing to send.

        Raises JournalMissing, JournalUnusable or JournalTooNew when the journal cannot be read.
        """
        selection = self._selection()
        if self._monotonic() >= self._next_due:
            self._catch_up()
            self._begin_round(selection)
        while True:
            job = None
            batch = self._newest(selection)
            if batch is None and self._jobs:
                job = self._jobs[0]
                job.limit(self._size.size)
                batch = replace(job.batch, items=job.items)
            if batch is None:
                batch = selection.retried(self._size.size) or self._oldest(selection)
            if batch is None:
                return Step(self._idle_seconds(), is_idle=True)
            if batch.items:
                return self._send(batch, job)
            self._settle(Settled(batch.stream, IdRanges(), batch.covers))

    def _selection(self) -> Selection:
        journal = self._source.current()
        if journal is not self._journal:
            ids = {stream: journal.last_id(stream) for stream in STREAMS}
            self.diary.tell(self.progress.adopt(journal.identity(), self._site, ids))
            self._jobs.clear()
            self._aside = Aside()
            self._frontier = self._floor = {}
            self._next_due = self._monotonic()
            self._journal = journal
        return Selection(journal, self.progress)

    def _catch_up(self) -> None:
        try:
            self.progress.catch_up(self._source.current())
        except JournalFull as error:
            self.diary.no_room(error)

    def _begin_round(self, selection: Selection) -> None:
        now = self._monotonic()
        self._next_due += self._every_seconds
        if self._next_due <= now:
            self._next_due = now + self._every_seconds
        went_out = {stream: last for stream, last in self._frontier.items() if stream not in self._due}
        self._floor = {**self._floor, **went_out}
        self._frontier = {stream: selection.newest_id(stream) for stream in STREAMS}
        self._due = list(DUE_ORDER)

    def _newest(self, selection: Selection) -> Batch | None:
        while self._due:
            stream = self._due[0]
            above = self._floor.get(stream, 0)
            if batch := selection.newest(stream, self._size.size, self._kept_back(stream), above=above):
                return batch
            self._due.pop(0)
        return None

    def _oldest(self, selection: Selection) -> Batch | None:
        if self._monotonic() < self._backlog_from:
            return None
        for stream in BACKLOG_ORDER:
            up_to = self._frontier.get(stream, 0)
            if batch := selection.oldest(stream, self._size.size, self._kept_back(stream), up_to=up_to):
                return batch
        return None

    def _kept_back(self, stream: str) -> IdRanges:
        in_hand = [each for job in self._jobs if job.batch.stream == stream for each in job.open_ids]
        return IdRanges.of(in_hand) | self._aside.ids(stream, self._monotonic())

    def _idle_seconds(self) -> float:
        now = self._monotonic()
        moments = [self._next_due] + [self._backlog_from] * (self._backlog_from > now)
        return max(min(moments) - now, 0.0)

    def _send(self, batch: Batch, job: Job | None) -> Step:
        if not self._has_attempted:
            self.progress.note_first_attempt()
            self._has_attempted = True
        self.diary.attempt(len(batch.items))
        began, bytes_before = self._monotonic(), self._writer.bytes_on_wire
        outcome = self._writer.write([item.line for item in batch.items])
        seconds, size = self._monotonic() - began, self._writer.bytes_on_wire - bytes_before
        self.progress.traffic.add(size, self._now_ms())
        step = Step(0.0, outcome, batch.kind, batch.stream, len(batch.items))
        if isinstance(outcome, Unreachable | Misconfigured):
            return self._failed(step, outcome, batch, job)
        self._failures = 0
        self._state = self.diary.recovered(self._state, self._now_ms(), was_sent=isinstance(outcome, Sent))
        if isinstance(outcome, Sent):
            self._successes += 1
            self._size = self._size.sent(len(batch.items), seconds)
        elif isinstance(outcome, TooLarge):
            self._size = self._size.too_large(len(batch.items))
        self._pace(batch, size)
        if job is not None:
            return self._rule(step, job, outcome)
        self._server_errors.pop((batch.kind, batch.stream), None)
        if isinstance(outcome, Sent):
            self._settle(replace(_stored(batch.stream, batch.items), done=batch.covers))
            self._pop_due(batch)
            return replace(step, sent=len(batch.items))
        if isinstance(outcome, TooLarge) and len(batch.items) > 1:
            return step
        return self._rule(step, self._open(Job(batch)), outcome)

    def _rule(self, step: Step, job: Job, outcome: Outcome) -> Step:
        """Tell the job what came of its items, and settle what that settles."""
        if job.is_hunt and not isinstance(outcome, Sent | Unreachable):
            job = self._part(job, is_hunt=False)
        verdict = job.rule(outcome)
        condemned, stored = verdict.ruling.condemned, _stored(job.batch.stream, verdict.ruling.accepted)
        refusal, put_off, done = None, IdRanges(), IdRanges()
        ids = IdRanges.of_ids(item.id for item in condemned if item.letter is None)
        if condemned and job.is_hunt and job.batch.kind != "retry":
            put_off = ids
            self._aside.add(job.batch.stream, ids, self._monotonic())
            self.diary.put_off(condemned)
        elif condemned:
            refusal, done = self._refusal(condemned, verdict), ids
        job.open_ids = job.open_ids - stored.sent - ids
        if not job.items:
            self._jobs.remove(job)
            done |= job.holes
        if verdict.ruling.accepted or refusal or done:
            self._settle(replace(stored, done=done, refusal=refusal))
        return replace(
            step,
            sent=len(verdict.ruling.accepted),
            refused=len(refusal.items) if refusal else 0,
            put_off=put_off.count,
        )

    def _refusal(self, items: tuple[Item, ...], verdict: Verdict) -> Refusal:
        words = verdict.words or "the server reports an error of its own whenever this is sent"
        refusal = Refusal(items, words, verdict.status or 500, self._now_ms())
        self.diary.refused(refusal)
        return refusal

    def _failed(self, step: Step, outcome: Unreachable | Misconfigured, batch: Batch, job: Job | None) -> Step:
        now = self._monotonic()
        self._failures += 1
        if self._failures == 1:
            self._failing_since = now
        asked = 0.0
        size_before = self._size.size
        if isinstance(outcome, Misconfigured):
            wait = self._backoff.misconfigured(self._chance())
        else:
            if outcome.is_strained:
                self._size = self._size.strained(len(batch.items))
            asked = outcome.retry_after_seconds or 0.0
            wait = self._backoff.seconds(self._failures, now - self._failing_since, asked, self._chance())
        self._state = self.diary.failed(self._state, outcome, len(batch.items), wait, self._now_ms())
        if self.diary.is_worth_writing(self._state, now) or self._size.size != size_before:
            self._write_state()
        step = replace(step, wait_seconds=wait, asked_seconds=min(asked, wait))
        if isinstance(outcome, Unreachable) and outcome.is_server_error:
            return self._stumbled(step, outcome, batch, job)
        return step

    def _stumbled(self, step: Step, outcome: Unreachable, batch: Batch, job: Job | None) -> Step:
        """A 500 that may be one reading's doing: after ten in a row, hunt for it."""
        if job is not None and job.is_hunt:
            return self._rule(step, job, outcome)
        if job is not None:
            job.server_errors += 1
            if job.server_errors < SERVER_ERRORS_BEFORE_HUNT:
                return step
            return self._rule(step, self._part(job, is_hunt=True), outcome)
        count_and_successes = self._server_errors.setdefault((batch.kind, batch.stream), [0, self._successes])
        count_and_successes[0] += 1
        if count_and_successes[0] < SERVER_ERRORS_BEFORE_HUNT:
            return step
        del self._server_errors[batch.kind, batch.stream]
        hunt = Job(batch, is_hunt=True, has_evidence=self._successes > count_and_successes[1])
        return self._rule(step, self._open(hunt), outcome)

    def _open(self, job: Job) -> Job:
        self._jobs.append(job)
        self._pop_due(job.batch)
        return job

    def _part(self, job: Job, *, is_hunt: bool) -> Job:
        """Give the job's next items to one that looks for the other kind of culprit, and comes first."""
        part = job.part(is_hunt=is_hunt)
        job.server_errors = 0
        self._jobs.appendleft(part)
        if not job.items:
            self._jobs.remove(job)
            if job.holes:
                self._settle(Settled(job.batch.stream, IdRanges(), job.holes))
        return part

    def _pop_due(self, batch: Batch) -> None:
        if batch.kind == "newest" and self._due:
            self._due.pop(0)

    def _pace(self, batch: Batch, size: int) -> None:
        """Let the backlog wait when the month's allowance runs out."""
        if not self._allowance:
            return
        if batch.kind == "newest":
            self._allowance = replace(self._allowance, newest_bytes_per_second=size / self._every_seconds)
            return
        used = self.progress.traffic.this_month(self._now_ms())
        now = datetime.fromtimestamp(self._now_ms() / 1000, UTC)
        pause = self._allowance.pause_seconds(used, size, now)
        self._backlog_from = self._monotonic() + pause
        self._state = self.diary.paced(self._state, pause, used, self._allowance.monthly_megabytes)

    def _settle(self, settled: Settled) -> None:
        try:
            self.progress.settle(settled, self._state, self._size)
        except JournalFull as error:
            self.diary.no_room(error)

    def _write_state(self) -> None:
        try:
            self.progress.note(self._state, self._size)
        except JournalFull as error:
            self.diary.no_room(error)


def _stored(stream: str, items: Sequence[Item]) -> Settled:
    ids = IdRanges.of_ids(item.id for item in items if item.letter is None)
    letters = tuple(item.letter for item in items if item.letter is not None)
    return Settled(stream, ids, IdRanges(), letters=letters)
