"""Boots without an anchor: finds one for each (anchor_estimate.py) and stores it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from journal.boots import Anchor, Boot
from journal.reading import TIMED
from journal.spans import Span
from journal.writer import JournalWriter
from logger.clock.anchor_estimate import UndatedBoot, date_boots
from logger.clock.regulator_clock import Phase, Sample, central_phase, phase_of
from logger.clock.trust import EARLIEST_MS

SAMPLES = 40
PHASES = 20
PHASES_LOOKED_AT = 400
CERTAIN_SECONDS = 20.0
"""A reading whose time is less certain is not used for the regulator's phase."""


@dataclass(slots=True)
class BootSpans:
    """A boot and its stretches of ids in each of TIMED."""

    boot: Boot
    spans: list[tuple[str, Span]] = field(default_factory=list)

    @property
    def is_undated(self) -> bool:
        return self.boot.anchor is None and any(span.is_held for _, span in self.spans)

    @property
    def released(self) -> list[Span]:
        return [span for _, span in self.spans if not span.is_held]


class UndatedBoots:
    """Every boot in the journal, as it is now."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal
        self.boots = {boot.number: BootSpans(boot) for boot in journal.boots()}
        for stream in TIMED:
            for span in journal.spans(stream):
                if span.boot in self.boots:
                    self.boots[span.boot].spans.append((stream, span))

    def exist(self) -> bool:
        """Whether there are boots with held records and no anchor, before a boot with an anchor."""
        return any(self._chains())

    def date(self) -> list[Anchor]:
        """Give every such boot an anchor; returns these."""
        given = []
        for chain, after, anchor in self._chains():
            for entry, found in zip(chain, self._anchors(chain, after, anchor), strict=True):
                self._journal.write_anchor(entry.boot.number, found)
                given.append(found)
        return given

    def last_trusted_ms(self, before: int) -> int | None:
        """The earliest end of the last boot with trusted times before the one of that number."""
        earlier = self._earlier(before)
        return self._end_ms(earlier[-1]) if earlier else None

    def has_phase(self, number: int) -> bool:
        """Whether a reading of that boot shows the regulator's clock."""
        return self._phase(self.boots[number], newest_first=False) is not None

    def _chains(self) -> Iterable[tuple[list[BootSpans], BootSpans, Anchor]]:
        """Undated boots in a row, and the boot after them with its anchor."""
        chain: list[BootSpans] = []
        for entry in self.boots.values():
            if entry.is_undated:
                chain.append(entry)
            elif entry.boot.anchor:
                if chain:
                    yield chain, entry, entry.boot.anchor
                chain = []

    def _anchors(self, chain: Sequence[BootSpans], after: BootSpans, anchor: Anchor) -> list[Anchor]:
        # The next boot's first record was taken then, at the latest. When its kernel started says nothing: a journal
        # may have come here from a computer that was running meanwhile.
        first_ms, _ = self.uptimes_ms(after.boot.number) or (anchor.uptime_ms, anchor.uptime_ms)
        before_ms = anchor.time_at(first_ms) + round(1000 * anchor.uncertainty_at(first_ms))
        earlier = [entry for entry in self._earlier(chain[0].boot.number) if self._end_ms(entry) <= before_ms]
        last = max(earlier, key=self._end_ms, default=None)
        phases = (self._phase(last, newest_first=True) if last else None, self._phase(after, newest_first=False))
        return date_boots(
            [self._undated(entry) for entry in chain],
            after_ms=self._end_ms(last) if last else None,
            before_ms=before_ms,
            earliest_ms=EARLIEST_MS,
            phases=[phase for phase in phases if phase],
        )

    def _earlier(self, number: int) -> list[BootSpans]:
        return [entry for entry in self.boots.values() if entry.boot.number < number and entry.released]

    def _end_ms(self, entry: BootSpans) -> int:
        """The end of its trusted records, at the earliest."""
        last_ms = max(span.last_ms for span in entry.released)
        anchor = entry.boot.anchor
        return last_ms - round(1000 * anchor.uncertainty_at(last_ms - anchor.offset_ms)) if anchor else last_ms

    def uptimes_ms(self, number: int) -> tuple[int, int] | None:
        """The uptimes of a boot's first and last records; None if neither is known.

        A span that was joined from several has records of earlier boots too.
        """
        uptimes = [
            uptime_ms
            for stream, span in self.boots[number].spans
            for record_id in (span.first_id, span.last_id)
            for boot, uptime_ms in self._journal.values(stream, ("boot", "uptime_ms"), record_id, record_id)
            if boot == number
        ]
        return (min(uptimes), max(uptimes)) if uptimes else None

    def _undated(self, entry: BootSpans) -> UndatedBoot:
        """The boot with samples of the regulator's clock, spread evenly over each of its spans."""
        ids = [
            span.first_id + (span.last_id - span.first_id) * place // (SAMPLES - 1)
            for stream, span in entry.spans
            if stream == "readings"
            for place in range(SAMPLES)
        ]
        columns = ("uptime_ms", "regulator_clock_seconds")
        samples = [
            Sample(uptime_ms, clock_seconds)
            for record_id in dict.fromkeys(ids)
            for uptime_ms, clock_seconds in self._journal.values("readings", columns, record_id, record_id)
            if clock_seconds is not None
        ]
        return UndatedBoot(entry.boot.number, *(self.uptimes_ms(entry.boot.number) or (0, 0)), tuple(samples))

    def _phase(self, entry: BootSpans, *, newest_first: bool) -> Phase | None:
        """The regulator's phase at one end of a boot's readings."""
        phases: list[Phase] = []
        columns = ("boot", "time_ms", "uptime_ms", "regulator_clock_seconds")
        spans = [span for stream, span in entry.spans if stream == "readings"]
        for span in reversed(spans) if newest_first else spans:
            if span.is_held and not entry.boot.anchor:
                continue
            for boot, time_ms, uptime_ms, clock_seconds in self._journal.values(
                "readings", columns, span.first_id, span.last_id, limit=PHASES_LOOKED_AT, newest_first=newest_first
            ):
                anchor = entry.boot.anchor or Anchor(uptime_ms, time_ms, "")
                is_certain = anchor.uncertainty_at(uptime_ms) <= CERTAIN_SECONDS
                if boot == entry.boot.number and clock_seconds is not None and is_certain:
                    known_ms = anchor.time_at(uptime_ms) if span.is_held else time_ms
                    phases.append(phase_of(Sample(known_ms, clock_seconds)))
                if len(phases) == PHASES:
                    return central_phase(phases)
        return central_phase(phases)
