"""Finds anomalies at the regulator by comparing each reading with the one before. Pure.

    event                     when
    regulator_clock_changed   its clock was set, or restarted at 0.0 because its power had failed
    counters_reset            an Ah counter fell although no midnight passed: somebody cleared it
    solar_disconnected        somebody selected the SOLV screen: the panels are disconnected, and charge really is 0
    solar_reconnected         that is over

Rules:
- The clock has changed when two readings in a row agree that it runs on from another time.
- At the regulator's midnight the counters restart. That is not an event. The clock before shows when midnight is.
- The boot clock measures the time between two readings; across boots the wall clock does, where it is trusted.
"""

from journal.reading import Reading
from logger.clock.regulator_clock import DAY_MS, TOLERANCE_MS, Sample, ran_on, sample_of, shift_ms
from logger.events.change import Change
from logger.events.durations import spoken
from logger.regulator.registers import by_address

COUNTERS = {
    "internal_charge_amp_hours": "charge through the regulator",
    "external_charge_amp_hours": "charge through the shunt",
    "internal_load_amp_hours": "load through the regulator",
    "external_load_amp_hours": "load through the shunt",
}
CLOCK_REGISTERS = (46, 47, 48)
MISFITS_TO_GIVE_UP = 3


class Anomalies:
    """Remembers the reading before."""

    def __init__(self, last: Reading | None = None) -> None:
        """`last` is the newest reading in the journal, if its time is trusted."""
        self._is_solar_off = bool(last and last.solar_disconnected)
        self._before = last if last and sample_of(last) else None
        self._misfits: list[Reading] = []

    def notice(self, reading: Reading, *, is_trusted: bool = True) -> list[Change]:
        """The anomalies of a reading; `is_trusted`: its time can be compared with that of another boot."""
        found = self._solar(reading)
        if sample_of(reading):
            found += self._clock(reading, is_trusted=is_trusted)
        return found

    def _solar(self, reading: Reading) -> list[Change]:
        if reading.solar_disconnected is None or bool(reading.solar_disconnected) == self._is_solar_off:
            return []
        self._is_solar_off = bool(reading.solar_disconnected)
        if self._is_solar_off:
            words = "the regulator's screen shows SOLV: the panels are disconnected, and charge reads 0"
            return [Change("solar_disconnected", words)]
        return [
            Change("solar_reconnected", "the regulator's screen no longer shows SOLV: the panels are connected again")
        ]

    def _clock(self, reading: Reading, *, is_trusted: bool) -> list[Change]:
        before = self._before
        if before and before.model != reading.model:
            before = None  # another regulator: change_detection.py reports it
        compared = _compared(reading, before, is_trusted=is_trusted) if before else None
        if before is None or compared is None:
            self._before, self._misfits = reading, []
            return []
        later, earlier = compared
        if ran_on(later, earlier):
            self._before, self._misfits = reading, []
            may_be_midnight = earlier.clock_seconds * 1000 + later.time_ms >= DAY_MS - TOLERANCE_MS
            fallen = "" if may_be_midnight else _fallen(before, reading)
            words = f"counters were reset, but not at midnight: {fallen}"
            return [Change("counters_reset", words)] if fallen else []
        first = self._misfits[-1] if self._misfits else None
        since_first = _compared(reading, first, is_trusted=is_trusted) if first else None
        if first and since_first and ran_on(*since_first):
            is_steady = len(self._misfits) < MISFITS_TO_GIVE_UP
            self._before, self._misfits = reading, []
            until_first_ms = later.time_ms - since_first[0].time_ms
            has_restarted = since_first[1].clock_seconds * 1000 <= until_first_ms
            words = _changed(later, earlier, _fallen(before, first), has_restarted=has_restarted)
            return [Change("regulator_clock_changed", words, _clock_bytes(reading.raw))] if is_steady else []
        # One reading proves nothing: compare with the old clock until a second reading agrees with the new one. A clock
        # that never agrees with itself does not keep time at all; nothing is reported about it.
        self._misfits = [*self._misfits, reading][-MISFITS_TO_GIVE_UP:]
        if len(self._misfits) == MISFITS_TO_GIVE_UP:
            self._before = reading
        return []


def _compared(after: Reading, before: Reading, *, is_trusted: bool) -> tuple[Sample, Sample] | None:
    """The later and the earlier sample, with times from the earlier one on; None if the time between is not known."""
    if before.boot == after.boot:
        elapsed_ms = after.uptime_ms - before.uptime_ms
    else:
        elapsed_ms = after.time_ms - before.time_ms
        if not is_trusted or elapsed_ms < 0:
            return None
    later = Sample(elapsed_ms, after.regulator_clock_seconds or 0.0)
    return later, Sample(0, before.regulator_clock_seconds or 0.0)


def _fallen(before: Reading, after: Reading) -> str:
    """The counters that are lower than before, with both values, in words."""
    parts = []
    for name, words in COUNTERS.items():
        was, now = getattr(before, name), getattr(after, name)
        if was is not None and now is not None and now < was:
            parts.append(f"{words} {was:.0f} → {now:.0f} Ah")
    return ", ".join(parts)


def _changed(later: Sample, earlier: Sample, fallen: str, *, has_restarted: bool) -> str:
    """`later` is the second sample since the change, which has confirmed it."""
    expected = (earlier.clock_seconds + later.time_ms / 1000) % 86_400
    clocks = f"it should show {_shown(expected)}, but shows {_shown(later.clock_seconds)}"
    if has_restarted:
        words = f"the regulator's clock restarted at 0:00, as after a power failure: {clocks}"
    else:
        minutes = -shift_ms(later, earlier) / 60_000
        words = f"the regulator's clock was set {spoken(round(abs(minutes) * 60))}"
        words += f" {'ahead' if minutes > 0 else 'back'}: {clocks}"
    return f"{words}; its counters were reset: {fallen}" if fallen else words


def _clock_bytes(raw: bytes) -> dict[int, int]:
    ram = by_address(raw)
    return {address: ram[address] for address in CLOCK_REGISTERS if address in ram}


def _shown(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d}"
