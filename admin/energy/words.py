"""Energy figures in words for people, and for programs with the names in docs/energy.md. Pure."""

from collections.abc import Callable

from admin.energy.days import Period, months, weeks
from admin.energy.figures import Figures
from admin.terminal.moments import iso
from admin.terminal.words import count
from logger.energy.autonomy import RESERVE_PERCENT
from logger.energy.nights import Night

NAMES = {
    "today": "Today",
    "yesterday": "Yesterday",
    "this_week": "This week",
    "last_week": "Last week",
    "this_month": "This month",
    "last_month": "Last month",
}
HEAD = ("", "In, kWh", "Used, kWh", "In, Ah", "Used, Ah", "Balance, Ah", "Known, %")


def rows_of_periods(figures: Figures) -> list[tuple[str, ...]]:
    """A row for each period, under HEAD."""
    return [(NAMES[name], *amounts(period)) for name, period in figures.periods.items()]


def amounts(period: Period) -> tuple[str, ...]:
    """A row without its first column."""
    counted = "*" if period.is_counted else ""
    return (
        kilowatt_hours(period.charge_watt_hours),
        kilowatt_hours(period.load_watt_hours),
        number(period.charge_amp_hours) + counted,
        number(period.load_amp_hours) + counted,
        number(period.balance_amp_hours, sign="+"),
        f"{period.coverage_percent:.0f}",
    )


def weeks_and_months(figures: Figures) -> list[Period]:
    """The last weeks, then all months, the newest first."""
    return [*reversed(weeks(figures.days)[-8:]), *reversed(months(figures.days))]


def facts(figures: Figures) -> list[tuple[str, str]]:
    """Names and values of the other figures that are known."""
    return [(name, words) for name, make in _FACTS.items() if (words := make(figures))]


def _autonomy(figures: Figures) -> str | None:
    if figures.autonomy_days is None:
        return None
    days = figures.autonomy_days
    shown = f"{days:.1f} days" if days < 10 else count(days, "day")
    return f"{shown} without sun, down to {RESERVE_PERCENT:.0f} %"


def _last_full(figures: Figures) -> str | None:
    days = figures.days_since_full
    if days is None:
        return None
    return "within the last 24 hours" if days < 1 else f"{count(int(days), 'day')} ago"


def _night(figures: Figures) -> str | None:
    night = figures.nights[-1] if figures.nights else None
    if night is None or night.depth_of_discharge_percent is None:
        return None
    used = "" if night.used_amp_hours is None else f", used {night.used_amp_hours:.0f} Ah"
    return f"{night.depth_of_discharge_percent:.0f} % discharged{used}"


def _usual(figures: Figures) -> str | None:
    usual = figures.usual_load_amp_hours
    return None if usual is None else f"{usual:.0f} Ah a day"


def _best(figures: Figures) -> str | None:
    return _day(figures.best)


def _worst(figures: Figures) -> str | None:
    return _day(figures.worst)


def _day(day: Period | None) -> str | None:
    return None if day is None or day.charge_amp_hours is None else f"{day.charge_amp_hours:.0f} Ah in, {day.label}"


_FACTS: dict[str, Callable[[Figures], str | None]] = {
    "Battery lasts": _autonomy,
    "Usual use": _usual,
    "Last night": _night,
    "Last full (float or equalise)": _last_full,
    "Best day": _best,
    "Worst day": _worst,
}


def kilowatt_hours(watt_hours: float | None) -> str:
    return (
        "-"
        if watt_hours is None
        else f"{watt_hours / 1000:.2f}"
        if abs(watt_hours) < 9995
        else f"{watt_hours / 1000:,.1f}"
    )


def number(value: float | None, digits: int = 0, sign: str = "") -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:{sign},.{digits}f}"


def as_dict(figures: Figures) -> dict[str, object]:
    """The figures for programs."""
    return {
        **{name: period_as_dict(figures.periods[name]) if name in figures.periods else None for name in NAMES},
        "nights": [night_as_dict(night) for night in figures.nights[-7:]],
        "usual_load_amp_hours": rounded(figures.usual_load_amp_hours, 1),
        "capacity_amp_hours": rounded(figures.capacity_amp_hours, 0),
        "autonomy_days": rounded(figures.autonomy_days, 1),
        "days_since_float": rounded(figures.days_since_float, 2),
        "days_since_equalise": rounded(figures.days_since_equalise, 2),
        "days_since_full": rounded(figures.days_since_full, 2),
        "best_day": period_as_dict(figures.best) if figures.best else None,
        "worst_day": period_as_dict(figures.worst) if figures.worst else None,
    }


def period_as_dict(period: Period) -> dict[str, object]:
    return {
        "label": period.label,
        "days": period.days,
        "charge_amp_hours": rounded(period.charge_amp_hours, 1),
        "load_amp_hours": rounded(period.load_amp_hours, 1),
        "balance_amp_hours": rounded(period.balance_amp_hours, 1),
        "charge_watt_hours": rounded(period.charge_watt_hours, 0),
        "load_watt_hours": rounded(period.load_watt_hours, 0),
        "balance_watt_hours": rounded(period.balance_watt_hours, 0),
        "coverage_percent": rounded(period.coverage_percent, 1),
        "is_counted_by_regulator": period.is_counted,
        "battery_min_volts": period.battery_min_volts,
        "battery_max_volts": period.battery_max_volts,
        "lowest_state_of_charge_percent": period.lowest_state_of_charge_percent,
    }


def night_as_dict(night: Night) -> dict[str, object]:
    return {
        "date": night.date,
        "began": iso(night.began_ms),
        "ended": iso(night.ended_ms),
        "used_amp_hours": rounded(night.used_amp_hours, 1),
        "used_percent": night.used_percent,
        "depth_of_discharge_percent": night.depth_of_discharge_percent,
    }


def rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits) + 0.0
