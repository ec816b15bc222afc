"""The time in this boot: from the wall clock, from the boot clock, or not known yet. Pure.

time = uptime + offset. The anchor is the moment when the offset was last certain. Linux slews the boot clock together
with the wall clock, so they part only when somebody sets the wall clock.

    no anchor        records are held until there is evidence that the wall clock is right
    anchored         the wall clock counts while it is within STEP_MS of the anchor's offset. Lasting evidence renews
                     the anchor; without it, the drift since the anchor is an uncertainty
    stepped          the wall clock is further off. Without lasting evidence the step is ignored, and the boot clock
                     counts. With it, records are held for CONFIRM_SECONDS. Then they are dated by the new offset if it
                     has lasted, else by the old one. With SOLAR_CLOCK=trust nothing is held: the boot clock counts for
                     TRUSTED_CONFIRM_SECONDS and TRUSTED_LOOKS looks, then the new offset
    accepted step    begins a new stretch of the boot (journal/boots.py)
    first anchor     evidence that contradicts the readings of earlier boots (earlier than the last one, or years
                     later) must be lasting, and must stay for as long as a step

An absurd time (trust.py) is never accepted, whatever the evidence.
"""

from dataclasses import dataclass

from journal.boots import Anchor, stated
from logger.clock.host_clock import Moment
from logger.clock.trust import Evidence, absurd
from logger.events.change import Change
from logger.events.durations import spoken

STEP_MS = 2000
CONFIRM_SECONDS = 300.0
TRUSTED_CONFIRM_SECONDS = 30.0
TRUSTED_LOOKS = 3
YEARS_LATER_MS = 2 * 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """The time of a record, and whether it is held. `wall_ms` is None where the wall clock showed the same time."""

    time_ms: int
    wall_ms: int | None
    uncertainty_seconds: float | None
    is_held: bool


@dataclass(slots=True)
class ClockStep:
    """A wall clock that is off: since when, how often it was seen there, and what is done about it."""

    offset_ms: int
    since_uptime_ms: int
    looks: int = 0
    is_holding: bool = False
    is_refused: bool = False

    def is_at(self, offset_ms: int) -> bool:
        return abs(offset_ms - self.offset_ms) <= STEP_MS


