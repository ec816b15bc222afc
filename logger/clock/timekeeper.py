"""Gives each record its time on the way to the journal, or holds it and dates it later.

`look` runs before each reading: is the wall clock right, was it set? `work` runs after the reading and dates some held
records at a time, so that months of them do not delay the next reading. The decision is stored as the boot's anchor
before any record is dated by it: after a power cut half way, the remaining records are dated by the same anchor.

    event           when
    clock_trusted   the first evidence in this boot that the wall clock is right; not with SOLAR_CLOCK=trust
    clock_stepped   the wall clock was set; what is done about it
    clock_refused   a time that cannot be right, or a jump that did not last
    boot_dated      a boot whose clock was never confirmed was dated from the boots before and after it
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from journal.boots import Anchor, Boot, stretch_name
from journal.errors import JournalFull
from journal.reading import STREAMS, Day, Reading, Record
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock
from logger.clock.resumed import resume
from logger.clock.timebase import Timebase
from logger.clock.trust import TimeSource, TrustSetting, absurd, confirm
from logger.clock.undated_boots import UndatedBoots
from logger.events.change import Change
from logger.events.durations import spoken

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 250
ANCHOR_SECONDS = 6 * 3600.0
"""How often a renewed anchor is stored: each time wears the SD card like a reading."""
CLOCK_WAIT_SECONDS = 600.0
"""The regulator's clock in this boot helps to date earlier boots; this is how long to wait for its first reading."""


@dataclass(frozen=True, slots=True)
class Dated:
    """What `work` did: how many records have their times now, and events about it."""

    records: int
    changes: tuple[Change, ...] = ()


