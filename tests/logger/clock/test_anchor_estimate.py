"""When boots without an anchor were: whatever happened, the truth lies within what is said."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journal.boots import DRIFT
from logger.clock.anchor_estimate import (
    BY_END,
    BY_ORDER,
    BY_REGULATOR,
    UndatedBoot,
    date_boots,
)
from logger.clock.regulator_clock import DAY_MS, Phase, Sample, phase_of

AFTER_MS = 1_800_000_000_000
EARLIEST_MS = 1_767_225_600_000
HOUR_MS = 3_600_000


@dataclass(frozen=True)
class Ran:
    """A boot as it truly was: begin, duration, and by how much its oscillator was fast."""

    begin_ms: int
    for_ms: int
    drift: float

    def true_ms(self, uptime_ms: int) -> float:
        return self.begin_ms + uptime_ms * (1 - self.drift)


def regulator_clock(time_ms: float, drift: float) -> int:
    """A regulator whose midnight is anywhere, in steps of 2 s."""
    return int((time_ms - 1_234_567_890) * (1 + drift) % DAY_MS / 2000) * 2000


def undated(number: int, ran: Ran, drift: float, resets: list[float], samples: int = 9) -> UndatedBoot:
    uptimes = [round(ran.for_ms * place / max(samples - 1, 1)) for place in range(samples)] if samples else []
    return UndatedBoot(
        number,
        0,
        ran.for_ms,
        tuple(Sample(uptime, shown(ran.true_ms(uptime), drift, resets) / 1000) for uptime in uptimes),
    )


def shown(time_ms: float, drift: float, resets: list[float]) -> int:
    """What the regulator's clock shows that is reset to 0.0 at two times at most, and at a third set to what it was."""
    last = max((reset for reset in resets if reset <= time_ms), default=None)
    if last is None or last == max(resets[2:], default=None):
        return regulator_clock(time_ms, drift)
    return int((time_ms - last) * (1 + drift) % DAY_MS / 2000) * 2000


def phase(time_ms: float, drift: float, resets: list[float]) -> Phase:
    return phase_of(Sample(round(time_ms), shown(time_ms, drift, resets) / 1000))


spans_ms = st.one_of(st.integers(0, 12 * HOUR_MS), st.integers(0, 60 * DAY_MS))


@settings(max_examples=400)
@given(
    runs=st.lists(st.tuples(spans_ms, spans_ms, st.floats(-DRIFT, DRIFT)), min_size=1, max_size=5),
    last_gap_ms=spans_ms,
    drift=st.floats(-100e-6, 100e-6),
    resets=st.lists(st.floats(0, 1), max_size=3).map(sorted),
    has_before=st.booleans(),
    samples=st.sampled_from([0, 1, 2, 9]),
)
def test_the_truth_lies_within_the_stated_uncertainty(*, runs, last_gap_ms, drift, resets, has_before, samples):
    truth, end_ms = [], float(AFTER_MS)
    for gap_ms, for_ms, boot_drift in runs:
        truth.append(Ran(round(end_ms) + gap_ms, for_ms, boot_drift))
        end_ms = truth[-1].true_ms(for_ms)
    before_ms = round(end_ms) + 1 + last_gap_ms
    reset_at = [AFTER_MS + share * (before_ms - AFTER_MS) for share in resets]
    phases = [phase(AFTER_MS - 60_000, drift, []), phase(before_ms + 60_000, drift, reset_at)]
    boots = [undated(number, ran, drift, reset_at, samples) for number, ran in enumerate(truth)]
    anchors = date_boots(
        boots,
        after_ms=AFTER_MS if has_before else None,
        before_ms=before_ms,
        earliest_ms=EARLIEST_MS,
        phases=phases if has_before else phases[1:],
    )
    for ran, boot, anchor in zip(truth, boots, anchors, strict=True):
        error = abs(anchor.time_ms - ran.true_ms(anchor.uptime_ms)) / 1000
        assert error <= anchor.uncertainty_seconds + 0.002
        for uptime_ms in (0, boot.last_uptime_ms):
            error = abs(anchor.time_at(uptime_ms) - ran.true_ms(uptime_ms)) / 1000
            assert error <= anchor.uncertainty_at(uptime_ms) + 0.002
        assert anchor.uncertainty_seconds <= (before_ms - EARLIEST_MS) / 1000
    for (boot, anchor), (later_boot, later) in pairwise(zip(boots, anchors, strict=True)):
        slack_ms = 2 + DRIFT * (boot.last_uptime_ms + later_boot.last_uptime_ms)
        assert anchor.time_at(boot.last_uptime_ms) <= later.time_at(0) + slack_ms