class Timebase:
    """The time in one boot. `stretch` counts the steps that were accepted or are being confirmed, from 1."""

    def __init__(
        self,
        *,
        anchor: Anchor | None = None,
        stretch: int = 1,
        is_anchored: bool = False,
        last_trusted_ms: int | None = None,
        is_trusting: bool = False,
    ) -> None:
        """What the journal has: the last anchor in this boot; the boot's last stretch, and whether the anchor is of it.

        `last_trusted_ms` is the time of the last trusted record of an earlier boot.
        """
        self.anchor = anchor
        self.stretch = stretch
        self._is_anchored = is_anchored
        self._last_trusted_ms = last_trusted_ms
        self._is_trusting = is_trusting
        self._step: ClockStep | None = None
        self._doubts: set[str] = set()

    @property
    def is_holding(self) -> bool:
        """Whether records are held now."""
        return self.anchor is None or bool(self._step and self._step.is_holding)

    @property
    def expected(self) -> Anchor | None:
        """The anchor of the present stretch; None while it is not decided."""
        return None if self.is_holding else self.anchor

    def stamp(self, wall_ms: int, uptime_ms: int) -> Stamp:
        """The time of a record, from what the wall clock and the boot clock showed when it was taken."""
        if self.anchor is None or self.is_holding:
            return Stamp(wall_ms, None, None, is_held=True)
        time_ms = self.anchor.time_at(uptime_ms)
        if abs(wall_ms - time_ms) <= STEP_MS:
            time_ms = wall_ms
        uncertainty = stated(self.anchor.uncertainty_at(uptime_ms))
        return Stamp(time_ms, None if time_ms == wall_ms else wall_ms, uncertainty, is_held=False)

    def look(self, moment: Moment, evidence: Evidence | None) -> Change | None:
        """Compare the clocks and the evidence with the anchor. An event, if anything changes."""
        offset_ms = moment.time_ms - moment.uptime_ms
        if self.anchor is None:
            return self._look_for_first(moment, evidence)
        if abs(offset_ms - self.anchor.offset_ms) > STEP_MS:
            return self._look_at_step(self.anchor, moment, evidence)
        step, self._step = self._step, None
        self._is_anchored = True
        far = _far(step.offset_ms - self.anchor.offset_ms) if step else ""
        if evidence and evidence.is_lasting:
            self.anchor = _certain(moment, evidence)
        if step is None:
            return None
        lasted = spoken((moment.uptime_ms - step.since_uptime_ms) // 1000)
        return Change(
            "clock_refused", f"the computer's clock jumped {far} and was back after {lasted}: the jump is ignored"
        )

    def believe(self, person: Anchor) -> Change | None:
        """Accept the time that a person has confirmed. None when it is absurd."""
        if absurd(person.time_ms):
            return None
        old = self.anchor
        if old is None or abs(person.offset_ms - old.offset_ms) <= STEP_MS:
            self._step = None
            self.anchor, self._is_anchored = person, True
            return Change("clock_trusted", f"the computer's clock is trusted: {person.source}")
        return self._follow(old, person)

    def _look_for_first(self, moment: Moment, evidence: Evidence | None) -> Change | None:
        if evidence is None:
            self._step = None
            return None
        why = absurd(moment.time_ms)
        if why:
            return self._doubt(why, f"the computer's clock is not trusted: it is {why}, although {evidence.source}")
        if not self._is_trusting and (odd := self._odd(moment.time_ms)):
            offset_ms = moment.time_ms - moment.uptime_ms
            words = f"the computer's clock is doubtful: it is {odd}, although {evidence.source}"
            if not evidence.is_lasting:
                return self._doubt(odd, f"{words}; if it is right, confirm it: solar clock trust")
            if self._step is None or not self._step.is_at(offset_ms):
                self._step = ClockStep(offset_ms, moment.uptime_ms)
                return self._doubt(odd, f"{words}; trusted if it stays so for {spoken(int(CONFIRM_SECONDS))}")
            if moment.uptime_ms - self._step.since_uptime_ms < CONFIRM_SECONDS * 1000:
                return None
        self._step = None
        self.anchor, self._is_anchored = _certain(moment, evidence), True
        return (
            None
            if self._is_trusting
            else Change("clock_trusted", f"the computer's clock is trusted: {evidence.source}")
        )

    def _look_at_step(self, old: Anchor, moment: Moment, evidence: Evidence | None) -> Change | None:
        offset_ms = moment.time_ms - moment.uptime_ms
        far = _far(offset_ms - old.offset_ms)
        is_certain = evidence is not None and evidence.is_lasting
        step = self._step
        if is_new := step is None or not step.is_at(offset_ms):
            step = ClockStep(offset_ms, moment.uptime_ms)
        self._step = step
        if why := absurd(moment.time_ms):
            return self._refuse(step, "clock_stepped", f"the computer's clock was set {far}, to a time {why}: ignored")
        if not is_certain and not step.is_holding:
            words = f"the computer's clock was set {far}, but nothing confirms it: ignored"
            return self._refuse(step, "clock_stepped", words)
        if is_new or step.is_refused:
            is_new = True
            step.since_uptime_ms, step.looks, step.is_refused = moment.uptime_ms, 0, False
        step.looks += 1
        lasted = (moment.uptime_ms - step.since_uptime_ms) / 1000
        if self._is_trusting:
            if lasted >= TRUSTED_CONFIRM_SECONDS and step.looks >= TRUSTED_LOOKS and evidence:
                return self._follow(old, _certain(moment, evidence))
            words = (
                f"the computer's clock was set {far}: trusted if it stays so for {spoken(int(TRUSTED_CONFIRM_SECONDS))}"
            )
            return Change("clock_stepped", words) if is_new else None
        if evidence and is_certain and self._is_within_drift(old, moment):
            return self._follow(old, _certain(moment, evidence))
        if lasted >= CONFIRM_SECONDS:
            if evidence and is_certain:
                return self._follow(old, _certain(moment, evidence))
            words = f"the computer's clock was set {far}, but nothing confirms it any longer: ignored"
            return self._refuse(step, "clock_refused", words)
        if not step.is_holding:
            step.is_holding = True
            self._begin_stretch()
        held = spoken(int(CONFIRM_SECONDS))
        words = f"the computer's clock was set {far}: readings are held for {held}, in case it is set back"
        return Change("clock_stepped", words) if is_new else None

    def _follow(self, old: Anchor, new: Anchor) -> Change:
        is_waited_for = bool(self._step and self._step.is_holding)
        self._step = None
        if not is_waited_for:
            self._begin_stretch()
        self.anchor, self._is_anchored = new, True
        return Change(
            "clock_stepped", f"the computer's clock was set {_far(new.offset_ms - old.offset_ms)}: {new.source}"
        )

    def _begin_stretch(self) -> None:
        if self._is_anchored:
            self.stretch += 1
            self._is_anchored = False

    def _refuse(self, step: ClockStep, kind: str, words: str) -> Change | None:
        was_refused = step.is_refused
        step.is_refused, step.is_holding = True, False
        self._is_anchored = True
        return None if was_refused else Change(kind, words)

    def _doubt(self, why: str, words: str) -> Change | None:
        if why in self._doubts:
            return None
        self._doubts.add(why)
        return Change("clock_refused", words)

    def _odd(self, time_ms: int) -> str | None:
        last_ms = self._last_trusted_ms
        if last_ms is not None and time_ms < last_ms - STEP_MS:
            return "earlier than the last reading before this start"
        return "years after the last reading" if last_ms and time_ms > last_ms + YEARS_LATER_MS else None

    def _is_within_drift(self, old: Anchor, moment: Moment) -> bool:
        """Whether the step is no larger than what the drift since the last certain moment explains."""
        allowed_ms = STEP_MS + 1000 * old.uncertainty_at(moment.uptime_ms)
        return abs(moment.time_ms - old.time_at(moment.uptime_ms)) <= allowed_ms


def _certain(moment: Moment, evidence: Evidence) -> Anchor:
    return Anchor(moment.uptime_ms, moment.time_ms, evidence.source, evidence.uncertainty_seconds)


def _far(ms: int) -> str:
    """By how much the wall clock was set: "1 h 5 min forward"."""
    return f"{spoken(round(abs(ms) / 1000))} {'forward' if ms > 0 else 'back'}"
