"""The history's records as days. The date of each is known from last time, or from the regulator's midnights. Pure.

    ring       slot  7     8     9    10     11      the pointer is at 11 now
    known           Mon   Tue   Wed                  the journal's newest day stands in slot 9
    new                               Thu    Fri     11 - 9: two midnights have passed, or 32

Rules:
- A record with the same slot and the same bytes as one in the journal is that record, and keeps its date for ever.
- The pointer tells how many are new: they ended at the last midnights. If the ring has gone round completely, or
  belongs to another regulator, nothing in it is known, and only days after the newest known one are taken.
- A record between two known ones that could not be read when it was new ended 24 hours before the next one.
- The date of a day is the local date in which most of it lies. Where that is nearly a tie, days are counted from the
  day before, so that no date is skipped or given twice.
- A date is given once. A second day on the same date, because the clock was set, is "2026-01-05/2".
- `time_ms` is noon UTC of the date: on that date in nearly every time zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from itertools import count

from journal.reading import Day, Reading
from logger.clock.regulator_clock import DAY_MS, Sample
from logger.history.midnights import Before, RegulatorDay, days_before
from logger.history.ring import FIRST, RECORD_BYTES, SLOTS, History, decode_record, start
from logger.regulator.models import Steps
from logger.regulator.registers import by_address, scale_of

TIE_HOURS = 3
NOON_MS = DAY_MS // 2
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DatedRecord:
    """A record with its date. `is_known`: the journal has it already, under this date."""

    slot: int
    raw: bytes
    date: str
    time_ms: int
    day: RegulatorDay
    is_known: bool = False
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Dating:
    """The records that have a date, the oldest first. `is_other`: this is the history of another regulator."""

    records: Sequence[DatedRecord]
    is_other: bool = False


@dataclass(frozen=True, slots=True)
class KnownDay:
    """A day of the journal, with the slot and bytes of its record."""

    slot: int
    raw: bytes
    date: str
    time_ms: int
    began_ms: int
    ended_ms: int

    @property
    def day(self) -> RegulatorDay:
        return RegulatorDay(self.began_ms, self.ended_ms, is_shown=True)

    @classmethod
    def of(cls, day: Day) -> "KnownDay | None":
        """None when the day does not tell which record it was."""
        pairs = dict(zip(day.raw[::2], day.raw[1::2], strict=False))
        slot = (min(pairs, default=0) - FIRST) // RECORD_BYTES
        if not 0 <= slot < SLOTS or len(pairs) != RECORD_BYTES or min(pairs) != start(slot):
            return None
        if day.began_ms is None or day.ended_ms is None:
            return None
        raw = bytes(value for _, value in sorted(pairs.items()))
        return cls(slot, raw, day.date, day.time_ms, day.began_ms, day.ended_ms)


def days_in(
    history: History,
    now: Reading,
    clock: Sample,
    known: Mapping[str, Day],
    before: Before,
    *,
    zone: tzinfo | None = None,
) -> tuple[list[Day], bool]:
    """The records of a history as days, the oldest first, and whether it is another regulator's.

    `now` is the newest reading, `clock` what it shows of the regulator's clock, and `before` looks up earlier samples.
    `known` are the journal's days by date: one that is there already is returned as it is. The new ones are still
    without the sums of their readings.
    """
    was = [each for day in known.values() if (each := KnownDay.of(day))]
    dating = date_records(history, days_before(clock, before), was, zone)
    volts = scale_of(by_address(now.raw), Steps()).system_volts
    days = [known[each.date] if each.is_known else _day_of(each, now.model, volts) for each in dating.records]
    return days, dating.is_other


def _day_of(record: DatedRecord, model: str | None, system_volts: Fraction | None) -> Day:
    return Day(
        time_ms=record.time_ms,
        date=record.date,
        model=model,
        date_is_estimated=int(record.is_estimated),
        began_ms=record.day.began_ms,
        ended_ms=record.day.ended_ms,
        raw=with_addresses(record.slot, record.raw),
        **asdict(decode_record(record.raw, system_volts)),
    )


def with_addresses(slot: int, raw: bytes) -> bytes:
    """The record's bytes as pairs of address and value, as the journal keeps them."""
    return bytes(byte for address, value in enumerate(raw, start(slot)) for byte in (address, value))


