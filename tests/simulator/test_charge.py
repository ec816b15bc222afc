import itertools

import pytest

from simulator.battery import Battery
from simulator.charge import ABSORPTION, BOOST, EQUALISE, FLOAT, ChargeCycle
from simulator.counters import Balance
from simulator.meters import Meters
from simulator.options import SimulatorOptions
from simulator.outputs import Outputs
from simulator.regulator import Regulator
from simulator.settings import settings_eeprom
from simulator.site import ALL_OFF, Flows, Site, Switches
from tests.simulator.bench import DAY, HOUR, Bench

BMAX, EMAX, ABSV, FLTV, BRTN = 150, 160, 140, 138, 123
MINUTE = 60


@pytest.fixture
def ram() -> bytearray:
    """Memory with the settings of program 0."""
    memory = bytearray(256)
    memory[64:95] = settings_eeprom(SimulatorOptions())[14:45]
    return memory


class TestChargeCycle:
    def test_three_minutes_at_bmax_end_the_boost(self, ram: bytearray) -> None:
        cycle = ChargeCycle()
        assert cycle.target_tenths(ram) == BMAX
        assert not cycle.tick(BMAX - 2, ram, HOUR)
        assert not cycle.tick(BMAX, ram, 3 * MINUTE - 1)
        assert cycle.tick(BMAX, ram, 1)
        assert (cycle.state, cycle.target_tenths(ram), cycle.days_since_boost) == (ABSORPTION, ABSV, 0)

    def test_two_hours_at_absv_end_the_absorption(self, ram: bytearray) -> None:
        cycle = in_state(ABSORPTION)
        assert not cycle.tick(ABSV, ram, 2 * HOUR - 1)
        assert not cycle.tick(ABSV - 2, ram, HOUR)
        assert cycle.tick(ABSV, ram, 1)
        assert (cycle.state, cycle.target_tenths(ram)) == (FLOAT, FLTV)

    def test_ten_minutes_below_brtn_end_the_float(self, ram: bytearray) -> None:
        cycle = in_state(FLOAT)
        assert not cycle.tick(BRTN - 1, ram, 10 * MINUTE - 1)
        assert not cycle.tick(BRTN, ram, 1)
        assert not cycle.tick(BRTN - 1, ram, 10 * MINUTE - 1)
        assert cycle.tick(BRTN - 1, ram, 1)
        assert cycle.state == BOOST

    def test_fifteen_days_without_a_boost_end_the_float(self, ram: bytearray) -> None:
        cycle = in_state(FLOAT)
        cycle.days_since_boost = 14
        assert not cycle.tick(FLTV, ram, 2)
        cycle.midnight()
        assert cycle.tick(FLTV, ram, 2)
        assert cycle.state == BOOST

    def test_the_battery_is_equalised_at_nine_every_45_days(self, ram: bytearray) -> None:
        cycle = in_state(FLOAT)
        cycle.days_since_equalise = 44
        cycle.nine_o_clock(ram)
        assert cycle.state == FLOAT
        cycle.midnight()
        cycle.nine_o_clock(ram)
        assert (cycle.state, cycle.target_tenths(ram)) == (EQUALISE, EMAX)

    def test_a_boost_leads_on_to_equalise_when_that_is_due(self, ram: bytearray) -> None:
        cycle = ChargeCycle()
        cycle.days_since_equalise = 45
        assert cycle.tick(BMAX, ram, 3 * MINUTE)
        assert cycle.state == EQUALISE

    def test_etim_at_emax_ends_equalise(self, ram: bytearray) -> None:
        cycle = in_state(EQUALISE)
        assert not cycle.tick(EMAX, ram, HOUR - 1)
        assert cycle.tick(EMAX, ram, 1)
        assert (cycle.state, cycle.days_since_equalise) == (ABSORPTION, 0)

    def test_four_days_end_equalise_too(self, ram: bytearray) -> None:
        cycle = in_state(EQUALISE)
        for _ in range(3):
            cycle.midnight()
        assert not cycle.tick(BMAX, ram, 2)
        cycle.midnight()
        assert cycle.tick(BMAX, ram, 2)
        assert cycle.state == ABSORPTION

    def test_without_a_time_for_it_there_is_no_equalise(self, ram: bytearray) -> None:
        ram[83] = 0
        cycle = in_state(FLOAT)
        cycle.days_since_equalise = 200
        cycle.nine_o_clock(ram)
        assert cycle.state == FLOAT


