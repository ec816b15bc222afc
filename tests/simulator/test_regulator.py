import pytest

from simulator import SimulatorOptions
from tests.simulator.bench import DAY, HOUR, Bench


@pytest.mark.parametrize(
    ("hours", "raw"),
    [(10.0, [100, 0, 0]), (14.5, [145, 0, 0]), (13.7, [137, 0, 0]), (23 + 27 / 60 + 24 / 3600, [234, 3, 12])],
)
def test_the_clock_counts_two_seconds_minutes_and_tenths_of_an_hour(hours: float, raw: list[int]) -> None:
    bench = Bench()
    bench.simulator.set_clock(round(hours * HOUR))
    assert [bench.ram(48), bench.ram(47), bench.ram(46)] == raw
    assert bench.simulator.truth().regulator_clock_seconds == round(hours * HOUR)


def test_the_clock_goes_round_within_its_ranges() -> None:
    bench = Bench(start_hour=23.9)
    seen = set()
    for _ in range(400):
        ram = bench.simulator.ram()
        seen.add((ram[48], ram[47], ram[46]))
        bench.clock.advance(2)
    assert {hour for hour, _, _ in seen} == {239, 0, 1}
    assert {minute for _, minute, _ in seen} == set(range(6))
    assert {second for _, _, second in seen} == set(range(30))


def test_the_clock_may_be_set_over_the_wire() -> None:
    bench = Bench()
    bench.ask(152, 48, 234, 103)
    bench.clock.advance(6 * 60)
    assert bench.ram(48) == 235


def test_nothing_moves_while_time_stands_still() -> None:
    bench = Bench()
    bench.clock.advance(HOUR)
    assert bench.simulator.ram() == bench.simulator.ram()
    assert bench.simulator.truth() == bench.simulator.truth()


def test_the_eeprom_is_copied_every_six_minutes() -> None:
    bench = Bench()
    bench.ask(152, 84, 145, 103)
    assert bench.ram(84) == 145
    bench.clock.advance(6 * 60 - 2)
    assert bench.ram(84) == 145
    bench.clock.advance(2)
    assert bench.ram(84) == bench.eeprom(34) == 140


def test_the_unlock_is_dropped_every_six_minutes() -> None:
    bench = Bench()
    bench.ask(152, 226, 1, 103)
    bench.clock.advance(6 * 60)
    bench.ask(202, 35, 155, 53)
    assert bench.eeprom(35) == 160


def test_a_setting_changed_at_the_panel_is_in_both_memories() -> None:
    bench = Bench()
    bench.simulator.change_setting(93, 0x30)
    assert [bench.ram(93), bench.eeprom(43)] == [0x30, 0x30]
    bench.clock.advance(HOUR)
    assert bench.ram(93) == 0x30


@pytest.mark.parametrize("address", [63, 95, 255])
def test_only_settings_can_be_changed(address: int) -> None:
    with pytest.raises(ValueError, match="settings are at 64 to 94"):
        Bench().simulator.change_setting(address, 0)


@pytest.mark.parametrize(
    ("start_hour", "battery_percent", "bits"),
    [
        pytest.param(12.0, 50.0, 0b0100_0000, id="charging with all there is"),
        pytest.param(12.0, 100.0, 0b1100_0000, id="holding back"),
        pytest.param(2.0, 50.0, 0b0000_0000, id="night"),
    ],
)
def test_the_outputs_say_whether_it_charges_and_whether_it_holds_back(
    start_hour: float, battery_percent: float, bits: int
) -> None:
    bench = Bench(start_hour=start_hour, battery_percent=battery_percent)
    bench.clock.advance(20 * 60)
    assert bench.ram(115) & 0b1110_0000 == bits


def test_the_update_flags_beat_with_the_clock_and_tell_of_the_refresh() -> None:
    bench = Bench(start_hour=10.0)
    flags = []
    for _ in range(181):
        flags.append(bench.ram(126))
        bench.clock.advance(2)
    assert flags == [0x80] + [0x01, 0x00] * 89 + [0x01, 0x80]


