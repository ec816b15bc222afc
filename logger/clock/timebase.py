"""The time in this boot, as a state machine. Pure.

time = uptime + offset. The *anchor* is the moment when the offset was last certain; from there the uptime counts, and
its drift is the uncertainty. The wall clock itself is never used: it becomes the next anchor only when something
confirms it.

    state     records are         what a look finds                                  then
    WAITING   held                nobody confirms the wall clock                     WAITING
                                  somebody does                                      TRIAL of its offset
    KNOWN     dated by the        it is where drift puts it, and confirmed           KNOWN, the anchor is renewed
              anchor              it is where drift puts it, not confirmed           KNOWN, the uncertainty grows
                                  it was set elsewhere, not confirmed                KNOWN, the wall clock is ignored
                                  it was set elsewhere, confirmed                    TRIAL of its offset
    TRIAL     held; with          the same offset, confirmed for CONFIRM_SECONDS     KNOWN by a new anchor
              SOLAR_CLOCK=trust   another offset, confirmed                          TRIAL, from the beginning
              as before it        back where the old anchor puts it, or not          KNOWN by the old anchor, or WAITING
                                  confirmed any more                                 if there was none
    any       as before           an absurd time (trust.py)                          as if nobody confirmed it
                                  a person confirms it (`believe`)                   KNOWN by the person's anchor

Without an anchor and without a trial it is WAITING, with an anchor and without a trial KNOWN.
With SOLAR_CLOCK=trust a trial takes TRUSTED_CONFIRM_SECONDS and TRUSTED_LOOKS looks, and the first anchor none.
While the offset moves faster than an oscillator drifts, the wall clock is being slewed. So an anchor is renewed only
when two looks in a row confirm the wall clock and the offset has only drifted between them.
A new anchor elsewhere than the old one begins a new stretch of the boot (journal/boots.py).
"""

from dataclasses import dataclass

from journal.boots import Anchor
from journal.spans import STEP_MS
from logger.clock.host_clock import Moment
from logger.clock.trust import EARLIEST_MS, RTC_DRIFT, Evidence, absurd
from logger.events.change import Change
from logger.events.durations import spoken

CONFIRM_SECONDS = 300.0
TRUSTED_CONFIRM_SECONDS = 30.0
TRUSTED_LOOKS = 3
YEARS_LATER_MS = 2 * 365 * 86_400_000

STEADY = 500e-6
"""The kernel tunes the wall clock by no more than this; anything faster is a slew (adjtimex(2), `freq`)."""
STEADY_MS = 50


@dataclass(slots=True)
class Trial:
    """An offset that is confirmed: since when, and in how many looks."""

    offset_ms: int
    since_uptime_ms: int
    looks: int = 0


