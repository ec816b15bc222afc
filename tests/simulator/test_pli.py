import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Faults, SimulatorOptions
from simulator.pli import SPACE_BITS_TO_WAKE, Pli
from simulator.regulator import Regulator
from simulator.site import ALL_OFF, Site
from tests.simulator.bench import Bench


def test_loopback_is_answered_with_128() -> None:
    assert Bench().ask(187, 0, 0, 68) == [128]


def test_loopback_ignores_address_and_value() -> None:
    assert Bench().ask(187, 101, 7, 68) == [128]


def test_a_ram_read_is_answered_with_200_and_the_byte() -> None:
    assert Bench(model="PL20", version=1).ask(20, 0, 0, 235) == [200, 1]


def test_an_eeprom_read_is_answered_with_200_and_the_byte() -> None:
    assert Bench().ask(72, 44, 0, 183) == [200, 44]


def test_volt_and_capacity_are_those_of_a_24_volt_bank_of_880_amp_hours() -> None:
    bench = Bench()
    assert [bench.ram(93), bench.ram(94)] == [0x01, 44]


def test_the_slip_in_the_manuals_fourth_example_is_a_checksum_error() -> None:
    assert Bench().ask(20, 102, 0, 225) == [130]


@given(check=st.integers(0, 255).filter(lambda check: check != 235))
def test_every_wrong_check_byte_is_refused(check: int) -> None:
    assert BENCH.ask(20, 50, 0, check) == [130]


@given(command=st.integers(0, 255).filter(lambda command: command not in (20, 72, 87, 152, 187, 202)))
def test_every_unknown_command_is_refused(command: int) -> None:
    assert BENCH.ask(command, 50, 0, 255 - command) == [131]


@given(address=st.integers(0, 255))
def test_any_address_of_either_memory_may_be_read(address: int) -> None:
    assert BENCH.ask(20, address, 0, 235) == [200, BENCH.simulator.ram()[address]]
    assert BENCH.ask(72, address, 0, 183) == [200, BENCH.simulator.eeprom()[address]]


BENCH = Bench()


def test_a_write_is_silent_and_takes_effect() -> None:
    bench = Bench()
    assert bench.ask(152, 41, 0, 103) == []
    assert bench.ram(41) == 0


def test_an_eeprom_write_needs_an_unlock_each_time() -> None:
    bench = Bench()
    before = bench.eeprom(35)
    assert bench.ask(202, 35, 155, 53) == []
    assert bench.eeprom(35) == before
    assert bench.ask(152, 226, 1, 103) + bench.ask(202, 35, 155, 53) == []
    assert bench.eeprom(35) == 155
    assert bench.ask(202, 35, 150, 53) == []
    assert bench.eeprom(35) == 155
    assert bench.ram(226) == 0


def test_both_pushes_are_silent() -> None:
    bench = Bench()
    assert bench.ask(87, 1, 0, 168) + bench.ask(87, 2, 0, 168) == []


def test_a_command_may_come_byte_by_byte() -> None:
    bench = Bench()
    for byte in (20, 0, 0):
        bench.send(byte)
    assert bench.answers(by=0.5) == []
    assert bench.ask(235) == [200, 222]


def test_a_command_that_breaks_off_is_given_up_after_a_second() -> None:
    bench = Bench()
    bench.send(20, 0, 0, at=10.0)
    assert bench.simulator.next_at() == 11.0
    assert bench.answers(by=10.99) == []
    assert bench.answers(by=11.0) == [129]
    assert bench.ask(20, 0, 0, 235, at=12.0) == [200, 222]


def test_bytes_after_a_broken_command_begin_a_new_one_once_it_has_been_given_up() -> None:
    bench = Bench()
    bench.send(20, 0, at=10.0)
    assert bench.ask(20, 0, 0, 235, at=11.5) == [129, 200, 222]


def test_a_lost_byte_pulls_the_next_command_into_the_broken_one() -> None:
    bench = Bench()
    assert bench.ask(20, 0, 235, 20, 0, 0, 235, at=1.0) == [130, 129]


def test_commands_sent_at_once_are_answered_in_turn() -> None:
    bench = Bench(answer_seconds=(0.1, 0.1))
    bench.send(187, 0, 0, 68, 20, 0, 0, 235)
    assert bench.answers(by=0.15) == [128]
    assert bench.answers(by=0.25) == [200, 222]


def test_answers_take_70_to_200_ms() -> None:
    bench = Bench(answer_seconds=(0.07, 0.2))
    waits = []
    for command in range(200):
        bench.send(20, 50, 0, 235, at=float(command))
        due = bench.simulator.next_at()
        assert due is not None
        waits.append(due - command)
        bench.answers()
    assert 0.07 <= min(waits) < 0.08
    assert 0.19 < max(waits) <= 0.2


