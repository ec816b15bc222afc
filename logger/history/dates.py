"""The date of each record of the history: known from last time, or from the regulator's midnights. Pure.

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
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import count

from journal.reading import Day
from logger.clock.regulator_clock import DAY_MS
from logger.history.midnights import RegulatorDay
from logger.history.ring import FIRST, RECORD_BYTES, SLOTS, History, start

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
        ends = _ends(_ended_in(days, known[0], new)[:new], known[0], there, new)
        return Dating(_dated(history, ends, known, there, new=new, zone=zone))
    last = known[0].date[:10] if known else ""
    later = [day for day in days if not day.is_doubtful and date_of(day, zone) > last][:SLOTS]
    ends = dict(enumerate(later, start=1))
    return Dating(_dated(history, ends, known, {}, new=SLOTS, zone=zone), not is_ours and elapsed < SLOTS - 3)


def _ends(
    days: Sequence[RegulatorDay], newest: KnownDay, there: Mapping[int, KnownDay], new: int
) -> dict[int, RegulatorDay]:
    """The day of each record, by how many days ago it was: from `days` if it is new, else 24 hours before the next."""
    ends = dict(enumerate(days, start=1))
    for days_ago in range(1, max(new, *there, 0) + 1):
        if was := newest if days_ago == new + 1 else there.get(days_ago):
            ends[days_ago] = was.day
        elif days_ago not in ends and (next_day := ends.get(days_ago - 1)):
            ends[days_ago] = RegulatorDay(next_day.began_ms - DAY_MS, next_day.began_ms)
    return ends


def _ended_in(days: Sequence[RegulatorDay], newest: KnownDay, new: int) -> list[RegulatorDay]:
    """The days of the new records. A day that ended in a reset counts only if there is a record left for it."""
    since = [day for day in days if day.middle_ms > newest.ended_ms - DAY_MS // 4]
    missing = new - sum(not day.is_doubtful for day in since)
    resets = [day for day in since if day.is_doubtful][: max(0, missing)]
    return [day for day in since if not day.is_doubtful or day in resets]


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
        counted = _shifted(before[0][:10], max(1, round((day.ended_ms - before[1]) / DAY_MS)))
        if abs(_day_number(counted) - _day_number(name)) <= 1:
            return counted
    return name


def _free_date(name: str, taken: set[str]) -> tuple[str, int]:
    if name not in taken:
        return name, _noon(name)
    nth = next(nth for nth in count(2) if f"{name}/{nth}" not in taken)
    return f"{name}/{nth}", _noon(name) + (nth - 1) * 60_000


def _shifted(name: str, days: int) -> str:
    return (date.fromisoformat(name) + timedelta(days=days)).isoformat()


def _day_number(name: str) -> int:
    return (date.fromisoformat(name[:10]) - EPOCH).days


def _noon(name: str) -> int:
    return _day_number(name) * DAY_MS + NOON_MS
