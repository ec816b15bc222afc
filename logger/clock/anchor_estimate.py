"""Estimates when boots without an anchor were, from the last trusted record before and the first boot after. Pure.

    trusted …▏      boot 7        boot 8     ▕… boot 9, anchored
             └ after                         └ before

A boot lies where its records fit: after `after` and the earlier boots, before `before` and the later ones. The middle
of that window is the best guess; it is wrong by at most half the window.

The regulator's clock narrows the window. Its phase (time minus time of day) is known before and after. Where the two
agree, the clock ran on while the computer had no power, and every reading gives the time modulo a day. If one day fits,
the boot is dated to seconds; if several fit, the one nearest to the middle is taken. Where the phases disagree, or the
readings of any boot between do, somebody set the clock or it lost its power and restarted at 0.0: then it is not used.

It may also have restarted at 0.0 and been set again later to what it would have shown. Then a boot whose clock shows
05:00 was at least five hours after the last reading before. Where the window has no room for that, it did not happen.
Where it has, the regulator's clock still gives the best guess, but the uncertainty is that of the whole window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from journal.boots import DRIFT, Anchor
from logger.clock.regulator_clock import DAY_MS, REGULATOR_DRIFT, Phase, Sample, circular, is_drift

SAMPLE_TOLERANCE_MS = 60_000
"""A bad line can put half a minute between a reading's moment and that of its clock."""
READ_OFF_MS = 6_000
"""The clock counts in steps of 2 s, and is read a little after the reading's moment."""

BY_REGULATOR = "dated by the regulator's clock, between the boots before and after"
BY_ORDER = "dated by its place between the boots before and after"
BY_END = "dated by the boot after it alone"


@dataclass(frozen=True, slots=True)
class UndatedBoot:
    """A boot without an anchor, in uptimes: its earliest beginning (0, or more for a later stretch), its last record.

    The samples' `time_ms` are uptimes too.
    """

    number: int
    first_uptime_ms: int
    last_uptime_ms: int
    samples: tuple[Sample, ...] = ()

    @property
    def middle_ms(self) -> int:
        """The uptime whose time is estimated: from the middle to either end the drift is smallest."""
        return (self.first_uptime_ms + self.last_uptime_ms) // 2

    @property
    def half_ms(self) -> int:
        """From the middle to either end; a little less, because the oscillator may run fast."""
        return int((self.last_uptime_ms - self.first_uptime_ms) / 2 * (1 - DRIFT))


@dataclass(frozen=True, slots=True)
class ClockEstimate:
    """When the middle of a boot was by the regulator's clock: modulo a day, give or take `error_ms`."""

    middle_ms: int
    error_ms: int


@dataclass(slots=True)
class Window:
    """The earliest and the latest time for the middle of a boot, both such that the regulator's clock allows them."""

    boot: UndatedBoot
    estimate: ClockEstimate | None
    low_ms: int
    high_ms: int = 0


def date_boots(
    boots: Sequence[UndatedBoot],
    *,
    after_ms: int | None,
    before_ms: int,
    earliest_ms: int,
    phases: Sequence[Phase] = (),
) -> list[Anchor]:
    """An anchor for each of these boots, which lie in this order between two trusted times.

    `after_ms` is None if there is no trusted record before them; then the window begins at `earliest_ms`, which says
    little, so the latest time that fits is chosen: just before the next boot. The same if they do not fit after
    `after_ms`. `phases` are one from before and one from after, or nothing.
    """
    by_order: list[ClockEstimate | None] = [None] * len(boots)
    by_regulator = [_clock_estimate(boot, phases) for boot in boots] if _is_undisturbed(boots) else by_order
    for estimates in (by_regulator, by_order):
        if after_ms is not None and (windows := _windows(boots, estimates, after_ms, before_ms)):
            room = _windows(boots, by_order, after_ms, before_ms)
            is_certain = not phases or _ran_on(windows, room, phases[0].time_ms)
            return _choose(windows, windows if is_certain else room)
    # Should they have run for longer than all the time there was, they still get an order.
    ran_ms = sum(2 * boot.half_ms for boot in boots)
    windows = _windows(boots, by_order, min(earliest_ms, before_ms - 2 * ran_ms), before_ms)
    return _choose(windows, windows, is_open=True)


def _is_undisturbed(boots: Sequence[UndatedBoot]) -> bool:
    """Whether the regulator's clock ran on within each of them."""
    return all(
        max((abs(stray) for stray in _strays(boot)), default=0)
        <= SAMPLE_TOLERANCE_MS + (DRIFT + REGULATOR_DRIFT) * (boot.last_uptime_ms - boot.first_uptime_ms)
        for boot in boots
    )