class TestSolvScreen:
    def test_looking_at_it_stops_the_charge_and_says_so(self) -> None:
        bench = Bench(start_hour=12.0)
        bench.clock.advance(60)
        before = bench.simulator.truth()
        bench.simulator.press_solv()
        during = bench.simulator.truth()
        assert (before.charge_amps > 20, before.solar_disconnected) == (True, 0)
        assert (during.charge_amps, during.solar_disconnected) == (0.0, 1)
        assert [bench.ram(102), bench.ram(126) >> 4 & 1, bench.ram(213), bench.ram(212)] == [39, 1, 0, 0]

    def test_it_is_left_after_sixteen_minutes(self) -> None:
        bench = Bench(start_hour=12.0)
        bench.simulator.press_solv()
        bench.clock.advance(15 * 60)
        assert bench.simulator.truth().solar_disconnected == 1
        bench.clock.advance(2 * 60)
        assert bench.simulator.truth().solar_disconnected == 0
        assert bench.simulator.truth().charge_amps > 20
        assert bench.ram(102) == 0

    def test_leaving_it_lets_the_charge_flow_again(self) -> None:
        bench = Bench(start_hour=12.0)
        bench.simulator.press_solv()
        bench.clock.advance(10)
        bench.simulator.leave_solv()
        bench.clock.advance(60)
        assert bench.simulator.truth().charge_amps > 20

    def test_the_manuals_fifth_example_reads_the_open_voltage(self) -> None:
        bench = Bench(model="PL20", system_volts=12, start_hour=12.0)
        bench.ask(152, 41, 0, 103)
        assert bench.ask(20, 41, 0, 235) == [200, 0]
        bench.ask(152, 102, 39, 103)
        assert bench.ask(20, 102, 0, 235) == [200, 39]
        bench.ask(152, 126, 4, 103)
        bench.clock.advance(4)
        assert 18 < bench.ram(53) / 2 < 22
        assert bench.ram(213) == 0
        bench.ask(152, 102, 0, 103)
        bench.ask(152, 41, 16, 103)
        bench.clock.advance(60)
        assert bench.ram(213) > 0

    def test_the_open_voltage_is_otherwise_up_to_six_minutes_old(self) -> None:
        bench = Bench(start_hour=5.9, seed=1)
        values = []
        for _ in range(180 * 4):
            values.append(bench.simulator.truth().solar_volts)
            bench.clock.advance(2)
        assert 1 < len(set(values)) <= 5


class TestPowerCycle:
    def test_clock_and_day_are_lost_and_the_history_is_not(self) -> None:
        bench = Bench(start_hour=10.0)
        bench.clock.advance(8 * HOUR)
        eeprom = bench.simulator.eeprom()
        assert bench.simulator.truth().charge_amp_hours > 50
        bench.simulator.power_cycle()
        after = bench.simulator.truth()
        assert after.regulator_clock_seconds == 0
        assert (after.charge_amp_hours, after.load_amp_hours) == (0, 0)
        assert after.battery_max_volts == after.battery_min_volts
        assert bench.simulator.eeprom() == eeprom
        bench.clock.advance(60)
        assert bench.simulator.eeprom() == eeprom

    def test_edited_settings_are_read_from_the_eeprom_again(self) -> None:
        bench = Bench()
        bench.ask(152, 84, 145, 103)
        bench.simulator.power_cycle()
        assert bench.ram(84) == 140

    def test_the_voltage_is_shown_at_once(self) -> None:
        bench = Bench()
        before = bench.simulator.truth().battery_volts
        bench.simulator.power_cycle()
        assert bench.simulator.truth().battery_volts == before


