from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import SimulatorOptions, Truth
from simulator.meters import Meters
from simulator.registers import show_amp_hours, show_clock, show_current, show_external, ticks_of_clock
from simulator.settings import capacity_amp_hours, capacity_code
from simulator.site import Flows
from simulator.truth import decode_truth
from tests.simulator.bench import DAY, HOUR, Bench


@pytest.mark.parametrize(
    ("model", "lowest", "highest", "limit"),
    [("PL20", 0, 127, 200), ("PL40", 128, 191, 200), ("PL60", 192, 210, 150), ("PL80", 215, 255, 200)],
)
def test_each_model_shows_a_version_of_its_own_and_its_charge_limit(
    model: str, lowest: int, highest: int, limit: int
) -> None:
    bench = Bench(model=model)
    assert lowest <= bench.ram(0) <= highest
    assert bench.ram(77) == limit


def test_a_version_that_no_model_has_can_be_shown() -> None:
    assert Bench(version=212).ram(0) == 212


@pytest.mark.parametrize(("volts", "code"), [(12, 0), (24, 1), (32, 2), (36, 3), (48, 4)])
def test_the_system_voltage_scales_what_is_shown(volts: int, code: int) -> None:
    bench = Bench(system_volts=volts)
    assert bench.ram(93) == code
    assert bench.simulator.truth().battery_volts == bench.ram(50) * volts / 120


@pytest.mark.parametrize(
    ("raw", "system_volts", "volts"),
    [
        (137, 12, 13.7),
        (137, 24, 27.4),
        (128, 12, 12.8),
        (128, 24, 25.6),
        (128, 48, 51.2),
        (120, 32, 32.0),
        (120, 36, 36.0),
    ],
)
def test_register_50_is_in_tenths_of_a_12_volt_system(raw: int, system_volts: int, volts: float) -> None:
    ram = bytearray(256)
    ram[50], ram[93] = raw, {12: 0, 24: 1, 32: 2, 36: 3, 48: 4}[system_volts]
    assert decode_truth(bytes(ram), "PL80", 0.4, 0.2).battery_volts == volts


@pytest.mark.parametrize(
    ("model", "charge_amps", "load_amps"),
    [("PL20", 1.0, 1.0), ("PL40", 2.0, 1.0), ("PL60", 4.0, 2.0), ("PL80", 4.0, 2.0)],
)
def test_ten_steps_of_current_mean_what_the_model_says(model: str, charge_amps: float, load_amps: float) -> None:
    ram = bytearray(256)
    ram[213] = ram[217] = 10
    options = Bench(model=model).simulator.options
    truth = decode_truth(bytes(ram), model, options.charge_step, options.load_step)
    assert (truth.charge_amps, truth.load_amps) == (charge_amps, load_amps)


@pytest.mark.parametrize(("raw", "percent"), [(240, 100.0), (120, 50.0), (0, 0.0)])
def test_a_duty_cycle_of_240_is_100_percent(raw: int, percent: float) -> None:
    ram = bytearray(256)
    ram[39] = raw
    assert decode_truth(bytes(ram), "PL80", 0.4, 0.2).duty_cycle_percent == percent


def test_44_half_volts_of_the_panels_are_22_volts_whatever_the_system() -> None:
    for volt_code in range(5):
        ram = bytearray(256)
        ram[53], ram[93] = 44, volt_code
        assert decode_truth(bytes(ram), "PL80", 0.4, 0.2).solar_volts == 22.0


def test_the_duty_cycle_is_full_in_the_dark() -> None:
    assert Bench(start_hour=2.0).ram(39) == 240


def test_52_steps_are_20_point_8_amperes_exactly() -> None:
    ram = bytearray(256)
    ram[213] = 52
    assert decode_truth(bytes(ram), "PL80", 0.4, 0.2).charge_amps == 20.8


def test_other_steps_change_the_registers_and_not_the_amperes() -> None:
    usual, other = Bench(start_hour=12.0), Bench(start_hour=12.0, charge_step_amps=0.5, load_step_amps=0.25)
    for bench in (usual, other):
        bench.clock.advance(600)
    assert usual.ram(213) > other.ram(213) > 0
    assert usual.ram(217) > other.ram(217) > 0
    assert usual.simulator.truth().charge_amps == pytest.approx(other.simulator.truth().charge_amps, abs=0.5)
    assert usual.simulator.truth().load_amps == pytest.approx(other.simulator.truth().load_amps, abs=0.25)
    assert other.ram(77) == 160


