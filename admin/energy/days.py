"""Days, weeks and months of energy: what came in, what was used, and for how much of the time this is known. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from journal.reading import Day
from logger.energy.autonomy import WHOLE_PERCENT
from logger.energy.local_days import is_date, midnight_ms
from logger.energy.quarters import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The energy of a local day, or of several days. `label` is a date, a week such as 2026-W24, or a month.

    `coverage_percent`: of the time that has passed, how much is known from readings. Nothing is estimated for the rest.
    `is_counted`: the Ah are the regulator's own count, because the readings cover too little of the day.
    """

    label: str
    days: int
    seconds: float
    covered_seconds: float
    charge_amp_hours: float | None
    load_amp_hours: float | None
    charge_watt_hours: float | None
    load_watt_hours: float | None
    is_counted: bool = False
    float_ms: int | None = None
    equalise_ms: int | None = None
    battery_min_volts: float | None = None
    battery_max_volts: float | None = None
    lowest_state_of_charge_percent: float | None = None

    @property
    def coverage_percent(self) -> float:
        return min(100.0, 100 * self.covered_seconds / self.seconds) if self.seconds > 0 else 0.0

    @property
    def balance_amp_hours(self) -> float | None:
        return difference(self.charge_amp_hours, self.load_amp_hours)

    @property
    def balance_watt_hours(self) -> float | None:
        return difference(self.charge_watt_hours, self.load_watt_hours)

    @property
    def is_whole(self) -> bool:
        """Whether its Ah are for the whole time."""
        return self.is_counted or self.coverage_percent >= WHOLE_PERCENT


def days_of(stretches: Mapping[str, Stretch], records: Iterable[Day], now_ms: int) -> list[Period]:
    """The days with readings, or with a record of the regulator's own, in order. `stretches`: the sums of each date."""
    counted = {record.date: record for record in records}
    return [
        _day(each, stretches.get(each), counted.get(each), now_ms)
        for each in sorted({*stretches, *(each for each in counted if is_date(each))})
    ]


def _day(label: str, stretch: Stretch | None, record: Day | None, now_ms: int) -> Period:
    stretch = stretch or Stretch(0)
    began_ms, ended_ms = bounds_ms(label)
    seconds = (min(ended_ms, now_ms) - began_ms) / 1000
    amounts = {name: _amount(stretch, name) for name in ("charge_amp_hours", "load_amp_hours")}
    covered = max(stretch.flow(name).covered_ms for name in amounts) / 1000
    is_counted = bool(
        record
        and covered < seconds * WHOLE_PERCENT / 100
        and (record.charge_amp_hours is not None or record.load_amp_hours is not None)
    )
    if record and is_counted:
        amounts = {"charge_amp_hours": record.charge_amp_hours, "load_amp_hours": record.load_amp_hours}
    volts = stretch.extent("battery_volts")
    return Period(
        label=label,
        days=1,
        seconds=max(seconds, 0.0),
        covered_seconds=covered,
        **amounts,
        charge_watt_hours=_amount(stretch, "charge_watt_hours"),
        load_watt_hours=_amount(stretch, "load_watt_hours"),
        is_counted=is_counted,
        float_ms=stretch.float_ms or _float_of(record),
        equalise_ms=stretch.equalise_ms,
        battery_min_volts=lowest(volts.lowest, record.battery_min_volts if record else None),
        battery_max_volts=highest(volts.highest, record.battery_max_volts if record else None),
        lowest_state_of_charge_percent=stretch.extent("state_of_charge_percent").lowest,
    )


def _amount(stretch: Stretch, name: str) -> float | None:
    flow = stretch.flow(name)
    return flow.amount if flow.covered_ms else None


def _float_of(record: Day | None) -> int | None:
    if record is None or record.float_reached_seconds is None:
        return None
    return (record.began_ms or bounds_ms(record.date)[0]) + round(record.float_reached_seconds * 1000)


def weeks(days: Sequence[Period]) -> list[Period]:
    """Weeks from Monday to Sunday, named as ISO 8601 does: 2026-W24."""
    return _grouped(days, lambda day: "{}-W{:02d}".format(*date.fromisoformat(day.label).isocalendar()[:2]))


def months(days: Sequence[Period]) -> list[Period]:
    return _grouped(days, lambda day: day.label[:7])


def _grouped(days: Sequence[Period], name: Callable[[Period], str]) -> list[Period]:
    groups: dict[str, list[Period]] = {}
    for day in days:
        groups.setdefault(name(day), []).append(day)
    return [together(label, each) for label, each in groups.items()]


def together(label: str, days: Sequence[Period]) -> Period:
    """Several days as one. What is not known of a day is missing in the sum; the coverage shows it."""
    return Period(
        label=label,
        days=len(days),
        seconds=sum(day.seconds for day in days),
        covered_seconds=sum(day.covered_seconds for day in days),
        charge_amp_hours=total(day.charge_amp_hours for day in days),
        load_amp_hours=total(day.load_amp_hours for day in days),
        charge_watt_hours=total(day.charge_watt_hours for day in days),
        load_watt_hours=total(day.load_watt_hours for day in days),
        is_counted=any(day.is_counted for day in days),
        float_ms=max((day.float_ms for day in days if day.float_ms), default=None),
        equalise_ms=max((day.equalise_ms for day in days if day.equalise_ms), default=None),
        battery_min_volts=lowest(*(day.battery_min_volts for day in days)),
        battery_max_volts=highest(*(day.battery_max_volts for day in days)),
        lowest_state_of_charge_percent=lowest(*(day.lowest_state_of_charge_percent for day in days)),
    )


def bounds_ms(label: str, days: int = 1) -> tuple[int, int]:
    """The local midnights at which a date begins, and `days` later."""
    first = date.fromisoformat(label)
    return midnight_ms(first), midnight_ms(first + timedelta(days))


def total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def difference(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def lowest(*values: float | None) -> float | None:
    return min((value for value in values if value is not None), default=None)


def highest(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)
