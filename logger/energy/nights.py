"""Nights, as the battery sees them: the longest time without charge between one noon and the next. Pure.

noon ______                          ______ noon
charge     ‾‾\\__....................__/‾‾
              dusk      night       dawn

A quarter of an hour without readings ends such a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from logger.energy.local_days import local_date, midnight_ms
from logger.energy.quarters import QUARTER_MS, Stretch

DARK_AMPS = 0.5
"""Less charge than this on average counts as none: a step of the smallest current register is 0.1 to 0.4 A."""
SHORTEST_MS = 4 * 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One night; `date` is that of its evening. State of charge is the regulator's own estimate."""

    date: str
    began_ms: int
    ended_ms: int
    used_amp_hours: float | None
    dusk_percent: float | None
    lowest_percent: float | None

    @property
    def depth_of_discharge_percent(self) -> float | None:
        """How empty the battery was at its lowest: 100 less the state of charge."""
        return None if self.lowest_percent is None else max(0.0, 100 - self.lowest_percent)

    @property
    def used_percent(self) -> float | None:
        if self.dusk_percent is None or self.lowest_percent is None:
            return None
        return self.dusk_percent - self.lowest_percent

    def is_over(self, now_ms: int) -> bool:
        """Whether noon has come: until then a longer dark time may follow."""
        return midnight_ms(date.fromisoformat(self.date) + timedelta(1), 12) <= now_ms


def nights_of(quarters: Sequence[Stretch], now_ms: int) -> list[Night]:
    """The nights that are over or have begun; at most one for each evening."""
    longest: dict[str, list[Stretch]] = {}
    for run in _dark_runs(quarters):
        evening = local_date(run[0].began_ms)
        if run[0].began_ms < midnight_ms(evening, 12):
            evening -= timedelta(1)
        if len(run) > len(longest.get(evening.isoformat(), ())):
            longest[evening.isoformat()] = run
    found = [_night(evening, run, now_ms) for evening, run in longest.items()]
    return [night for night in found if night.ended_ms - night.began_ms >= SHORTEST_MS]


def _dark_runs(quarters: Sequence[Stretch]) -> list[list[Stretch]]:
    """Runs of neighbouring quarters without charge, cut at noon."""
    runs: list[list[Stretch]] = []
    before: Stretch | None = None
    for quarter in quarters:
        mean = quarter.extent("charge_amps").mean
        if mean is None or mean >= DARK_AMPS:
            before = None
            continue
        is_noon = quarter.began_ms == midnight_ms(local_date(quarter.began_ms), 12)
        if before is not None and quarter.began_ms - before.began_ms == QUARTER_MS and not is_noon:
            runs[-1].append(quarter)
        else:
            runs.append([quarter])
        before = quarter
    return runs


def _night(evening: str, run: Sequence[Stretch], now_ms: int) -> Night:
    percents = [quarter.extent("state_of_charge_percent") for quarter in run]
    lows = [percent.lowest for percent in percents if percent.lowest is not None]
    load, charge = ([quarter.flow(name) for quarter in run] for name in ("load_amp_hours", "charge_amp_hours"))
    return Night(
        date=evening,
        began_ms=run[0].began_ms,
        ended_ms=min(run[-1].began_ms + QUARTER_MS, now_ms),
        used_amp_hours=sum(flow.amount for flow in load) - sum(flow.amount for flow in charge)
        if any(flow.covered_ms for flow in load)
        else None,
        dusk_percent=next((percent.highest for percent in percents if percent.highest is not None), None),
        lowest_percent=min(lows, default=None),
    )