def test_both_battery_voltages_agree_at_every_hour() -> None:
    bench = Bench()
    for _ in range(48):
        ram = bench.simulator.ram()
        assert abs(75 + ram[221] / 2 + ram[220] / 512 - ram[50]) <= 0.5
        bench.clock.advance(HOUR / 2)


@given(ticks=st.integers(0, 43_199))
def test_every_time_of_day_can_be_read_back(ticks: int) -> None:
    ram = bytearray(256)
    show_clock(ticks, ram)
    assert ticks_of_clock(ram) == ticks
    assert (ram[48] * 360 + ram[47] * 60 + ram[46] * 2, ram[46] < 30, ram[47] < 6, ram[48] < 240) == (
        ticks * 2,
        True,
        True,
        True,
    )


def test_a_current_beyond_the_register_stays_at_its_top() -> None:
    ram = bytearray(256)
    show_current(500.0, 0.4, ram, 212, 213)
    assert (ram[212], ram[213]) == (255, 255)


@pytest.mark.parametrize(
    ("amp_hours", "low", "high"), [(0.0, 0, 0), (255.999, 255, 0), (256.0, 0, 1), (511.5, 255, 1), (576.0, 0x40, 2)]
)
def test_amp_hours_carry_into_the_high_byte(amp_hours: float, low: int, high: int) -> None:
    ram = bytearray(256)
    show_amp_hours(amp_hours, ram, 185)
    assert (ram[188], ram[189]) == (low, high)
    assert int.from_bytes(ram[185:188], "little") == int(amp_hours % 1 * 2**24)


def test_a_day_of_sun_carries_the_counter_past_255() -> None:
    bench = Bench(start_hour=6.0, battery_percent=30.0)
    highs = []
    for _ in range(14):
        bench.clock.advance(HOUR)
        highs.append((bench.ram(189), bench.simulator.truth().internal_charge_amp_hours))
    assert highs[0][0] == 0
    assert highs[-1][0] >= 1
    assert all(high == int(amp_hours) >> 8 for high, amp_hours in highs)


def test_the_counter_counts_what_the_current_register_shows() -> None:
    bench = Bench(start_hour=9.0, battery_percent=40.0)
    start = bench.simulator.truth().internal_charge_amp_hours
    steps = 0
    for _ in range(5 * 360):
        bench.clock.advance(10)
        steps += bench.ram(213)
    counted = bench.simulator.truth().internal_charge_amp_hours - start
    assert counted / (steps * 10 / HOUR) == pytest.approx(0.4, rel=0.02)


def test_the_state_has_company_in_its_upper_bits() -> None:
    bench = Bench()
    seen = set()
    for _ in range(100):
        seen.add(bench.ram(101))
        bench.clock.advance(2)
    assert {raw & 3 for raw in seen} == {0}
    assert len(seen) > 30


def test_the_low_bytes_of_the_extremes_read_zero() -> None:
    bench = Bench()
    bench.clock.advance(3 * HOUR)
    assert [bench.ram(124), bench.ram(125)] == [0, 0]


