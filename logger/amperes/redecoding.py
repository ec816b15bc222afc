"""Decodes the journal's readings again when the scale has changed since they were decoded.

    scale in the journal   "1; charge 0.4 …"   readings …………………………………|
    scale in force         "1; charge 0.5 …"   undone ├──────────┤ done ├──┤   the newest first

It does a few hundred readings at a time. Each portion is one transaction with its progress, so it may stop at any
moment and continues where it was. After the readings, the sums of the days are recalculated. Changed readings
are revisions: they are sent again and overwrite the old values (journal/revisions.py).
"""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from journal.errors import JournalFull
from journal.reading import Day, Reading
from journal.revisions import DECODED, Decoding
from journal.writer import JournalWriter
from logger.amperes.adopted_steps import StepsInForce
from logger.events.change import Change
from logger.history.measured import measured
from logger.regulator.models import AdoptedSteps, Steps
from logger.regulator.registers import COUNTERS, DECODER, decode, highs_of
from logger.regulator.regulator import Regulator

log = logging.getLogger(__name__)

READINGS_AT_ONCE = 200


class Redecoding:
    """A chore of the poller. Without a regulator, call `portion`."""

    def __init__(self, journal: JournalWriter, steps: StepsInForce, *, interval_seconds: float = 10.0) -> None:
        self._journal = journal
        self._steps = steps
        self._interval_seconds = interval_seconds
        self._decoding = Decoding("")

    def work(self, regulator: Regulator, has_time: Callable[[], bool]) -> list[Change]:
        """Give the regulator the steps in force. Then decode some old readings with them."""
        try:
            regulator.steps = self._steps.now()
            while self.portion() and has_time():
                pass
        except JournalFull as error:
            log.debug("cannot recalculate readings: %s; trying again later", error)
        return []

    @property
    def left(self) -> int:
        """How many ids of readings and days are still to do."""
        return self._decoding.readings_undone + self._decoding.days_undone

    def portion(self) -> bool:
        """Do one part; False when nothing is left. Raises JournalFull."""
        steps = self._steps.now()
        if self._decoding.scale != (scale := scale_name(steps)):
            self._begin(scale)
        if self._decoding.readings_undone:
            self._readings(steps)
        elif self._decoding.days_undone:
            self._day()
        else:
            return False
        return True

    def _begin(self, scale: str) -> None:
        decoding = self._journal.decoding()
        if decoding is None or decoding.scale != scale:
            # A journal without a scale was decoded with each model's own steps.
            is_as_it_was = decoding is None and scale == scale_name(Steps())
            last_reading = 0 if is_as_it_was else self._journal.last_id("readings")
            last_day = self._journal.last_id("days") if last_reading else 0
            decoding = Decoding(scale, last_reading, last_day)
            self._journal.note_decoding(decoding)
            if last_reading:
                log.info("recalculating up to %d readings: %s", last_reading, scale)
        self._decoding = decoding

    def _readings(self, steps: Steps) -> None:
        undone = self._decoding.readings_undone
        records = list(self._journal.records("readings", 1, undone, limit=READINGS_AT_ONCE, newest_first=True))
        changed = [new for each in records if isinstance(each, Reading) and (new := decoded_anew(each, steps))]
        first = (records[-1].id or 1) if len(records) == READINGS_AT_ONCE else 1
        decoding = replace(self._decoding, readings_undone=first - 1)
        self._journal.revise(changed, decoding)
        self._decoding = decoding

    def _day(self) -> None:
        undone = self._decoding.days_undone
        day = next(self._journal.records("days", 1, undone, limit=1, newest_first=True), None)
        if isinstance(day, Day) and (again := measured(self._journal, day, self._interval_seconds)) != day:
            self._journal.append(again)
        decoding = replace(self._decoding, days_undone=(day.id or 1) - 1 if day else 0)
        self._journal.note_decoding(decoding)
        self._decoding = decoding
        if not decoding.days_undone:
            log.info("all readings are recalculated")


def scale_name(steps: Steps) -> str:
    """The scale as one text: everything that decides how raw bytes become quantities."""
    parts = [f"{DECODER}"]
    for quantity, step in (("charge", steps.charge_amps), ("load", steps.load_amps)):
        parts += [f"{quantity} {step}"] if step else []
    for each in sorted(steps.adopted, key=lambda adopted: adopted.model):
        parts.append(f"{each.model} charge {each.charge_amps or '-'} load {each.load_amps or '-'}")
    return "; ".join(parts)


def adopted_in(name: str) -> tuple[AdoptedSteps, ...]:
    """The adopted steps in a text made by `scale_name`."""
    found = re.findall(r"(\S+) charge (\S+) load ([^;\s]+)", name)
    return tuple(
        AdoptedSteps(model, *(None if step == "-" else Fraction(step) for step in steps)) for model, *steps in found
    )


def decoded_anew(reading: Reading, steps: Steps) -> Reading | None:
    """The reading decoded again from its bytes; None when nothing changes, or when it has no bytes."""
    if not reading.raw:
        return None
    new = decode(
        reading.raw,
        steps,
        time_ms=reading.time_ms,
        boot=reading.boot,
        uptime_ms=reading.uptime_ms,
        known_highs=highs_of(getattr(reading, counter.name) for counter in COUNTERS),
    )
    quantities = {name: getattr(new, name) for name in DECODED}
    return (
        None if all(getattr(reading, name) == quantities[name] for name in DECODED) else replace(reading, **quantities)
    )