class Timebase:
    """The time in one boot. `stretch` counts the steps that were accepted or are on trial, from 1."""

    def __init__(
        self,
        *,
        anchor: Anchor | None = None,
        stretch: int = 1,
        is_anchored: bool = False,
        last_trusted_ms: int | None = None,
        last_certain_ms: int | None = None,
        is_trusting: bool = False,
    ) -> None:
        """What the journal has: the last anchor in this boot; the boot's last stretch; whether the anchor is in it.

        `last_trusted_ms` is the time of the last trusted record of an earlier boot, `last_certain_ms` when a hardware
        clock can last have been set by a time that was certain.
        """
        self.anchor = anchor
        self.stretch = stretch
        self._is_anchored = is_anchored
        self._last_trusted_ms = last_trusted_ms
        self._last_certain_ms = last_certain_ms or EARLIEST_MS
        self._is_trusting = is_trusting
        self._trial: Trial | None = None
        self._ignored: Trial | None = None
        self._previous: Moment | None = None
        self._doubts: set[str] = set()

    @property
    def expected(self) -> Anchor | None:
        """The anchor of the present stretch; None while records are held."""
        return None if self._trial and not self._is_trusting else self.anchor

    def look(self, moment: Moment, evidence: Evidence | None) -> Change | None:
        """Compare the clocks and the evidence with the anchor. An event, if anything changes."""
        why = absurd(moment.time_ms)
        confirmed = None if why else evidence
        is_steady, self._previous = self._is_steady(moment), moment if confirmed else None
        old = self.anchor
        if old is None:
            if why and evidence:
                words = f"the computer's clock is not trusted: it is {why}, although {evidence.source}"
                return self._doubt(why, words)
            return self._look_for_first(moment, confirmed)
        lasting = confirmed if confirmed and confirmed.is_lasting else None
        if abs(_offset(moment) - old.offset_ms) <= STEP_MS + 1000 * old.uncertainty_at(moment.uptime_ms):
            return self._look_where_expected(old, moment, lasting if is_steady else None)
        return self._look_elsewhere(old, moment, lasting, why)

    def believe(self, person: Anchor) -> Change | None:
        """Accept the time that a person has confirmed, unless a better one is known. None when it is absurd."""
        if absurd(person.time_ms):
            return None
        old = self.anchor
        if old:
            apart_ms, known = abs(person.offset_ms - old.offset_ms), old.uncertainty_at(person.uptime_ms)
            if (
                apart_ms <= STEP_MS + 1000 * (known + person.uncertainty_seconds)
                and known <= person.uncertainty_seconds
            ):
                person = old
            elif apart_ms > STEP_MS:
                return self._follow(old, person)
        self._know(person)
        return Change("clock_trusted", f"the computer's clock is trusted: {person.source}")

    def _look_for_first(self, moment: Moment, evidence: Evidence | None) -> Change | None:
        if evidence is None:
            self._trial = None
            return None
        anchor = self._certain(moment, evidence)
        if self._is_trusting:
            self._know(anchor)
            return None
        odd = self._odd(moment.time_ms)
        words = f"the computer's clock is doubtful: it is {odd}, although {evidence.source}"
        if odd and not evidence.is_lasting:
            return self._doubt(odd, f"{words}; if it is right, confirm it: solar clock trust")
        if self._has_lasted(moment):
            self._know(anchor)
            return Change("clock_trusted", f"the computer's clock is trusted: {evidence.source}")
        return self._doubt(odd, f"{words}; trusted if it stays so for {spoken(int(CONFIRM_SECONDS))}") if odd else None

    def _look_where_expected(self, old: Anchor, moment: Moment, lasting: Evidence | None) -> Change | None:
        if lasting is None and self._ignored and abs(_offset(moment) - self._ignored.offset_ms) <= STEP_MS:
            return None  # the drift has grown to include it
        given_up, self._ignored = self._trial or self._ignored, None
        self._know(old)
        change = None
        if lasting:
            new = self._certain(moment, lasting)
            if abs(new.offset_ms - old.offset_ms) > STEP_MS:
                return self._follow(old, new)
            self._know(new)
        if given_up:
            far = _far(given_up.offset_ms - old.offset_ms)
            lasted = spoken((moment.uptime_ms - given_up.since_uptime_ms) // 1000)
            words = f"the computer's clock jumped {far} and was back after {lasted}: the jump is ignored"
            change = Change("clock_refused", words)
        return change

    def _look_elsewhere(self, old: Anchor, moment: Moment, lasting: Evidence | None, why: str | None) -> Change | None:
        far = _far(_offset(moment) - old.offset_ms)
        if lasting is None:
            return self._ignore(old, moment, f", to a time {why}" if why else ", but nothing confirms it")
        was_on_trial, self._ignored = self._trial is not None, None
        if self._has_lasted(moment):
            return self._follow(old, self._certain(moment, lasting))
        if was_on_trial:
            return None
        if self._is_trusting:
            held = f"trusted if it stays so for {spoken(int(TRUSTED_CONFIRM_SECONDS))}"
        else:
            self._begin_stretch()
            held = f"readings are held for {spoken(int(CONFIRM_SECONDS))}, in case it is set back"
        return Change("clock_stepped", f"the computer's clock was set {far}: {held}")

    def _ignore(self, old: Anchor, moment: Moment, why: str) -> Change | None:
        """The event is for the first look of many; after a trial it says that the trial has failed."""
        was_on_trial = self._trial is not None
        is_new = self._ignored is None or abs(_offset(moment) - self._ignored.offset_ms) > STEP_MS
        if is_new:
            self._ignored = Trial(_offset(moment), moment.uptime_ms)
        self._know(old)
        far = _far(_offset(moment) - old.offset_ms)
        kind = "clock_refused" if was_on_trial else "clock_stepped"
        return Change(kind, f"the computer's clock was set {far}{why}: ignored") if is_new else None

    def _has_lasted(self, moment: Moment) -> bool:
        """One more look at a confirmed offset: whether it has been confirmed for long enough."""
        offset_ms = _offset(moment)
        if self._trial is None or abs(offset_ms - self._trial.offset_ms) > STEP_MS:
            self._trial = Trial(offset_ms, moment.uptime_ms)
        self._trial.looks += 1
        lasted_seconds = (moment.uptime_ms - self._trial.since_uptime_ms) / 1000
        if self._is_trusting:
            return lasted_seconds >= TRUSTED_CONFIRM_SECONDS and self._trial.looks >= TRUSTED_LOOKS
        return lasted_seconds > CONFIRM_SECONDS

    def _know(self, anchor: Anchor) -> None:
        self.anchor, self._trial, self._is_anchored = anchor, None, True

    def _follow(self, old: Anchor, new: Anchor) -> Change:
        self._ignored = None
        self._begin_stretch()
        self._know(new)
        far = _far(new.offset_ms - old.offset_ms)
        return Change("clock_stepped", f"the computer's clock was set {far}: {new.source}")

    def _begin_stretch(self) -> None:
        """Do it once per step: records held during the trial already belong to the new stretch."""
        if self._is_anchored:
            self.stretch += 1
            self._is_anchored = False

    def _is_steady(self, moment: Moment) -> bool:
        """Whether the wall clock was confirmed at the last look, and the offset has only drifted since."""
        if self._previous is None:
            return False
        moved_ms = abs(_offset(moment) - _offset(self._previous))
        return moved_ms <= STEADY_MS + STEADY * abs(moment.uptime_ms - self._previous.uptime_ms)

    def _certain(self, moment: Moment, evidence: Evidence) -> Anchor:
        uncertainty = evidence.uncertainty_seconds
        if evidence.is_hardware:
            uncertainty += RTC_DRIFT * max(0, moment.time_ms - self._last_certain_ms) / 1000
        return Anchor(moment.uptime_ms, moment.time_ms, evidence.source, uncertainty)

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


def _offset(moment: Moment) -> int:
    return moment.time_ms - moment.uptime_ms


def _far(ms: int) -> str:
    """By how much the wall clock was set: "1 h 5 min forward"."""
    return f"{spoken(round(abs(ms) / 1000))} {'forward' if ms > 0 else 'back'}"