class TestExternalInputs:
    def test_without_shunts_nothing_is_enabled(self) -> None:
        bench = Bench()
        bench.clock.advance(5 * HOUR)
        assert [bench.ram(address) for address in (205, 206, 207)] == [0, 0, 0]
        truth = bench.simulator.truth()
        assert (truth.external_charge_amps, truth.external_load_amps) == (None, None)
        assert truth.charge_amps == truth.internal_charge_amps

    def test_each_has_its_own_flag(self) -> None:
        assert Bench(external_charge=True).ram(207) & 0b1100 == 0b0100
        assert Bench(external_load=True).ram(207) & 0b1100 == 0b1000

    @pytest.mark.parametrize(("amps", "raw", "coarse"), [(5.7, 57, 0), (24.9, 249, 0), (57.2, 57, 1), (300.0, 255, 1)])
    def test_beyond_25_amperes_they_count_whole_ones(self, amps: float, raw: int, coarse: int) -> None:
        meters = Meters(Flows(12.0, 0.0, 0.0, amps, amps, 1.0, 0.0, 20.0))
        for _ in range(2):
            meters.measure(Flows(12.0, 0.0, 0.0, amps, amps, 1.0, 0.0, 20.0), is_solar_connected=True)
        ram = bytearray(256)
        show_external(meters, SimulatorOptions(external_charge=True, external_load=True), ram)
        assert list(ram[205:208]) == [raw, raw, 0b1100 | coarse * 0b11]

    def test_the_scale_changes_with_the_current(self) -> None:
        bench = Bench(external_load=True, start_hour=8.0)
        scales = set()
        for _ in range(12 * 60):
            ram = bench.simulator.ram()
            amps = bench.simulator.truth().external_load_amps
            assert amps == (ram[206] if ram[207] & 2 else ram[206] / 10)
            scales.add(ram[207] & 2)
            bench.clock.advance(60)
        assert scales == {0, 2}

    @pytest.mark.parametrize(
        ("flags", "charge_raw", "load_raw", "charge_amps", "load_amps"),
        [(0b0100, 57, 9, 5.7, None), (0b1110, 57, 57, 5.7, 57.0), (0b0000, 57, 57, None, None)],
    )
    def test_the_flags_say_how_to_read_them(
        self, flags: int, charge_raw: int, load_raw: int, charge_amps: float | None, load_amps: float | None
    ) -> None:
        ram = bytearray(256)
        ram[205:208] = bytes([charge_raw, load_raw, flags])
        truth = decode_truth(bytes(ram), "PL80", 0.4, 0.2)
        assert (truth.external_charge_amps, truth.external_load_amps) == (charge_amps, load_amps)

    def test_totals_include_them(self) -> None:
        bench = Bench(external_charge=True, external_load=True, start_hour=8.0, seed=3)
        bench.clock.advance(6 * HOUR)
        truth = bench.simulator.truth()
        assert truth.external_charge_amps is not None
        assert truth.external_load_amps is not None
        assert truth.charge_amps == pytest.approx(truth.internal_charge_amps + truth.external_charge_amps)
        assert truth.load_amps == pytest.approx(truth.internal_load_amps + truth.external_load_amps)
        assert truth.charge_watts == pytest.approx(truth.battery_volts * truth.charge_amps)
        assert truth.load_amp_hours == truth.internal_load_amp_hours + truth.external_load_amp_hours > 0


class TestTemperature:
    def test_it_is_in_whole_degrees_at_three_addresses(self) -> None:
        bench = Bench()
        assert bench.ram(52) == bench.ram(180) == bench.ram(229)
        assert 5 <= bench.simulator.truth().battery_celsius <= 40

    def test_without_a_sensor_it_reads_zero(self) -> None:
        bench = Bench(temperature_sensor=False)
        assert [bench.ram(52), bench.ram(180), bench.ram(228), bench.ram(229)] == [0, 0, 0, 0]

    def test_with_compensation_off_it_reads_zero(self) -> None:
        bench = Bench()
        bench.simulator.change_setting(92, 0x80)
        assert bench.ram(52) == 0


@pytest.mark.parametrize(("code", "amp_hours"), [(1, 20), (44, 880), (49, 980), (50, 1000), (51, 1100), (240, 20_000)])
def test_a_capacity_is_coded_in_two_ranges(code: int, amp_hours: int) -> None:
    assert capacity_amp_hours(code) == amp_hours
    assert capacity_code(amp_hours) == code


def test_registers_nobody_has_documented_hold_something_that_stays() -> None:
    bench = Bench()
    before = bench.simulator.ram()
    bench.clock.advance(DAY / 4)
    after = bench.simulator.ram()
    assert after[127:180] == before[127:180] != bytes(53)


def test_the_truth_is_plain_numbers_and_names() -> None:
    truth = Bench().simulator.truth()
    for field in fields(Truth):
        value = getattr(truth, field.name)
        assert type(value) in (int, float, str, type(None)), field.name