class Timekeeper:
    """The times of one boot, and of earlier boots that were never dated."""

    def __init__(
        self,
        journal: JournalWriter,
        clock: Clock,
        boot_id: str,
        time_source: TimeSource,
        *,
        trust_notes: Callable[[], Anchor | None] = lambda: None,
        clock_wait_seconds: float = CLOCK_WAIT_SECONDS,
    ) -> None:
        """`trust_notes` returns each note once (trust_note.py). `clock_wait_seconds`: see CLOCK_WAIT_SECONDS."""
        self._journal = journal
        self._clock = clock
        self._boot_id = boot_id
        self._time_source = time_source
        self._trust_notes = trust_notes
        self._clock_wait_ms = clock_wait_seconds * 1000
        is_trusting = isinstance(time_source, TrustSetting)
        self._began_ms = clock.now().uptime_ms
        this = resume(journal, boot_id, uptime_ms=self._began_ms, is_trusting=is_trusting)
        self.boot, self._stretch, self._written = this.boot.number, this.nth, this.boot.anchor
        self._base = Timebase(
            anchor=this.anchor,
            stretch=this.nth,
            is_anchored=this.boot.anchor is not None,
            last_trusted_ms=this.last_trusted_ms,
            last_certain_ms=this.last_certain_ms,
            is_trusting=is_trusting,
        )
        self._floor_ms = self._last_times()
        self._may_have_held = True
        self._waiting: list[Change] = []
        self._waiting = self.look()
        if self.anchor is None:
            log.info("readings are held until the computer's clock is confirmed; see `solar clock`")

    @property
    def anchor(self) -> Anchor | None:
        """When the time was last certain in this boot; None while records are held."""
        return self._base.expected

    def append(self, record: Record) -> int:
        """Store a record whose `time_ms` is what the wall clock showed: with the right time, or held."""
        if isinstance(record, Day):
            return self._journal.append(record)
        self._settle()
        stamp = self._base.stamp(record.time_ms, record.uptime_ms)
        if stamp.is_held:
            return self._journal.append(replace(record, boot=self.boot), is_held=True)
        stream = next(stream for stream, kind in STREAMS.items() if isinstance(record, kind))
        time_ms = max(stamp.time_ms, self._floor_ms.get(stream, stamp.time_ms))
        placed = replace(record, boot=self.boot, time_ms=time_ms, wall_ms=stamp.wall_ms)
        if isinstance(placed, Reading):
            placed = replace(placed, time_uncertainty_seconds=stamp.uncertainty_seconds)
        record_id = self._journal.append(placed)
        self._floor_ms[stream] = time_ms
        return record_id

    def look(self) -> list[Change]:
        """Check whether the wall clock is right; the events, if anything changes."""
        changes, self._waiting = self._waiting, []
        if (word := self._trust_notes()) is not None:
            changes.append(self.believe(word))
        change = self._base.look(*confirm(self._clock, self._time_source))
        if change:
            log.log(logging.INFO if change.kind == "clock_trusted" else logging.WARNING, "%s", change.message)
            changes.append(change)
        return changes

    def believe(self, person: Anchor) -> Change:
        """Accept a person's confirmation; the event."""
        change = self._base.believe(person)
        if change is None:
            words = f"a person confirmed the computer's clock, but it was {absurd(person.time_ms)}"
            change = Change("clock_refused", words)
        log.info("%s", change.message)
        return change

    def work(self, seconds: float) -> Dated:
        """Date held records for so many seconds, at least one portion, if any can be dated now."""
        until = self._clock.monotonic() + seconds
        records = 0
        changes: list[Change] = []
        try:
            self._settle()
            while self._may_have_held:
                dated = self._date_portion()
                records += dated.records
                changes += dated.changes
                if self._clock.monotonic() >= until or not (dated.records or dated.changes):
                    break
        except JournalFull as error:
            log.debug("cannot date the held readings: %s; trying again later", error)
        return Dated(records, tuple(changes))

    def close(self) -> None:
        """Store when the time was last certain."""
        try:
            self._settle(is_last=True)
        except JournalFull as error:
            log.debug("cannot store the anchor: %s; trying again later", error)

    def _settle(self, *, is_last: bool = False) -> None:
        """Bring the journal's boots in line with the timebase."""
        if self._stretch != self._base.stretch:
            self.boot = self._journal.boot_number(stretch_name(self._boot_id, self._base.stretch))
            self._stretch, self._written, self._floor_ms = self._base.stretch, None, {}
        anchor = self._base.expected
        if anchor is None or anchor == self._written:
            return
        is_new = self._written is None
        if not is_new and self._may_have_held and not is_last:
            return  # records that are still being dated need one and the same anchor
        age = 0.0 if self._written is None else (anchor.uptime_ms - self._written.uptime_ms) / 1000
        if is_new or is_last or age >= ANCHOR_SECONDS or anchor.source != self._written_source:
            self._journal.write_anchor(self.boot, anchor)
            self._written = anchor
            self._may_have_held = self._may_have_held or is_new

    @property
    def _written_source(self) -> str | None:
        return self._written.source if self._written else None

    def _date_portion(self) -> Dated:
        undated_boots = UndatedBoots(self._journal)
        for number, entry in undated_boots.boots.items():
            if entry.boot.anchor and any(span.is_held for _, span in entry.spans):
                return Dated(self._journal.date(number, limit=ROWS_AT_ONCE))
        if not undated_boots.exist():
            self._may_have_held = False
            return Dated(0)
        waited_ms = self._clock.now().uptime_ms - self._began_ms
        if not undated_boots.has_phase(self.boot) and waited_ms < self._clock_wait_ms:
            return Dated(0)
        return Dated(0, tuple(_told(boot) for boot in undated_boots.date()))

    def _last_times(self) -> dict[str, int]:
        times = {}
        for stream, kind in STREAMS.items():
            record = self._journal.get(stream, self._journal.last_id(stream))
            is_held = any(last == self._journal.last_id(stream) for _, last in self._journal.held(stream))
            if isinstance(record, kind) and not isinstance(record, Day) and record.boot == self.boot and not is_held:
                times[stream] = record.time_ms
        return times


def _told(boot: Boot) -> Change:
    anchor = boot.anchor
    if anchor is None:
        raise ValueError(f"boot {boot.number} has no anchor")
    when = datetime.fromtimestamp(anchor.time_ms / 1000, UTC)
    words = (
        f"an earlier run of this computer, whose clock was never confirmed, was about {when:%Y-%m-%d %H:%M} UTC, "
        f"give or take {spoken(round(anchor.uncertainty_seconds))}: {anchor.source}"
    )
    log.info("%s", words)
    return Change("boot_dated", words)
