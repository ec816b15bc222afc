"""Which day each record is: recognised, counted by the pointer, dated, never twice."""

from collections.abc import Sequence
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.reading import Day
from logger.clock.regulator_clock import DAY_MS
from logger.history.dates import DatedRecord, Dating, KnownDay, date_of, date_records, with_addresses
from logger.history.midnights import RegulatorDay
from logger.history.ring import History

HOUR_MS = 3_600_000
JUNE_1 = 20_605 * DAY_MS
"""2026-06-01T00:00Z"""


def raw(number: int) -> bytes:
    """The record of the nth day since the regulator was born; no two are alike."""
    return bytes([137, 120, 0, 100, number % 256, number // 256 % 256, 0])


def ring(newest: int, *, past: int = 1000) -> History:
    """What the ring holds after day number `newest`; `past` tells one regulator's days from another's."""
    return History(newest % 30, {number % 30: raw(past + number) for number in range(newest - 29, newest + 1)})


def ended(newest: int, count: int = 31, *, hour: float = 0) -> list[RegulatorDay]:
    """Days number `newest` and back; number 0 is 1 June."""
    ends = [JUNE_1 + (newest + 1 - n) * DAY_MS + round(hour * HOUR_MS) for n in range(count)]
    return [RegulatorDay(end - DAY_MS, end, is_shown=True) for end in ends]


def known(records: Sequence[DatedRecord]) -> list[KnownDay]:
    return [
        KnownDay(each.slot, each.raw, each.date, each.time_ms, each.day.began_ms, each.day.ended_ms) for each in records
    ]


def new(dating: Dating) -> list[tuple[str, bytes]]:
    return [(each.date, each.raw) for each in dating.records if not each.is_known]


def date(number: int) -> str:
    middle = RegulatorDay(JUNE_1 + number * DAY_MS, JUNE_1 + (number + 1) * DAY_MS)
    return date_of(middle, UTC)


def test_all_thirty_at_first() -> None:
    dating = date_records(ring(40), ended(40), [], UTC)
    assert new(dating) == [(date(number), raw(1000 + number)) for number in range(11, 41)]
    assert [each.time_ms for each in dating.records] == [JUNE_1 + n * DAY_MS + DAY_MS // 2 for n in range(11, 41)]


@given(st.integers(30, 200), st.integers(0, 29))
def test_as_many_are_new_as_the_pointer_has_moved(newest: int, moved: int) -> None:
    before = date_records(ring(newest), ended(newest), [], UTC)
    after = date_records(ring(newest + moved), ended(newest + moved), known(before.records), UTC)
    assert new(after) == [(date(n), raw(1000 + n)) for n in range(newest + 1, newest + moved + 1)]
    assert [each.date for each in after.records if each.is_known] == [
        date(n) for n in range(newest + moved - 29, newest + 1)
    ]
    assert not after.is_other


@pytest.mark.parametrize("moved", [30, 31, 47, 60, 90, 400])
def test_a_ring_that_has_gone_round_is_all_new(moved: int) -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    after = date_records(ring(40 + moved), ended(40 + moved), known(before.records), UTC)
    assert new(after) == [(date(n), raw(1000 + n)) for n in range(41 + moved - 30, 41 + moved)]
    assert not after.is_other


def test_a_ring_of_days_that_are_all_alike_is_counted_by_time() -> None:
    same = bytes([137, 120, 0, 100, 1, 1, 0])
    history = History(10, dict.fromkeys(range(30), same))
    before = date_records(history, ended(40), [], UTC)
    assert new(date_records(history, ended(40), known(before.records), UTC)) == []
    assert [each[0] for each in new(date_records(history, ended(70), known(before.records), UTC))] == [
        date(n) for n in range(41, 71)
    ]
    two_later = History(12, history.records)
    assert [each[0] for each in new(date_records(two_later, ended(42), known(before.records), UTC))] == [
        date(41),
        date(42),
    ]


def test_a_day_keeps_its_date_when_the_clock_is_found_to_be_wrong() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    after = date_records(ring(40), ended(43, hour=7), known(before.records), UTC)
    assert [(each.date, each.is_known) for each in after.records] == [(each.date, True) for each in before.records]


def test_another_regulators_days_are_not_taken_over_ours() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    other = date_records(ring(47, past=0), ended(40), known(before.records), UTC)
    assert (new(other), other.is_other) == ([], True)
    next_day = date_records(ring(48, past=0), ended(41), known(before.records), UTC)
    assert (new(next_day), next_day.is_other) == ([(date(41), raw(48))], True)
    taken = known([*before.records, *next_day.records])
    day_after = date_records(ring(49, past=0), ended(42), taken, UTC)
    assert (new(day_after), day_after.is_other) == ([(date(42), raw(49))], False)


def test_another_regulator_that_stays_never_writes_over_our_days() -> None:
    """Most of the known days are its own after a while; its past must not be taken for ours even then."""
    ours = date_records(ring(40), ended(40), [], UTC).records
    days = {each.date: each.raw for each in ours}
    stored = list(ours)
    for number in range(41, 81):
        dating = date_records(ring(number + 7, past=0), ended(number), known(stored), UTC)
        assert new(dating) == [(date(number), raw(number + 7))]
        stored += [each for each in dating.records if not each.is_known]
        days |= dict(new(dating))
    assert days == {date(n): raw(1000 + n) for n in range(11, 41)} | {date(n): raw(n + 7) for n in range(41, 81)}


@pytest.mark.parametrize("days_ago", [1, 2, 15])
def test_a_record_with_a_byte_that_was_misread_is_put_right_under_its_date(days_ago: int) -> None:
    number = 41 - days_ago
    misread = History(40 % 30, {**ring(40).records, number % 30: raw(7)})
    before = date_records(misread, ended(40), [], UTC)
    after = date_records(ring(41), ended(41), known(before.records), UTC)
    assert new(after) == [(date(number), raw(1000 + number)), (date(41), raw(1041))]
    assert len({each.date for each in after.records}) == 30


def test_a_record_that_could_not_be_read_at_first_is_taken_later() -> None:
    holes = dict(ring(40).records)
    for number in (40, 30):
        del holes[number % 30]
    before = date_records(History(40 % 30, holes), ended(40), [], UTC)
    assert [each.date for each in before.records] == [date(n) for n in range(11, 40) if n != 30]
    after = date_records(ring(41), ended(41), known(before.records), UTC)
    assert new(after) == [(date(n), raw(1000 + n)) for n in (30, 40, 41)]


def ended_by_a_reset(n: int) -> list[RegulatorDay]:
    """The days up to the one that a reset at 14:00 of day `n` begins, the newest first."""
    reset = JUNE_1 + n * DAY_MS + 14 * HOUR_MS
    return [
        RegulatorDay(reset, reset + DAY_MS, is_shown=True),
        RegulatorDay(JUNE_1 + n * DAY_MS, reset, is_doubtful=True),
        *ended(n - 1),
    ]


def test_a_reset_ends_a_day_only_when_the_pointer_says_so() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    days = ended_by_a_reset(41)
    one = date_records(ring(41), days, known(before.records), UTC)
    assert new(one) == [(date(42), raw(1041))]
    two = date_records(ring(42), days, known(before.records), UTC)
    assert new(two) == [(date(41), raw(1041)), (date(42), raw(1042))]


def test_a_reset_without_a_record_takes_none_from_the_day_before() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    after = date_records(ring(42), ended_by_a_reset(42), known(before.records), UTC)
    assert new(after) == [(date(41), raw(1041)), (date(43), raw(1042))]


def test_a_record_waits_for_the_midnight_that_ended_it() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    early = date_records(ring(41), ended(40), known(before.records), UTC)
    assert new(early) == []
    after = date_records(ring(41), ended(41), known(before.records), UTC)
    assert new(after) == [(date(41), raw(1041))]


def test_a_second_day_on_a_date_gets_a_name_and_a_time_of_its_own() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    morning = JUNE_1 + 41 * DAY_MS + 9 * HOUR_MS
    days = [RegulatorDay(morning, morning + 6 * HOUR_MS), RegulatorDay(JUNE_1 + 41 * DAY_MS, morning), *ended(40)]
    after = date_records(ring(42), days, known(before.records), UTC)
    assert [each[0] for each in new(after)] == [date(41), f"{date(41)}/2"]
    assert len({each.time_ms for each in after.records}) == 30


def test_a_record_that_is_read_late_never_takes_the_date_of_another() -> None:
    before = date_records(ring(40), ended(40), [], UTC)
    morning = JUNE_1 + 41 * DAY_MS + 9 * HOUR_MS
    days = [RegulatorDay(morning, morning + 6 * HOUR_MS), RegulatorDay(JUNE_1 + 41 * DAY_MS, morning), *ended(40)]
    unread = History(42 % 30, {slot: content for slot, content in ring(42).records.items() if slot != 41 % 30})
    second = date_records(unread, days, known(before.records), UTC)
    assert new(second) == [(date(41), raw(1042))]
    after = date_records(ring(42), days, known([*before.records, *second.records[-1:]]), UTC)
    assert new(after) == []


@pytest.mark.parametrize(
    ("end_hour", "zone", "expected"),
    [
        pytest.param(0, UTC, "2026-06-01", id="midnight"),
        pytest.param(18.1 - 24, UTC, "2026-06-01", id="18:06, the day mostly before its end"),
        pytest.param(14 - 24, UTC, "2026-06-01", id="a site ten hours east on a computer in UTC"),
        pytest.param(8, UTC, "2026-06-01", id="a site eight hours west on a computer in UTC"),
        pytest.param(14 - 24, timezone(timedelta(hours=10)), "2026-06-01", id="the same with its own zone"),
    ],
)
def test_the_date_is_that_in_which_most_of_the_day_lies(end_hour: float, zone: timezone, expected: str) -> None:
    end = JUNE_1 + DAY_MS + round(end_hour * HOUR_MS)
    assert date_of(RegulatorDay(end - DAY_MS, end), zone) == expected


@given(st.lists(st.integers(-60_000, 60_000), min_size=5, max_size=30))
def test_midnights_at_noon_neither_skip_a_date_nor_name_one_twice(jitter: list[int]) -> None:
    before = None
    names = []
    for number, shift in enumerate(jitter):
        end = JUNE_1 + number * DAY_MS + DAY_MS // 2 + shift
        names.append(date_of(RegulatorDay(end - DAY_MS, end), UTC, before))
        before = (names[-1], end)
    first = int(names[0] == "2026-06-01")
    assert names == [date(number - 1 + first) for number in range(len(jitter))]


def test_a_stored_day_says_which_record_it_was() -> None:
    day = Day(time_ms=5, date="2026-06-01", began_ms=1, ended_ms=2, raw=with_addresses(29, raw(7)))
    assert KnownDay.of(day) == KnownDay(29, raw(7), "2026-06-01", 5, 1, 2)


@pytest.mark.parametrize("content", [b"", raw(7), with_addresses(3, raw(7))[:-2], bytes([5, 5]) * 7])
def test_a_day_that_does_not_say_so_is_not_known(content: bytes) -> None:
    assert KnownDay.of(Day(time_ms=5, date="2026-06-01", began_ms=1, ended_ms=2, raw=content)) is None