def test_answers_come_quicker_as_time_does() -> None:
    bench = Bench(answer_seconds=(0.12, 0.12), speed=60)
    bench.send(20, 50, 0, 235)
    assert bench.simulator.next_at() == pytest.approx(0.002)


class TestWithoutARegulator:
    @pytest.mark.parametrize("code", [129, 133])
    @pytest.mark.parametrize("command", [(20, 50, 0, 235), (72, 45, 0, 183), (152, 41, 0, 103), (87, 1, 0, 168)])
    def test_whatever_needs_it_fails_up_to_a_second_late(self, code: int, command: tuple[int, ...]) -> None:
        bench = Bench(unplugged_code=code)
        bench.simulator.unplug()
        bench.send(*command)
        assert bench.answers(by=0.29) == []
        assert bench.answers(by=1.0) == [code]

    def test_loopback_succeeds_at_once(self) -> None:
        bench = Bench(faults=Faults(unplugged=True))
        bench.send(187, 0, 0, 68)
        assert bench.answers(by=0.0) == [128]

    def test_the_pli_still_checks_commands(self) -> None:
        bench = Bench(faults=Faults(unplugged=True))
        assert bench.ask(20, 50, 0, 234) == [130]
        assert bench.ask(21, 50, 0, 234) == [131]

    def test_it_answers_again_once_plugged_in(self) -> None:
        bench = Bench(faults=Faults(unplugged=True, split=1.0))
        bench.simulator.plug_in()
        assert bench.ask(20, 0, 0, 235) == [200, 222]
        assert bench.simulator.faults == Faults(split=1.0)


class TestWithoutPower:
    def test_nothing_is_answered(self) -> None:
        bench = Bench(faults=Faults(silent=True))
        assert bench.ask(187, 0, 0, 68) + bench.ask(20, 0, 0, 235) + bench.ask(1, 2, 3) == []

    def test_half_a_command_from_before_is_forgotten(self) -> None:
        bench = Bench()
        bench.send(20, 0)
        bench.simulator.faults = Faults(silent=True)
        bench.send(0)
        bench.simulator.faults = Faults()
        assert bench.ask(20, 0, 0, 235, at=0.1) == [200, 222]


class TestCold:
    def test_the_first_commands_are_lost_and_a_third_loopback_wakes_it(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        assert [bench.ask(187, 0, 0, 68) for _ in range(4)] == [[], [], [], [128]]

    def test_nine_zero_bytes_wake_it(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        assert bench.ask(*bytes(9)) == []
        assert bench.ask(20, 0, 0, 235) == [200, 222]

    def test_a_hundred_milliseconds_of_zero_bytes_wake_it_and_leave_junk_behind(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        assert set(bench.ask(*bytes(96))) == {130, 129}
        assert bench.ask(20, 0, 0, 235, at=2.0) == [200, 222]

    def test_bytes_of_ones_hardly_power_it(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        assert bench.ask(*b"\xff" * (SPACE_BITS_TO_WAKE // 2)) == []
        assert bench.ask(20, 0, 0, 235) == []

    def test_it_stays_awake_until_it_is_chilled(self) -> None:
        bench = Bench()
        assert bench.ask(187, 0, 0, 68) == [128]
        bench.simulator.chill()
        assert bench.ask(187, 0, 0, 68) == []

    def test_unplugging_the_regulator_does_not_chill_it(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        bench.ask(*bytes(9))
        bench.simulator.unplug()
        bench.simulator.plug_in()
        assert bench.ask(187, 0, 0, 68) == [128]

    def test_a_new_connection_finds_it_cold_again(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        bench.ask(*bytes(9))
        bench.simulator.reconnect()
        assert bench.ask(187, 0, 0, 68) == []

    def test_other_faults_wake_it(self) -> None:
        bench = Bench(faults=Faults(cold=True))
        bench.simulator.faults = Faults()
        assert bench.ask(187, 0, 0, 68) == [128]


@given(noise=st.binary(max_size=40))
def test_after_any_noise_and_a_pause_it_answers_again(noise: bytes) -> None:
    options = SimulatorOptions()
    regulator = Regulator(options, 0.0, Site(options).step(ALL_OFF))
    pli = Pli(lambda: regulator, random.Random(1))
    for reply in pli.receive(noise, 0.0) + pli.give_up(2.0):
        assert len(reply.content) == (2 if reply.content[0] == 200 else 1)
    assert [reply.content for reply in pli.receive(bytes([187, 0, 0, 68]), 5.0)] == [b"\x80"]