def date_records(
    history: History,
    days: Sequence[RegulatorDay],
    known: Sequence[KnownDay],
    zone: tzinfo | None = None,
) -> Dating:
    """Date every record that can be dated.

    `days` are the regulator's last days, the newest first; `known` are the journal's days, in any order; `zone` is
    the local one where none is given.
    """
    known = sorted(known, key=lambda each: each.time_ms, reverse=True)
    new = history.days_ago(known[0].slot) - 1 if known else SLOTS
    past = {ago: each for each in reversed(known[:SLOTS]) if (ago := history.days_ago(each.slot)) > new}
    there = {ago: each for ago, each in past.items() if history.records.get(each.slot) == each.raw}
    replaced = sum(history.records.get(each.slot, each.raw) != each.raw for each in past.values())
    elapsed = _day_number(date_of(days[0], zone)) - _day_number(known[0].date) if known and days else 0
    may_have_gone_round = elapsed >= new + SLOTS // 2
    is_ours, is_telling = len(there) >= replaced, len(set(history.records.values())) > 1
    if known and ((is_ours and is_telling) or ((is_ours or new + 1 in there) and not may_have_gone_round)):
        since = [day for day in days if day.middle_ms > known[0].ended_ms - DAY_MS // 4]
        # A day that ended in a reset counts only if there is a record left for it.
        resets = [day for day in since if day.is_doubtful][: max(0, new - sum(not day.is_doubtful for day in since))]
        ended = [day for day in since if not day.is_doubtful or day in resets]
        ends = _ends(ended[:new], there | {new + 1: known[0]})
        return Dating(_dated(history, ends, known, there, new=new, zone=zone))
    last = known[0].date[:10] if known else ""
    later = [day for day in days if not day.is_doubtful and date_of(day, zone) > last][:SLOTS]
    ends = dict(enumerate(later, start=1))
    return Dating(_dated(history, ends, known, {}, new=SLOTS, zone=zone), not is_ours and elapsed < SLOTS - 3)


def _ends(new: Sequence[RegulatorDay], past: Mapping[int, KnownDay]) -> dict[int, RegulatorDay]:
    """The day of each record, by how many days ago it was; where it is not known, it ended 24 hours before the next."""
    ends = dict(enumerate(new, start=1)) | {days_ago: each.day for days_ago, each in past.items()}
    for days_ago in range(2, max(ends)):
        if days_ago not in ends and (next_day := ends.get(days_ago - 1)):
            ends[days_ago] = RegulatorDay(next_day.began_ms - DAY_MS, next_day.began_ms)
    return ends


def _dated(
    history: History,
    ends: Mapping[int, RegulatorDay],
    known: Sequence[KnownDay],
    there: Mapping[int, KnownDay],
    *,
    new: int,
    zone: tzinfo | None,
) -> list[DatedRecord]:
    """The records of `ends` (the day of each, by how many days ago it was), the oldest first.

    The last `new` are new; those in `there` are known. Any other could not be read when it was new, or was misread: it
    is taken if its date is free, or if it is the record that has this date.
    """
    records: list[DatedRecord] = []
    by_date = {each.date: each for each in known}
    taken = set(by_date)
    before = (known[0].date, known[0].ended_ms) if known and not there else None
    for days_ago, day in sorted(ends.items(), reverse=True):
        slot, was = history.slot(days_ago), there.get(days_ago)
        name = was.date if was else date_of(day, zone, before)
        before = (name, day.ended_ms)
        if days_ago > new and name in by_date:
            was = by_date[name]
        if (raw := history.records.get(slot)) is None or (was and was.slot != slot):
            continue
        if was:
            records.append(DatedRecord(slot, raw, name, was.time_ms, was.day, is_known=raw == was.raw))
            continue
        unique, time_ms = _free_date(name, taken)
        taken.add(unique)
        records.append(DatedRecord(slot, raw, unique, time_ms, day, is_estimated=not day.is_shown))
    return records


def date_of(day: RegulatorDay, zone: tzinfo | None, before: tuple[str, int] | None = None) -> str:
    """The date of a day; `before` is the date and the end of the one before, if that is known."""
    middle = datetime.fromtimestamp(day.middle_ms / 1000, UTC).astimezone(zone)
    name = middle.date().isoformat()
    if before and not TIE_HOURS <= middle.hour < 24 - TIE_HOURS:
        counted = _day_number(before[0]) + max(1, round((day.ended_ms - before[1]) / DAY_MS))
        if abs(counted - _day_number(name)) <= 1:
            return (EPOCH + timedelta(days=counted)).isoformat()
    return name


def _free_date(name: str, taken: set[str]) -> tuple[str, int]:
    nth = next(nth for nth in count(1) if _nth(name, nth) not in taken)
    return _nth(name, nth), _day_number(name) * DAY_MS + NOON_MS + (nth - 1) * 60_000


def _nth(name: str, nth: int) -> str:
    return name if nth == 1 else f"{name}/{nth}"


def _day_number(name: str) -> int:
    return (date.fromisoformat(name[:10]) - EPOCH).days