class TestOutputs:
    def test_the_load_goes_off_after_ten_minutes_and_on_again_well_above(self, ram: bytearray) -> None:
        outputs = Outputs()
        for _ in range(10):
            outputs.minute(112, ram, 120)
            assert not outputs.is_load_off
        outputs.minute(112, ram, 120)
        assert outputs.is_load_off
        outputs.minute(128, ram, 120)
        assert outputs.is_load_off
        outputs.minute(129, ram, 120)
        assert not outputs.is_load_off

    def test_the_alarm_follows_the_voltage(self, ram: bytearray) -> None:
        outputs = Outputs()
        outputs.minute(113, ram, 120)
        assert outputs.is_alarm
        outputs.minute(114, ram, 120)
        assert not outputs.is_alarm

    def test_the_generator_waits_for_the_morning(self, ram: bytearray) -> None:
        outputs = Outputs()
        for _ in range(60):
            outputs.minute(114, ram, 89)
        assert not outputs.is_generator_on
        outputs.minute(114, ram, 90)
        assert outputs.is_generator_on
        outputs.minute(138, ram, 100)
        assert outputs.is_generator_on
        outputs.minute(139, ram, 100)
        assert not outputs.is_generator_on

    def test_the_generator_stops_for_the_night(self, ram: bytearray) -> None:
        outputs = Outputs()
        for _ in range(11):
            outputs.minute(114, ram, 120)
        assert outputs.is_generator_on
        outputs.minute(120, ram, 210)
        assert not outputs.is_generator_on


class TestBattery:
    def test_a_full_battery_takes_almost_nothing_where_an_empty_one_takes_a_lot(self) -> None:
        assert Battery(880, 1.0).amps_at(13.8) < 4
        assert Battery(880, 0.3).amps_at(13.8) > 80

    def test_its_voltage_settles_where_its_current_says(self) -> None:
        battery = Battery(880, 0.6)
        amps = battery.amps_at(13.0)
        for _ in range(60):
            battery.flow(amps, 2)
        assert battery.volts == pytest.approx(13.0, abs=0.05)

    def test_discharging_takes_out_what_flows(self) -> None:
        battery = Battery(100, 0.5)
        for _ in range(1800):
            battery.flow(-10, 2)
        assert battery.fullness == pytest.approx(0.4)

    def test_it_can_be_neither_overfull_nor_more_than_empty(self) -> None:
        battery = Battery(100, 0.02)
        battery.flow(-1000, HOUR)
        assert battery.fullness == 0
        for _ in range(100):
            battery.flow(50, HOUR)
        assert battery.fullness == 1


class TestBalance:
    def test_above_100_percent_one_amp_hour_of_discharge_brings_it_back(self) -> None:
        balance = Balance(amp_hours=10.0)
        assert balance.percent(100) == 110
        discharge(balance, amp_hours=0.9)
        assert balance.percent(100) == 109
        discharge(balance, amp_hours=0.2)
        assert balance.percent(100) == 100

    def test_below_100_percent_it_counts_both_ways(self) -> None:
        balance = Balance(amp_hours=-20.0)
        discharge(balance, amp_hours=5.0)
        assert balance.percent(100) == 75
        discharge(balance, amp_hours=-15.0)
        assert balance.percent(100) == 90

    def test_it_ends_at_127_and_at_0(self) -> None:
        balance = Balance()
        discharge(balance, amp_hours=-500.0)
        assert balance.percent(100) == 127
        balance.fill()
        discharge(balance, amp_hours=500.0)
        assert balance.percent(100) == 0


class TestMeters:
    def test_currents_and_voltage_follow_within_half_a_minute(self) -> None:
        meters = metering(seconds=30)
        assert meters.tenths == pytest.approx(140, abs=0.2)
        assert meters.charge_amps == pytest.approx(30, abs=0.3)

    def test_the_extremes_take_up_to_forty_minutes(self) -> None:
        assert metering(seconds=5 * MINUTE).slow_tenths < 130
        assert metering(seconds=40 * MINUTE).slow_tenths == pytest.approx(140, abs=0.5)


@pytest.mark.parametrize(("duty", "percent"), [(0.1, 100), (0.9, 60)])
def test_the_battery_counts_as_full_when_float_begins_at_a_low_duty_cycle(duty: float, percent: int) -> None:
    flows = flowing(volts=15.0, duty=duty)
    regulator = Regulator(SimulatorOptions(battery_percent=60.0), 12 * HOUR, flows)
    regulator.change_setting(74, 1)
    for _ in range((3 + 6 + 2) * 30):
        regulator.tick(flows)
    assert regulator.read_ram(101) & 3 == FLOAT
    assert regulator.read_ram(181) == percent


def test_with_everything_off_nothing_flows() -> None:
    flows = Site(SimulatorOptions(start_hour=12.0)).step(ALL_OFF._replace(target_volts=15.0, limit_amps=80.0))
    assert (flows.charge_amps, flows.load_amps, flows.external_charge_amps, flows.external_load_amps) == (0, 0, 0, 0)
    assert flows.solar_open_volts > 15