def one(hours_off: float, for_hours: float, total_hours: float, drift: float = 40e-6, **options):
    """One boot that began so many hours after the last trusted record, in so long a time without any."""
    ran = Ran(round(AFTER_MS + hours_off * HOUR_MS), round(for_hours * HOUR_MS), 0.0)
    before_ms = round(AFTER_MS + total_hours * HOUR_MS)
    resets = options.get("resets", [])
    (anchor,) = date_boots(
        [undated(1, ran, drift, resets)],
        after_ms=AFTER_MS,
        before_ms=before_ms,
        earliest_ms=EARLIEST_MS,
        phases=[phase(AFTER_MS, drift, []), phase(before_ms, drift, resets)],
    )
    return anchor, (anchor.time_ms - ran.true_ms(anchor.uptime_ms)) / 1000


def test_the_regulators_clock_gives_the_time_to_seconds_when_one_day_fits():
    anchor, error = one(1, 1, 5)
    assert anchor.source == BY_REGULATOR
    assert abs(error) <= anchor.uncertainty_seconds < 15


def test_where_it_may_have_restarted_and_been_set_back_meanwhile_the_uncertainty_is_that_of_the_window():
    """Its clock shows 2 h, and the boot may have been two hours after the last reading."""
    anchor, error = one(5, 3, 20)
    assert anchor.source == BY_REGULATOR
    assert abs(error) < 15
    assert anchor.uncertainty_seconds == pytest.approx(12 * 3600, abs=10)


def test_of_several_days_that_fit_the_one_nearest_to_the_middle_is_taken():
    anchor, error = one(24 * 3 + 5, 3, 24 * 10)
    assert anchor.source == BY_REGULATOR
    assert abs(error) % 86400 == pytest.approx(0, abs=60) or abs(error) % 86400 == pytest.approx(86400, abs=60)
    assert 4 * 86400 < anchor.uncertainty_seconds < 6 * 86400


def test_without_the_regulators_clock_the_middle_is_at_most_half_the_window_wrong():
    anchor, _ = one(5, 3, 20, resets=[AFTER_MS + 2 * HOUR_MS])
    assert anchor.source == BY_ORDER
    assert anchor.uncertainty_seconds == pytest.approx(8.5 * 3600, abs=10)


def test_with_nothing_before_it_a_boot_is_put_right_before_the_next_one():
    (anchor,) = date_boots([UndatedBoot(1, 0, HOUR_MS)], after_ms=None, before_ms=AFTER_MS, earliest_ms=EARLIEST_MS)
    assert (anchor.source, anchor.time_at(HOUR_MS)) == (BY_END, pytest.approx(AFTER_MS, abs=200))


def test_a_last_record_that_is_later_than_the_next_boot_is_not_believed():
    (anchor,) = date_boots(
        [UndatedBoot(1, 0, HOUR_MS)], after_ms=AFTER_MS + DAY_MS, before_ms=AFTER_MS, earliest_ms=EARLIEST_MS
    )
    assert anchor.source == BY_END
    assert anchor.uncertainty_seconds > 86400


def test_boots_that_are_longer_than_all_the_time_there_was_still_get_an_order():
    boots = [UndatedBoot(number, 0, 400 * DAY_MS) for number in (1, 2)]
    anchors = date_boots(boots, after_ms=None, before_ms=EARLIEST_MS + DAY_MS, earliest_ms=EARLIEST_MS)
    assert anchors[0].time_at(400 * DAY_MS) <= anchors[1].time_at(0) + 400 * DAY_MS * 1e-4
    assert {anchor.source for anchor in anchors} == {BY_END}