class TestButton:
    @pytest.mark.parametrize(
        ("screen", "name"),
        [
            (28, "internal_charge_amp_hours"),
            (29, "external_charge_amp_hours"),
            (31, "internal_load_amp_hours"),
            (32, "external_load_amp_hours"),
        ],
    )
    def test_a_long_push_clears_the_counter_that_is_shown(self, screen: int, name: str) -> None:
        bench = Bench(start_hour=8.0, external_charge=True, external_load=True, seed=3)
        bench.clock.advance(8 * HOUR)
        before = bench.simulator.truth()
        bench.simulator.show_screen(screen)
        bench.simulator.push(is_long=True)
        after = bench.simulator.truth()
        counters = [field for field in dir(before) if field.endswith("ternal_charge_amp_hours")]
        counters += [field for field in dir(before) if field.endswith("ternal_load_amp_hours")]
        assert len(counters) == 4
        assert all(getattr(before, counter) > 0 for counter in counters)
        assert [counter for counter in counters if getattr(after, counter) != getattr(before, counter)] == [name]
        assert getattr(after, name) == 0

    def test_a_long_push_on_soc_calls_the_battery_full(self) -> None:
        bench = Bench(battery_percent=50.0)
        assert bench.simulator.truth().state_of_charge_percent == 50
        bench.simulator.show_screen(37)
        bench.simulator.push(is_long=True)
        assert bench.simulator.truth().state_of_charge_percent == 100

    def test_a_short_push_wakes_the_display(self) -> None:
        bench = Bench()
        assert bench.ram(41) == 16
        bench.simulator.push()
        assert bench.ram(41) == 0


def test_another_regulator_can_take_its_place() -> None:
    bench = Bench()
    assert (bench.ram(0), bench.ram(93)) == (222, 0x01)
    bench.clock.advance(HOUR)
    bench.simulator.swap_regulator(model="PL40", system_volts=48)
    assert (bench.ram(0), bench.ram(93)) == (139, 0x04)
    assert bench.simulator.truth().model == "PL40"
    assert bench.simulator.truth().regulator_clock_seconds == 11 * HOUR
    assert 48 < bench.simulator.truth().battery_volts < 60


def test_the_same_seed_makes_the_same_day_however_it_is_watched() -> None:
    watched, left_alone = Bench(seed=7), Bench(seed=7)
    for _ in range(100):
        watched.clock.advance(DAY / 100)
        watched.simulator.truth()
    left_alone.clock.advance(DAY)
    assert watched.simulator.ram() == left_alone.simulator.ram()
    assert watched.simulator.eeprom() == left_alone.simulator.eeprom()


def test_another_seed_makes_another_day() -> None:
    first, second = Bench(seed=1), Bench(seed=2)
    for bench in (first, second):
        bench.clock.advance(5 * HOUR)
    assert first.simulator.truth() != second.simulator.truth()


def test_a_clock_that_steps_back_is_waited_for() -> None:
    bench = Bench()
    bench.clock.advance(100)
    before = bench.simulator.ram()
    bench.clock.advance(-50)
    assert bench.simulator.ram() == before
    bench.clock.advance(52)
    assert bench.simulator.ram() != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "PL81"}, "cannot simulate a 'PL81': choose PL20, PL40, PL60, PL80"),
        ({"system_volts": 25}, "cannot simulate 25 system volts: choose 12, 24, 32, 36, 48"),
        ({"speed": 0.0}, "cannot simulate at speed 0: it must be greater than 0 and at most 10000"),
        ({"speed": float("nan")}, "cannot simulate at speed nan: it must be greater than 0 and at most 10000"),
        ({"speed": 1e6}, "cannot simulate at speed 1e+06: it must be greater than 0 and at most 10000"),
        ({"start_hour": 24.0}, "cannot start at hour 24.0: it must be from 0 to below 24"),
        ({"battery_percent": 101.0}, "cannot start with a battery 101.0 % full: it must be from 0 to 100"),
        ({"battery_amp_hours": 10}, "cannot simulate 10 Ah: it must be from 20 to 20000"),
        ({"version": 256}, "cannot use version 256: RAM 0 holds 0 to 255"),
        ({"charge_step_amps": 0.0}, "cannot use a step of 0.0 A: it must be greater than 0 and at most 10"),
        ({"history_days": 31}, "cannot fill 31 days of history: it must be from 0 to 30"),
        ({"answer_seconds": (2.0, 1.0)}, "cannot wait from 2.0 to 1.0 seconds: give the shorter time first"),
        ({"unplugged_code": 130}, "cannot answer 130 for a missing regulator: it is 129 or 133"),
    ],
)
def test_an_option_that_cannot_be_is_named_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="cannot") as caught:
        SimulatorOptions(**options)  # type: ignore[arg-type]
    assert str(caught.value) == message