def _ran_on(windows: Sequence[Window], room: Sequence[Window], last_ms: int) -> bool:
    """Whether each was too early for a regulator's clock that restarted at 0.0 after the last reading before it."""
    for window, around in zip(windows, room, strict=True):
        samples, middle_ms = window.boot.samples, window.boot.middle_ms
        if not samples:
            continue
        latest_ms = around.high_ms + samples[0].time_ms - middle_ms
        if last_ms + samples[0].clock_seconds * 1000 - SAMPLE_TOLERANCE_MS <= latest_ms:
            return False
        last_ms = window.low_ms + samples[-1].time_ms - middle_ms
    return True


def _clock_estimate(boot: UndatedBoot, phases: Sequence[Phase]) -> ClockEstimate | None:
    if len(phases) != 2 or not boot.samples:
        return None
    before, after = phases
    apart = circular(after.phase_ms - before.phase_ms)
    if not is_drift(apart, after.time_ms - before.time_ms):
        return None
    middle = before.phase_ms + apart / 2 + boot.middle_ms - boot.samples[0].day_began_ms
    strays = _strays(boot)
    centre = median(strays)
    widest = max(abs(stray - centre) for stray in strays)
    error = abs(apart) / 2 + widest + DRIFT * boot.half_ms + READ_OFF_MS
    return ClockEstimate(round(middle + centre) % DAY_MS, round(error))


def _strays(boot: UndatedBoot) -> list[float]:
    """How much earlier the regulator's day began by each sample than by the first."""
    return [circular(boot.samples[0].day_began_ms - sample.day_began_ms) for sample in boot.samples]


def _windows(
    boots: Sequence[UndatedBoot], estimates: Sequence[ClockEstimate | None], after_ms: int, before_ms: int
) -> list[Window]:
    """The window of each boot's middle; nothing if they do not all fit."""
    windows = []
    end = after_ms
    for boot, estimate in zip(boots, estimates, strict=True):
        window = Window(boot, estimate, _next(end + boot.half_ms, estimate))
        windows.append(window)
        end = window.low_ms + boot.half_ms
    begin = before_ms
    for window in reversed(windows):
        window.high_ms = _previous(begin - window.boot.half_ms, window.estimate)
        begin = window.high_ms - window.boot.half_ms
    return windows if all(window.low_ms <= window.high_ms for window in windows) else []


def _choose(windows: Sequence[Window], room: Sequence[Window], *, is_open: bool = False) -> list[Anchor]:
    """An anchor for each within its window. The uncertainty reaches to the further end of its room."""
    anchors: list[Anchor] = []
    end = windows[0].low_ms - windows[0].boot.half_ms
    for window, around in zip(windows, room, strict=True):
        boot, estimate = window.boot, window.estimate
        low = max(window.low_ms, end + boot.half_ms)
        time_ms = max(low, window.high_ms if is_open else (window.low_ms + window.high_ms) // 2)
        if estimate:
            time_ms = _likeliest(time_ms, low, window.high_ms, estimate)
        end = time_ms + boot.half_ms
        error_ms = max(around.high_ms - time_ms, time_ms - around.low_ms)
        source = BY_REGULATOR if estimate else BY_END if is_open else BY_ORDER
        anchors.append(Anchor(boot.middle_ms, time_ms, source, error_ms / 1000))
    return anchors


def _next(time_ms: int, estimate: ClockEstimate | None) -> int:
    """The first time from `time_ms` on that the regulator's clock allows."""
    if estimate is None:
        return time_ms
    ahead = (estimate.middle_ms - estimate.error_ms - time_ms) % DAY_MS
    return time_ms if ahead >= DAY_MS - 2 * estimate.error_ms else time_ms + ahead


def _previous(time_ms: int, estimate: ClockEstimate | None) -> int:
    """The last time up to `time_ms` that the regulator's clock allows."""
    if estimate is None:
        return time_ms
    behind = (time_ms - estimate.middle_ms - estimate.error_ms) % DAY_MS
    return time_ms if behind >= DAY_MS - 2 * estimate.error_ms else time_ms - behind


def _likeliest(wanted_ms: int, low_ms: int, high_ms: int, estimate: ClockEstimate) -> int:
    """The best time near `wanted_ms` between the two that the regulator's clock allows."""
    if high_ms - low_ms <= 2 * estimate.error_ms:
        return wanted_ms
    nearest = wanted_ms + round(circular(estimate.middle_ms - wanted_ms))
    days = [nearest + days * DAY_MS for days in (-1, 0, 1)]
    error_ms = estimate.error_ms
    fitting = [min(max(day, low_ms), high_ms) for day in days if low_ms - error_ms <= day <= high_ms + error_ms]
    return min(fitting, key=lambda time_ms: abs(time_ms - wanted_ms), default=high_ms)
