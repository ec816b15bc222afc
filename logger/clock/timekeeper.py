"""Gives each record its time on the way to the journal, or holds it and dates it later.

`look` runs before each reading: is the wall clock right, was it set? `work` runs after the reading and dates some held
records at a time, so that months of them do not delay the next reading. The decision is stored as the boot's anchor
before any record is dated by it: after a power cut half way, the remaining records are dated by the same anchor.

    event           when
    clock_trusted   the first evidence in this boot that the wall clock is right; not with SOLAR_CLOCK=trust
    clock_stepped   the wall clock was set; what is done about it
    clock_refused   a time that cannot be right, or a jump that did not last
    boot_dated      a boot whose clock was never confirmed was dated from the boots before and after it

After a restart in the same boot its last stretch goes on, by the anchor in the journal. A new stretch begins if that no
longer counts:

    the boot clock has started again     its uptime is below that of the last record, though the boot id is the same
                                         (a virtual machine that was put back)
    SOLAR_CLOCK=trust is not set now     the anchor came from that setting, and nothing confirms it any more
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from journal.boots import Anchor, Boot, stated, stretch_name
from journal.errors import JournalFull
from journal.reading import Day, Reading, Record
from journal.spans import STEP_MS
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock
from logger.clock.timebase import Timebase
from logger.clock.trust import KERNEL, TRUST_SETTING, TimeSource, TrustSetting, absurd, confirm
from logger.clock.undated_boots import UndatedBoots
from logger.events.change import Change
from logger.events.durations import spoken

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 250
ANCHOR_SECONDS = 6 * 3600.0
"""How often a renewed anchor is stored, if it has not moved by a second: each time wears the SD card like a reading."""
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
        self._began_ms = clock.now().uptime_ms
        this, self._base = _resume(journal, boot_id, self._began_ms, is_trusting=isinstance(time_source, TrustSetting))
        self.boot, self._stretch, self._written = this.number, self._base.stretch, this.anchor
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
        """Store a record whose `time_ms` is what the wall clock showed: with the right time, or held.

        A new anchor of the same stretch is at most STEP_MS off the old one, and the journal lets no time fall by so
        little: times within a stretch do not run backwards (Spans.place).
        """
        if isinstance(record, Day):
            return self._journal.append(record)
        self._settle()
        anchor = self.anchor
        if anchor is None:
            return self._journal.append(replace(record, boot=self.boot), is_held=True)
        time_ms = anchor.time_at(record.uptime_ms)
        wall_ms = record.time_ms if abs(record.time_ms - time_ms) > STEP_MS else None
        placed = replace(record, boot=self.boot, time_ms=time_ms, wall_ms=wall_ms)
        if isinstance(placed, Reading):
            placed = replace(placed, time_uncertainty_seconds=stated(anchor.uncertainty_at(record.uptime_ms)))
        return self._journal.append(placed)

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
            self._stretch, self._written = self._base.stretch, None
        anchor = self._base.expected
        if anchor is None or anchor == self._written:
            return
        written = self._written
        if written and self._may_have_held and not is_last:
            return  # records that are still being dated need one and the same anchor
        if (
            written is None
            or is_last
            or anchor.uptime_ms - written.uptime_ms >= 1000 * ANCHOR_SECONDS
            or anchor.source != written.source
            or abs(anchor.offset_ms - written.offset_ms) > STEP_MS // 2
        ):
            self._journal.write_anchor(self.boot, anchor)
            self._written = anchor
            self._may_have_held = self._may_have_held or written is None

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
        return Dated(0, tuple(_told(anchor) for anchor in undated_boots.date()))


def _resume(journal: JournalWriter, boot_id: str, uptime_ms: int, *, is_trusting: bool) -> tuple[Boot, Timebase]:
    """The boot's last stretch, or a new one; and the time in it, as far as the journal knows."""
    known = UndatedBoots(journal)
    boots = [entry.boot for entry in known.boots.values()]
    stretches = [boot for boot in boots if boot.boot_id == boot_id]
    anchor: Anchor | None = None
    last_ms = 0
    for boot in stretches:
        first_ms, end_ms = known.uptimes_ms(boot.number) or (last_ms, last_ms)
        anchor, last_ms = boot.anchor or (anchor if first_ms >= last_ms else None), end_ms
    has_started_again = last_ms > uptime_ms
    if has_started_again or (anchor and anchor.source == TRUST_SETTING and not is_trusting):
        anchor = None
    if not stretches or has_started_again or (stretches[-1].anchor and not anchor):
        name = stretch_name(boot_id, len(stretches) + 1)
        stretches.append(Boot(journal.boot_number(name), name, None))
    certain = [boot.anchor for boot in boots if boot.anchor and boot.boot_id != boot_id]
    return stretches[-1], Timebase(
        anchor=anchor,
        stretch=len(stretches),
        is_anchored=stretches[-1].anchor is not None,
        last_trusted_ms=known.last_trusted_ms(stretches[0].number),
        # The kernel, while it is synchronised, sets a hardware clock.
        last_certain_ms=max((each.time_ms for each in certain if each.source == KERNEL), default=None),
        is_trusting=is_trusting,
    )


def _told(anchor: Anchor) -> Change:
    when = datetime.fromtimestamp(anchor.time_ms / 1000, UTC)
    words = (
        f"an earlier run of this computer, whose clock was never confirmed, was about {when:%Y-%m-%d %H:%M} UTC, "
        f"give or take {spoken(round(anchor.uncertainty_seconds))}: {anchor.source}"
    )
    log.info("%s", words)
    return Change("boot_dated", words)
