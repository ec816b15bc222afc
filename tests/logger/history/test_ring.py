"""The ring of daily records: the manual's examples, blank slots, and how the bytes are collected."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.history.ring import ADDRESSES, POINTER, DayValues, History, PartialHistory, decode_record, is_quiet, start
from simulator.history import decode_record as simulators_idea
from simulator.history import record_start


def ring(pointer: int = 2, fill: int = 1) -> dict[int, int]:
    return {address: (pointer if address == POINTER else fill) for address in ADDRESSES}


def collect(memory: dict[int, int], partial: PartialHistory | None = None) -> PartialHistory:
    partial = partial or PartialHistory()
    while (address := partial.next_address) is not None:
        partial.take(memory.get(address))
    return partial


@pytest.mark.parametrize(
    ("pointer", "starts"),
    [(2, {1: 60, 2: 53, 3: 46, 4: 249, 30: 67}), (0, {1: 46, 2: 249, 3: 242, 30: 53}), (29, {1: 249, 2: 242, 30: 46})],
)
def test_where_each_day_stands_is_as_the_manual_computes_it(pointer: int, starts: dict[int, int]) -> None:
    history = History(pointer, {})
    assert {days_ago: start(history.slot(days_ago)) for days_ago in starts} == starts


@given(st.integers(0, 29), st.integers(1, 30))
def test_the_simulator_has_the_same_idea_of_the_ring(pointer: int, days_ago: int) -> None:
    history = History(pointer, {})
    assert start(history.slot(days_ago)) == record_start(pointer, days_ago)
    assert history.days_ago(history.slot(days_ago)) == days_ago


def test_the_manuals_record() -> None:
    values = decode_record(bytes([137, 120, 130, 100, 27, 64, 33]), 24)
    assert values == DayValues(27.4, 24.0, 46800.0, 100.0, 283.0, 576.0)


@given(st.binary(min_size=7, max_size=7), st.sampled_from([12, 24, 32, 36, 48]))
def test_a_value_is_the_simulators_or_absent(raw: bytes, system_volts: int) -> None:
    ours, theirs = decode_record(raw, Fraction(system_volts)), simulators_idea(raw, 1, system_volts)
    assert ours.battery_max_volts in (None, pytest.approx(theirs.battery_max_volts))
    assert (ours.battery_max_volts is None) == (not 75 <= raw[0] <= 203)
    assert ours.battery_min_volts in (None, pytest.approx(theirs.battery_min_volts))
    assert ours.float_reached_seconds == (theirs.float_reached_seconds if 0 < raw[2] < 240 else None)
    assert ours.state_of_charge_percent == (raw[3] if raw[3] <= 127 else None)
    assert (ours.charge_amp_hours, ours.load_amp_hours) == (theirs.charge_amp_hours, theirs.load_amp_hours)


def test_without_the_system_voltage_there_are_no_volts() -> None:
    values = decode_record(bytes([137, 120, 130, 100, 27, 64, 33]), None)
    assert (values.battery_max_volts, values.battery_min_volts, values.charge_amp_hours) == (None, None, 283.0)


def test_every_byte_is_read_once_and_the_pointer_first_and_last() -> None:
    asked = []
    partial = PartialHistory()
    while (address := partial.next_address) is not None:
        asked.append(address)
        partial.take(ring()[address])
    assert asked == [45, *range(46, 256), 45]
    assert partial.history() == History(2, {slot: bytes([1] * 7) for slot in range(30)})


@pytest.mark.parametrize("blank", [0x00, 0xFF])
def test_a_slot_that_was_never_written_is_no_record(blank: int) -> None:
    memory = ring(fill=blank) | dict.fromkeys(range(60, 67), 130)
    assert collect(memory).history() == History(2, {2: bytes([130] * 7)})
    assert collect(memory | {60: blank}).history().records[2] == bytes([blank, *[130] * 6])


def test_a_pointer_that_has_moved_starts_it_all_over() -> None:
    partial = PartialHistory()
    memory = ring(2, fill=1)
    while partial.next_address != POINTER or partial.done < 211:
        partial.take(memory[partial.next_address])
    memory = ring(3, fill=9)
    partial.take(memory[POINTER])
    assert (partial.times_moved, partial.done) == (1, 0)
    assert collect(memory, partial).history() == History(3, {slot: bytes([9] * 7) for slot in range(30)})


def test_a_byte_that_cannot_be_had_costs_its_record_alone() -> None:
    memory = ring()
    del memory[100]
    history = collect(memory).history()
    assert (history.pointer, set(range(30)) - set(history.records)) == (2, {(100 - 46) // 7})


def test_a_byte_that_comes_at_the_second_try_costs_nothing() -> None:
    partial, failed = PartialHistory(), set()
    while (address := partial.next_address) is not None:
        is_first = address not in failed
        failed.add(address)
        partial.take(None if is_first else ring()[address])
    assert len(partial.history().records) == 30


@pytest.mark.parametrize("pointer", [None, 30, 255])
def test_without_a_pointer_there_is_no_history(pointer: int | None) -> None:
    memory = ring() | {POINTER: pointer}
    assert collect(memory).history() is None


@pytest.mark.parametrize(
    ("clock", "expected"), [(0, False), (599, False), (600, True), (43_000, True), (85_800, True), (85_801, False)]
)
def test_ten_minutes_around_midnight_are_left_alone(clock: float, expected: bool) -> None:
    assert is_quiet(clock) is expected
