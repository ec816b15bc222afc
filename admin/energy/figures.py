"""The figures that an owner asks for, from days and nights: docs/energy.md defines each. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from admin.energy.days import Period, together
from logger.energy.autonomy import FEWEST_DAYS, USUAL_DAYS, autonomy_days, capacity, usual_load
from logger.energy.local_days import is_date, local_date, midnight_ms
from logger.energy.nights import Night

DAY_MS = 86_400_000
BEST_OF_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures at one moment; None: not known.

    `periods`: today, yesterday, this week and so on, by their names; one that begins before the sums do is left out.
    `usual_dusk_seconds`: when charging usually ends, as a local time of day. `best`, `worst`: the whole days with the
    most and the least charge within a year.
    """

    now_ms: int
    days: tuple[Period, ...]
    nights: tuple[Night, ...]
    periods: dict[str, Period]
    usual_load_amp_hours: float | None
    capacity_amp_hours: float | None
    autonomy_days: float | None
    float_ms: int | None
    equalise_ms: int | None
    best: Period | None
    worst: Period | None
    usual_dusk_seconds: float | None

    @property
    def days_since_float(self) -> float | None:
        return self._days_since(self.float_ms)

    @property
    def days_since_equalise(self) -> float | None:
        return self._days_since(self.equalise_ms)

    @property
    def days_since_full(self) -> float | None:
        """Since the last float or equalise, whichever was later."""
        return self._days_since(max((ms for ms in (self.float_ms, self.equalise_ms) if ms), default=None))

    def _days_since(self, time_ms: int | None) -> float | None:
        return None if time_ms is None else max(0.0, (self.now_ms - time_ms) / DAY_MS)


def figures_of(
    days: Sequence[Period],
    nights: Sequence[Night],
    percent: float | None,
    now_ms: int,
    since_ms: int = 0,
) -> Figures:
    """`days` and `nights` in order; `percent`: the state of charge now; `since_ms`: where the sums begin."""
    today = local_date(now_ms)
    past = [day for day in days if day.label < today.isoformat()]
    recent = [day for day in past if day.label >= (today - timedelta(USUAL_DAYS)).isoformat()]
    usual = usual_load(day.load_amp_hours for day in recent if day.is_whole and day.load_amp_hours is not None)
    amp_hours = capacity((night.used_amp_hours, night.used_percent) for night in nights if night.is_over(now_ms))
    charged = [day for day in past[-BEST_OF_DAYS:] if day.is_whole and day.charge_amp_hours is not None]
    dusks = [(night.began_ms - midnight_ms(local_date(night.began_ms))) / 1000 for night in nights]
    return Figures(
        now_ms=now_ms,
        days=tuple(days),
        nights=tuple(nights),
        periods=_periods(days, today, since_ms),
        usual_load_amp_hours=usual,
        capacity_amp_hours=amp_hours,
        autonomy_days=autonomy_days(percent, amp_hours, usual),
        float_ms=max((day.float_ms for day in days if day.float_ms), default=None),
        equalise_ms=max((day.equalise_ms for day in days if day.equalise_ms), default=None),
        best=max(charged, key=_charge, default=None),
        worst=min(charged, key=_charge, default=None),
        usual_dusk_seconds=median(dusks) if len(dusks) >= FEWEST_DAYS else None,
    )


def _charge(day: Period) -> float:
    return day.charge_amp_hours or 0.0


def _periods(days: Sequence[Period], today: date, since_ms: int) -> dict[str, Period]:
    monday, first = today - timedelta(today.weekday()), today.replace(day=1)
    spans = {
        "today": (today, today),
        "yesterday": (today - timedelta(1), today - timedelta(1)),
        "this_week": (monday, today),
        "last_week": (monday - timedelta(7), monday - timedelta(1)),
        "this_month": (first, today),
        "last_month": ((first - timedelta(1)).replace(day=1), first - timedelta(1)),
    }
    found = {}
    for name, (begin, end) in spans.items():
        inside = [day for day in days if is_date(day.label) and begin.isoformat() <= day.label <= end.isoformat()]
        if inside and midnight_ms(begin) >= since_ms:
            found[name] = together(name, inside)
    return found