def test_the_charge_limit_holds_at_noon() -> None:
    flows = Site(SimulatorOptions(start_hour=12.0)).step(Switches(15.0, 5.0, True, True, False))
    assert flows.charge_amps == 5.0


def test_four_days_see_every_state_but_equalise() -> None:
    bench = Bench()
    states, charge = [], []
    for _ in range(4 * 24 * 4):
        truth = bench.simulator.truth()
        states.append(truth.regulator_state)
        charge.append((truth.regulator_clock_seconds / HOUR, truth.charge_amps))
        assert 22 < truth.battery_volts < 31
        assert 0 <= truth.state_of_charge_percent <= 127
        assert 0 <= truth.charge_amps <= 80
        assert 0 <= truth.load_amps <= 40
        assert truth.battery_min_volts <= truth.battery_max_volts
        bench.clock.advance(HOUR / 4)
    assert set(states) == {"boost", "absorption", "float"}
    changes = {(before, after) for before, after in itertools.pairwise(states) if before != after}
    assert changes <= {("boost", "absorption"), ("absorption", "float"), ("float", "boost")}
    assert max(amps for hour, amps in charge if 11 <= hour < 14) > 50
    assert max(amps for hour, amps in charge if hour < 6 or hour >= 19) == 0


def test_the_time_of_float_is_noted_and_the_battery_called_full() -> None:
    bench = Bench(battery_percent=90.0, start_hour=9.0)
    bench.simulator.change_setting(74, 1)
    for _ in range(8 * 60):
        before = bench.simulator.truth()
        bench.clock.advance(60)
        if bench.simulator.truth().regulator_state == "float":
            break
    assert (before.regulator_state, bench.simulator.truth().regulator_state) == ("absorption", "float")
    assert abs(bench.ram(184) - bench.ram(48)) <= 1
    bench.clock.advance(DAY - 9 * HOUR)
    assert bench.simulator.history()[0].float_reached_seconds > 9 * HOUR


def test_an_equalise_that_is_due_starts_at_nine() -> None:
    bench = Bench(start_hour=8.99)
    bench.simulator.change_setting(82, 12)
    bench.clock.advance(20)
    assert bench.simulator.truth().regulator_state == "boost"
    bench.clock.advance(40)
    assert bench.simulator.truth().regulator_state == "equalise"
    assert bench.ram(105) == EMAX


def test_a_battery_that_is_drawn_empty_loses_its_load_and_calls_for_the_generator() -> None:
    bench = Bench(battery_percent=8.0, start_hour=19.0, external_load=True)
    alarms = []
    for _ in range(60):
        bench.clock.advance(300)
        alarms.append(bench.simulator.truth().alarm)
    assert set(alarms) == {0, 1}
    truth = bench.simulator.truth()
    assert (truth.load_disconnected, truth.internal_load_amps, truth.generator_running) == (1, 0, 0)
    generator = []
    for _ in range(12):
        bench.clock.advance(HOUR)
        generator.append(bench.simulator.truth().generator_running)
    assert max(generator) == 1


def test_too_much_charge_reads_above_100_percent_until_some_is_used() -> None:
    bench = Bench(battery_percent=99.0, start_hour=11.0)
    percents = []
    for _ in range(9 * 60):
        percents.append(int(bench.simulator.truth().state_of_charge_percent))
        bench.clock.advance(60)
    assert max(percents) > 100
    top = percents.index(max(percents))
    assert 100 in percents[top:]
    assert min(percents[top:]) < 100


def in_state(state: int) -> ChargeCycle:
    cycle = ChargeCycle()
    cycle.state = state
    return cycle


def discharge(balance: Balance, amp_hours: float) -> None:
    """Take so much out, in many ticks."""
    for _ in range(1000):
        balance.add(-amp_hours / 1000 * 1800, 100)


def flowing(*, volts: float, charge_amps: float = 0.0, duty: float = 1.0) -> Flows:
    return Flows(
        volts=volts,
        charge_amps=charge_amps,
        load_amps=0.0,
        external_charge_amps=0.0,
        external_load_amps=0.0,
        duty=duty,
        solar_open_volts=20.0,
        celsius=20.0,
    )


def metering(seconds: int) -> Meters:
    """Meters so long after the voltage rose from 12 V to 14 V, and a charge of 30 A began."""
    meters = Meters(flowing(volts=12.0))
    for _ in range(seconds // 2):
        meters.measure(flowing(volts=14.0, charge_amps=30.0), is_solar_connected=True)
    return meters
