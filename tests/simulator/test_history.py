import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import HistoryDay
from simulator.history import decode_record, encode_record, record_start
from tests.simulator.bench import DAY, HOUR, Bench


@pytest.mark.parametrize(
    ("pointer", "starts"),
    [
        pytest.param(2, {1: 60, 2: 53, 3: 46, 4: 249, 30: 67}, id="the manual's first example"),
        pytest.param(0, {1: 46, 2: 249, 3: 242, 30: 53}, id="pointer at the first slot"),
        pytest.param(29, {1: 249, 2: 242, 30: 46}, id="pointer at the last slot"),
    ],
)
def test_older_days_lie_lower_and_round_the_end(pointer: int, starts: dict[int, int]) -> None:
    assert {days_ago: record_start(pointer, days_ago) for days_ago in starts} == starts


def test_the_manuals_second_example_is_283_and_576_amp_hours() -> None:
    day = decode_record(bytes([148, 122, 140, 100, 27, 64, 33]), days_ago=1, system_volts=24)
    assert day == HistoryDay(
        days_ago=1,
        battery_max_volts=29.6,
        battery_min_volts=24.4,
        float_reached_seconds=14 * HOUR,
        state_of_charge_percent=100,
        charge_amp_hours=283,
        load_amp_hours=576,
        raw=bytes([148, 122, 140, 100, 27, 64, 33]),
    )


@given(charge=st.integers(0, 4095), load=st.integers(0, 4095))
def test_twelve_bits_of_amp_hours_survive(charge: int, load: int) -> None:
    day = decode_record(record(charge, load), days_ago=1, system_volts=12)
    assert (day.charge_amp_hours, day.load_amp_hours) == (charge, load)


def test_more_amp_hours_than_twelve_bits_hold_stay_at_the_most() -> None:
    assert record(5000, 70_000) == record(4095, 4095)


def test_thirty_days_are_there_from_the_start() -> None:
    days = Bench().simulator.history()
    assert [day.days_ago for day in days] == list(range(1, 31))
    for day in days:
        assert 22 <= day.battery_min_volts < day.battery_max_volts <= 31
        assert 20 <= day.load_amp_hours <= 400
        assert 20 <= day.charge_amp_hours <= 400
        assert 0 <= day.state_of_charge_percent <= 127


def test_fewer_days_leave_blank_slots() -> None:
    bench = Bench(history_days=3, blank_byte=0x00)
    assert [day.days_ago for day in bench.simulator.history()] == [1, 2, 3]
    assert bench.eeprom(45) == 2
    assert bench.simulator.eeprom()[67:] == bytes(256 - 67)


def test_the_first_day_of_an_empty_history_goes_into_the_first_slot() -> None:
    bench = Bench(history_days=0, start_hour=23.9)
    assert bench.simulator.history() == []
    assert bench.eeprom(45) == 29
    bench.clock.advance(HOUR)
    assert bench.eeprom(45) == 0
    assert [day.raw for day in bench.simulator.history()] == [bench.simulator.eeprom()[46:53]]


def test_midnight_writes_what_the_day_came_to_and_clears_it() -> None:
    bench = Bench(start_hour=8.0)
    older = bench.simulator.history()
    pointer = bench.eeprom(45)
    bench.clock.advance(16 * HOUR - 2)
    evening = bench.simulator.truth()
    bench.clock.advance(4)
    night = bench.simulator.truth()
    newest, *others = bench.simulator.history()

    assert newest.battery_max_volts == evening.battery_max_volts
    assert newest.battery_min_volts == evening.battery_min_volts
    assert newest.charge_amp_hours == evening.charge_amp_hours > 100
    assert newest.load_amp_hours == evening.load_amp_hours > 100
    assert newest.state_of_charge_percent == evening.state_of_charge_percent
    assert [day.raw for day in others] == [day.raw for day in older[:-1]]
    assert bench.eeprom(45) == (pointer + 1) % 30

    assert (night.charge_amp_hours, night.load_amp_hours) == (0, 0)
    assert night.battery_max_volts == night.battery_min_volts == night.battery_volts
    assert night.state_of_charge_percent == evening.state_of_charge_percent
    assert night.regulator_clock_seconds == 2


def test_a_record_holds_the_totals_with_the_shunts() -> None:
    bench = Bench(start_hour=8.0, external_charge=True, external_load=True, seed=3)
    bench.clock.advance(16 * HOUR - 2)
    evening = bench.simulator.truth()
    bench.clock.advance(4)
    newest = bench.simulator.history()[0]
    assert newest.charge_amp_hours == evening.charge_amp_hours > evening.internal_charge_amp_hours
    assert newest.load_amp_hours == evening.load_amp_hours > evening.internal_load_amp_hours


def test_the_record_is_written_two_seconds_before_the_pointer_moves() -> None:
    bench = Bench(start_hour=23.99)
    before = bench.simulator.eeprom()
    bench.clock.advance(36)
    between = bench.simulator.eeprom()
    bench.clock.advance(2)
    after = bench.simulator.eeprom()

    assert bench.simulator.truth().regulator_clock_seconds == 2
    start = record_start(before[45], 0)
    assert between[45] == before[45]
    assert [address for address in range(256) if between[address] != before[address]] == [
        address for address in range(start, start + 7) if after[address] != before[address]
    ]
    assert between[start : start + 7] != before[start : start + 7]
    assert after[45] == (before[45] + 1) % 30
    assert after[46:] == between[46:]


def test_the_pointer_may_move_first() -> None:
    bench = Bench(start_hour=23.99, pointer_first=True)
    before = bench.simulator.eeprom()
    bench.clock.advance(36)
    between = bench.simulator.eeprom()
    bench.clock.advance(2)
    after = bench.simulator.eeprom()

    assert between[45] == (before[45] + 1) % 30
    assert between[46:] == before[46:]
    start = record_start(between[45], 1)
    assert after[45] == between[45]
    assert after[start : start + 7] != between[start : start + 7]


def test_no_day_is_written_while_the_clock_merely_starts_at_midnight() -> None:
    bench = Bench(start_hour=0.0)
    before = bench.simulator.eeprom()
    bench.clock.advance(600)
    assert bench.simulator.eeprom() == before


def test_the_regulators_midnight_is_not_the_sites() -> None:
    bench = Bench(start_hour=17.5, clock_offset_hours=5.9)
    assert bench.ram(48) == 234
    before = bench.eeprom(45)
    bench.clock.advance(0.6 * HOUR + 2)
    assert bench.eeprom(45) == (before + 1) % 30
    bench.clock.advance(DAY / 2)
    assert bench.eeprom(45) == (before + 1) % 30


def record(charge: int, load: int) -> bytes:
    return encode_record(
        max_tenths=140,
        min_tenths=120,
        float_tenths=0,
        percent=90,
        charge_amp_hours=charge,
        load_amp_hours=load,
    )
