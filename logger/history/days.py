"""The records of a history as days: with a date (midnights.py, dates.py) and with quantities (ring.py). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction

from journal.reading import Day, Reading
from logger.clock.regulator_clock import Sample
from logger.history.dates import DatedRecord, KnownDay, date_records, with_addresses
from logger.history.midnights import Before, days_before
from logger.history.ring import History, decode_record
from logger.regulator.models import Steps
from logger.regulator.registers import by_address, scale_of


@dataclass(frozen=True, slots=True)
class NewestReading:
    """The newest reading, its sample of the regulator's clock, and the system voltage."""

    reading: Reading
    sample: Sample

    @property
    def system_volts(self) -> Fraction | None:
        return scale_of(by_address(self.reading.raw), Steps()).system_volts


def days_in(
    history: History, now: NewestReading, known: Mapping[str, Day], before: Before, zone: tzinfo | None = None
) -> tuple[list[Day], bool]:
    """The records of a history as days, the oldest first, and whether it is another regulator's.

    `known` are the journal's days by date: one that is there already is returned as it is. The new ones are still
    without the sums of their readings. `before` looks up earlier samples of the regulator's clock.
    """
    days = days_before(now.sample, before)
    dating = date_records(history, days, [each for day in known.values() if (each := KnownDay.of(day))], zone)
    found = [known[record.date] if record.is_known else _day_of(record, now) for record in dating.records]
    return found, dating.is_other


def _day_of(record: DatedRecord, now: NewestReading) -> Day:
    values = decode_record(record.raw, now.system_volts)
    return Day(
        time_ms=record.time_ms,
        date=record.date,
        model=now.reading.model,
        date_is_estimated=int(record.is_estimated),
        began_ms=record.day.began_ms,
        ended_ms=record.day.ended_ms,
        battery_max_volts=values.battery_max_volts,
        battery_min_volts=values.battery_min_volts,
        state_of_charge_percent=values.state_of_charge_percent,
        float_reached_seconds=values.float_reached_seconds,
        charge_amp_hours=values.charge_amp_hours,
        load_amp_hours=values.load_amp_hours,
        raw=with_addresses(record.slot, record.raw),
    )
