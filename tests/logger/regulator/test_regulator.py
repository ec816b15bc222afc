"""A regulator read over a line that does everything to the bytes that a line can do."""

from dataclasses import asdict, replace
from itertools import pairwise
from random import Random

import pytest

from journal.errors import PliSilent, PortMissing, RegulatorError, RegulatorSilent
from logger.line.exchange import FLAWLESS_EXCHANGES, Pli
from logger.regulator.registers import by_address, decode
from logger.regulator.regulator import STEPS
from tests.logger.bench import RAM, Bench, doubling, dropping, garbling

OF_THE_READING = ("raw", "time_ms", "boot", "uptime_ms", "reading_seconds")
# The seconds of the clock and the low bytes of filtered voltages may be a little off by their nature.
RESTLESS = {46, 47, 48, 220, 232}


@pytest.fixture
def bench():
    return Bench()


def truth(bench):
    """What a perfect reading of the bench would be, as fields."""
    ram = {address: bench.ram[address] for address in RAM}
    return asdict(decode(ram, time_ms=0, boot=0, uptime_ms=0))


def lies(reading, bench):
    """Which fields of the reading say anything but the truth; what is absent is no lie."""
    expected = truth(bench)
    fields = asdict(reading)
    return {
        name: (value, expected[name])
        for name, value in fields.items()
        if name not in OF_THE_READING and value is not None and value != expected[name]
    } | {
        address: (value, bench.ram[address])
        for address, value in by_address(reading.raw).items()
        if address not in RESTLESS and value != bench.ram[address]
    }


def addresses(bench):
    """What was asked for, in order; loopbacks as "loopback". A second that goes by meanwhile is read once more."""
    asked = ["loopback" if request[0] == 187 else request[1] for request in bench.requests]
    return [each for nth, each in enumerate(asked) if asked[max(nth - 2, 0) : nth + 1] != [46, 46, 46]]


# Filtered voltages and the high bytes of counters, which not every reading has.
IN_TURN = {220, 221, 232, 233}
HIGHS = {189, 194, 199, 204}


def test_a_reading_is_what_the_memory_says(bench):
    regulator = bench.regulator()
    began = bench.seconds
    reading = regulator.read()
    assert reading.uptime_ms == int(began * 1000)
    assert lies(reading, bench) == {}
    assert set(by_address(reading.raw)) == set(RAM)
    assert None not in asdict(replace(reading, id=0, wall_ms=0, time_uncertainty_seconds=0)).values()
    assert reading.reading_seconds == round(bench.seconds - began, 1)


@pytest.mark.parametrize("exchange_seconds", [0.07, 0.15])
def test_voltage_and_currents_are_of_half_a_second_from_the_rows_time(bench, exchange_seconds):
    """Each of them changes just then. What is read later only confirms the first read."""
    bench.delay = lambda nth: exchange_seconds
    regulator = bench.regulator()
    for _ in range(4):
        regulator.read()
    began, asked = bench.seconds, []

    def change_at_half_a_second(command, address):
        asked.append(address)
        if bench.seconds - began >= 0.5:
            bench.ram[50], bench.ram[213], bench.ram[217] = 99, 99, 99

    bench.before = change_at_half_a_second
    for address in (50, 213, 217):
        bench.ram[address] += 1
    reading = regulator.read()
    assert reading.uptime_ms == int(began * 1000)
    assert asked[:3] == [50, 213, 217]
    if exchange_seconds < 0.1:
        assert (reading.battery_volts, reading.internal_charge_amps, reading.internal_load_amps) == (27.6, 21.2, 6.8)


def test_a_reading_in_the_steady_state_takes_at_most_36_exchanges(bench):
    """Both shunts are enabled; the clock runs, voltage, currents and duty cycle change each time."""
    random = Random(1)
    run_clock(bench, 3600)
    bench.delay = lambda nth: random.uniform(0.07, 0.15)
    regulator = bench.regulator()
    for _ in range(3):
        regulator.read()
    counts, seconds = [], []
    for _ in range(60):
        bench.ram[188] = (bench.ram[188] + random.choice((0, 0, 0, 1))) % 256
        for address in (50, 213, 217, 39):
            bench.ram[address] += random.choice((-2, -1, 1, 2))
        bench.requests.clear()
        seconds.append(regulator.read().reading_seconds)
        counts.append(len(bench.requests))
    assert sum(counts) / len(counts) <= 36
    assert sum(seconds) / len(seconds) < 4.5


def test_every_row_has_the_counters_and_says_what_was_read_for_it(bench):
    """The high byte of a counter follows from the one read before, as long as the low one has not fallen."""
    regulator = bench.regulator()
    first, second = regulator.read(), regulator.read()
    asked = {request[1] for request in bench.requests[-60:]}
    assert {188, 189} <= by_address(first.raw).keys()
    assert 189 not in by_address(second.raw)
    assert by_address(second.raw).keys() <= asked
    assert second.internal_charge_amp_hours == 300.0
    bench.ram[188:190] = [3, 2]
    third = regulator.read()
    assert {188, 189} <= by_address(third.raw).keys()
    assert third.internal_charge_amp_hours == 515.0


def test_a_counter_that_was_not_seen_for_a_while_is_read_whole(bench):
    regulator = bench.regulator()
    regulator.read()
    bench.seconds += 3600
    bench.ram[188:190] = [45, 2]
    assert regulator.read().internal_charge_amp_hours == 557.0


@pytest.mark.parametrize("gained", [0, 1, 2])
def test_a_counter_that_is_reset_at_256_and_counts_on_is_not_taken_for_256(bench, gained):
    """A shunt of 250 A counts 2 Ah in half a minute, so the low byte may be where it was."""
    bench.ram[193:195] = [gained, 1]
    regulator = bench.regulator()
    assert regulator.read().external_charge_amp_hours == 256.0 + gained
    bench.seconds += 20
    bench.ram[193:195] = [gained, 0]
    assert regulator.read().external_charge_amp_hours == gained


@pytest.mark.parametrize("high_reads", [0, 1])
def test_a_counter_whose_high_byte_cannot_be_read_when_it_carries_is_not_0_afterwards(bench, high_reads):
    """`high_reads`: after how many reads of the high byte the regulator refuses it, until the next reading."""
    bench.ram[188:190] = [255, 0]
    regulator = bench.regulator()
    regulator.read()
    bench.seconds += 60 * high_reads
    bench.requests.clear()

    def carry(command, address):
        if address == 188:
            bench.ram[188:190] = [0, 1]

    def refuse(reply):
        reads = [request[:2] for request in bench.requests].count(bytes([20, 189]))
        return bytes([133]) if bench.requests[-1][:2] == bytes([20, 189]) and reads > high_reads else reply

    bench.before, bench.to_us = carry, refuse
    assert regulator.read().internal_charge_amp_hours is None
    bench.to_us = lambda reply: reply
    assert regulator.read().internal_charge_amp_hours == 256.0


def test_every_pair_is_read_whole_in_its_turn(bench):
    regulator = bench.regulator()
    seen = [address for _ in range(60) for address in by_address(regulator.read().raw)]
    assert all(seen.count(address) == 2 for address in HIGHS | IN_TURN)


def test_what_has_not_changed_is_read_once_in_an_order_that_tears_nothing(bench):
    run_clock(bench, 3600)
    regulator = bench.regulator()
    for _ in range(11):
        regulator.read()
    bench.requests.clear()
    regulator.read()
    # fmt: off
    expected = [
        50, 213, 217, 188, 193, 198, 203, 182, 183, 48, 47, 46, 207, 205, 206, 207,
        39, 101, 102, 115, 126, 53, 52, 181, 0, 93, "loopback",
    ]
    # fmt: on
    assert addresses(bench) == expected


def test_only_commands_that_change_nothing_are_ever_sent(bench):
    bench.to_us = garbling(0.05, Random(1))
    regulator = bench.regulator()
    regulator.read()
    regulator.read_settings()
    assert {request[0] for request in bench.requests if any(request)} <= {20, 72, 187}


@pytest.mark.parametrize(
    ("address", "restless", "fields"),
    [
        (101, 0b1111_1100, ["regulator_state"]),
        (115, 0b1110_1100, ["load_disconnected", "generator_running", "alarm"]),
        (126, 0b1110_1111, ["solar_disconnected"]),
        (207, 0b1111_0000, ["external_charge_amps", "external_load_amps", "charge_amps", "load_amps"]),
    ],
)
def test_bits_that_mean_nothing_to_us_may_differ_in_every_read(bench, address, restless, fields):
    """Those of the regulator's state are undocumented and not always 0; the outputs' follow the charge switch."""
    random = Random(address)
    bench.ram[207] = 0b1111
    expected = truth(bench)
    meant = bench.ram[address] & ~restless

    def stir(command, asked):
        if asked == address:
            bench.ram[address] = meant | random.randrange(256) & restless

    bench.before = stir
    regulator = bench.regulator()
    for _ in range(5):
        reading = asdict(regulator.read())
        assert {name: reading[name] for name in fields} == {name: expected[name] for name in fields}


# The kinds of corruption that the module's docstring lists.


@pytest.mark.parametrize("spoil", [dropping, doubling], ids=["lost", "doubled"])
@pytest.mark.parametrize("direction", ["to_pli", "to_us"])
def test_lost_and_doubled_bytes_never_become_a_reading(bench, spoil, direction):
    setattr(bench, direction, spoil(0.03, Random(7)))
    regulator = bench.regulator()
    for _ in range(20):
        bench.ram[50] = 120 + (bench.ram[50] + 1) % 20
        try:
            reading = regulator.read()
        except RegulatorError:
            continue
        assert lies(reading, bench) == {}


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_pli_without_a_timeout_of_its_own_is_brought_into_step_again(bench, lost):
    """The bytes of a request that broke off stay in its buffer, and every later request is out of step with it."""
    bench.partial_seconds = float("inf")
    regulator = bench.regulator()
    regulator.read()
    spoilt = []

    def lose(content):
        if content[1:2] == bytes([213]) and not spoilt:
            spoilt.append(content)
            return content[lost:]
        return content

    bench.to_pli = lose
    assert lies(regulator.read(), bench) == {}
    assert regulator.missing == {}
    assert spoilt


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("chance", [0.001, 0.005])
def test_garbled_bytes_never_become_a_reading(bench, chance, seed):
    """Up to 3 % of the exchanges. Most of the memory is 0, so a wrong register often gives the same wrong byte."""
    random = Random(seed)
    bench.to_pli = garbling(chance, random)
    bench.to_us = garbling(chance, random)
    clock = run_clock(bench, 3600)
    regulator = bench.regulator()
    had = 0
    for _ in range(30):
        for address in (50, 213, 217, 39, 188, 115, 181, 205):
            bench.ram[address] = random.randrange(76, 120)
        began = clock()
        try:
            reading = regulator.read()
        except RegulatorError:
            continue
        assert lies(replace(reading, regulator_clock_seconds=None), bench) == {}
        if reading.regulator_clock_seconds is not None:
            assert began - 6 < reading.regulator_clock_seconds < clock() + 6
        had += reading.battery_volts is not None
    assert had >= 10


def test_everything_at_once_never_becomes_a_reading(bench):
    random = Random(5)
    spoils = [garbling(0.02, random), dropping(0.02, random), doubling(0.02, random)]

    def spoil(content):
        for each in spoils:
            content = each(content)
        return content

    bench.to_pli = bench.to_us = spoil
    bench.delay = lambda nth: random.choice([0.07, 0.1, 0.2, 0.07, 0.1, 0.2, 0.07, 0.1, 0.2, 2.3])
    regulator = bench.regulator()
    for _ in range(60):
        bench.ram[50] = random.randrange(110, 150)
        bench.ram[213] = random.randrange(0, 255)
        try:
            reading = regulator.read()
        except RegulatorError:
            continue
        assert lies(reading, bench) == {}


def test_a_garbled_byte_costs_one_more_read_and_nothing_else(bench):
    regulator = bench.regulator()
    regulator.read()
    spoilt = []

    def spoil_the_first_voltage(reply):
        if bench.requests[-1][1] == 50 and not spoilt:
            spoilt.append(reply)
            return bytes([reply[0], 200])
        return reply

    bench.to_us = spoil_the_first_voltage
    assert lies(regulator.read(), bench) == {}
    assert spoilt
    assert regulator.missing == {}


@pytest.mark.parametrize("damage", [b"\xc8", b"\x81\x00", b""], ids=["broken off", "a byte too many", "lost"])
def test_a_change_is_not_hidden_by_damage_that_makes_the_old_byte_on_a_line_that_was_damaged_lately(bench, damage):
    """What has long been the same is believed at one read only while the line is flawless."""
    regulator = bench.regulator()
    spoilt = []

    def spoil(address, *replies):
        """The next replies about this register."""
        left = list(replies)

        def reply_with(reply):
            if bench.requests[-1][:2] == bytes([20, address]) and left:
                spoilt.append(reply)
                return left.pop(0)
            return reply

        bench.to_us = reply_with

    spoil(53, damage)
    regulator.read()
    bench.seconds += 300
    old, bench.ram[101] = bench.ram[101], 0xFF
    spoil(101, bytes([200, old]))
    assert lies(regulator.read(), bench) == {}
    assert len(spoilt) == 2


def test_a_line_counts_as_flawless_again_after_so_many_exchanges_without_damage(bench):
    pli = Pli(bench, "/dev/bench", baud=9600, stop=bench, monotonic=bench.monotonic)
    assert pli.is_flawless
    bench.to_us = lambda reply: reply[:1]
    pli.ask(20, 50)
    bench.to_us = lambda reply: reply
    for _ in range(FLAWLESS_EXCHANGES - 1):  # a loopback comes before the first
        pli.ask(20, 50)
    assert not pli.is_flawless
    pli.ask(20, 50)
    assert pli.is_flawless


@pytest.mark.parametrize("address", [50, 213, 93])
def test_a_doubled_success_byte_is_not_a_value_of_200(bench, address):
    """C8 C8 34 is as good as C8 C8 until the third byte is looked at: a steady 200 that would agree with itself."""
    bench.to_us = lambda reply: b"\xc8" + reply if bench.requests[-1][1] == address else reply
    regulator = bench.regulator()
    assert address not in by_address(regulator.read().raw)
    assert regulator.missing[address] == "one byte too many arrived"


def test_noise_between_two_questions_costs_nothing(bench):
    run_clock(bench, 3600)
    regulator = bench.regulator()
    for _ in range(11):
        regulator.read()
    bench.requests.clear()
    regulator.read()
    quiet = addresses(bench)

    bench.noise = b"\xc8\x80"
    bench.requests.clear()
    assert lies(replace(regulator.read(), regulator_clock_seconds=None), bench) == {}
    assert addresses(bench) == quiet


@pytest.mark.parametrize(("address", "false"), [(93, 0x34), (0, 11)])
def test_a_false_scale_is_found_out_at_the_end_of_the_reading(bench, address, false):
    """Two reads agree on another system voltage or another model."""
    regulator = bench.regulator()
    for _ in range(4):
        regulator.read()
    spoilt = []

    def spoil(reply):
        if bench.requests[-1][1] == address and len(spoilt) < 2:
            spoilt.append(reply)
            return bytes([200, false])
        return reply

    bench.to_us = spoil
    assert lies(regulator.read(), bench) == {}
    assert len(spoilt) == 2


def test_after_a_silence_nothing_is_asked_until_the_line_was_quiet_for_a_second(bench):
    regulator = bench.regulator()
    regulator.read()
    asked_at = []

    def listen(request):
        asked_at.append((bench.seconds, request[1]))
        return b"" if request[1] == 213 and len(asked_at) < 100 else request

    bench.to_pli = listen
    regulator.read()
    pairs_of_requests = list(pairwise(asked_at))
    after = [later - earlier for (earlier, address), (later, _) in pairs_of_requests if address == 213]
    assert after[:3] == pytest.approx([2.5, 2.5, 2.5], abs=0.1)


def test_a_late_reply_is_not_the_answer_to_the_next_question(bench):
    """The reply about RAM 213 comes when RAM 213 has long been given up."""
    regulator = bench.regulator()
    regulator.read()
    late = []

    def delay(nth):
        if bench.requests[nth][1] == 213 and len(late) < 3:
            late.append(nth)
            return 2.4
        return 0.1

    bench.delay = delay
    bench.requests.clear()
    reading = regulator.read()
    assert len(late) == 3
    assert lies(reading, bench) == {}
    assert reading.internal_load_amps == 6.6


def test_a_line_that_is_one_reply_behind_is_noticed_and_read_again_once_it_is_not(bench):
    """A device server may hold a reply back until the next request: each answer is then to the question before."""
    regulator = bench.regulator()
    regulator.read()
    held = [bytes([200, 44])]

    def hold_back(reply):
        if not held:
            return reply
        held.append(reply)
        return held.pop(0)

    bench.to_us = hold_back
    with pytest.raises(PliSilent, match="make no sense"):
        regulator.read()
    bench.to_us = lambda reply: reply
    assert lies(regulator.read(), bench) == {}


def test_a_line_that_falls_one_reply_behind_during_a_reading_makes_no_false_reading(bench):
    regulator = bench.regulator()
    regulator.read()
    for start in range(40):
        held = []
        bench.requests.clear()

        def hold_back(reply, held=held, start=start):
            if len(bench.requests) < start:
                return reply
            if not held:
                held.append(bytes([200, 120]))
            held.append(reply)
            return held.pop(0)

        bench.to_us = hold_back
        bench.ram[50] = 110 + start
        try:
            reading = regulator.read()
        except RegulatorError:
            continue
        finally:
            bench.to_us = lambda reply: reply
            bench.seconds += 3
        assert lies(reading, bench) == {}


@pytest.mark.parametrize("start", range(33))
def test_two_old_answers_put_the_line_two_behind_and_nothing_of_it_becomes_a_reading(bench, start):
    """Two reads in a row then agree on another register's byte."""
    regulator = bench.regulator()
    for _ in range(3):
        regulator.read()
    for address in RAM.keys() - {0, 46, 47, 48, 93, 101, 102, 115, 126, 207, 189, 194, 199, 204}:
        bench.ram[address] += 1
    bench.requests.clear()

    def two_old_answers():
        return [(0.02, b"\xc8\x50"), (0.04, b"\xc8\x51")] if len(bench.requests) == start + 1 else []

    bench.unasked = two_old_answers
    assert lies(regulator.read(), bench) == {}
    assert regulator.missing == {}


def test_a_reading_ends_with_a_loopback_and_so_do_settings_and_history(bench):
    regulator = bench.regulator()
    for read in (regulator.read, regulator.read_settings, lambda: regulator.read_eeprom([45])):
        read()
        assert addresses(bench)[-1] == "loopback"


def test_exchanges_and_the_damaged_ones_are_counted(bench):
    regulator = bench.regulator()
    regulator.read()
    assert (regulator.exchanges, regulator.damaged) == (len(bench.requests), 0)
    spoils = [lambda reply: reply[:1], lambda reply: b"", lambda reply: bytes([130]), lambda reply: reply + b"\x00"]
    bench.to_us = lambda reply: spoils.pop()(reply) if spoils and len(reply) == 2 else reply
    regulator.read()
    assert (regulator.exchanges, regulator.damaged) == (len(bench.requests), 4)


def test_a_regulator_that_does_not_answer_is_no_damage_on_the_line(bench):
    regulator = bench.regulator()
    bench.is_plugged_in = False
    with pytest.raises(RegulatorSilent):
        regulator.read()
    bench.is_powered = False
    with pytest.raises(PliSilent):
        regulator.read()
    assert regulator.damaged == 0


@pytest.mark.parametrize("code", [5, 128, 129, 130, 131, 133, 134, 137])
def test_a_code_is_never_taken_for_a_voltage(bench, code):
    """128 would be 12.8 V, 134 would be 13.4 V: the commonest voltages there are."""
    bench.to_us = lambda reply: bytes([code]) if bench.requests[-1][1] == 50 else reply
    regulator = bench.regulator()
    reading = regulator.read()
    assert reading == replace(
        reading, battery_volts=None, charge_watts=None, load_watts=None, battery_celsius=23.0, charge_amps=26.5
    )
    assert list(regulator.missing) == [50]


@pytest.mark.parametrize("value", [128, 129, 130, 131, 133, 134, 136, 200])
def test_a_voltage_that_looks_like_a_code_is_read_as_it_is(bench, value):
    bench.ram[50] = value
    assert bench.regulator().read().battery_volts == value / 5


@pytest.mark.parametrize("address", sorted(RAM))
def test_a_register_that_refuses_is_left_out_and_nothing_else(bench, address):
    bench.to_us = lambda reply: bytes([129]) if bench.requests[-1][:2] == bytes([20, address]) else reply
    regulator = bench.regulator()
    reading = regulator.read()
    assert lies(reading, bench) == {}
    assert address not in by_address(reading.raw)
    assert regulator.missing
    assert len(by_address(reading.raw)) >= len(RAM) - 3


def test_at_300_baud_nothing_is_left_out(bench):
    """A request takes 133 ms and a reply 67 ms on the wire; the first reading reads most bytes three times."""
    bench.delay = lambda nth: 0.133 + 0.1 + 0.067
    regulator = bench.regulator(baud=300)
    for _ in range(2):
        began = bench.seconds
        assert lies(regulator.read(), bench) == {}
        assert regulator.missing == {}
        assert bench.seconds - began < 40


def test_a_reading_on_a_dead_slow_line_ends(bench):
    """Each reply comes just in time; what has not been asked for after 40 s is left out."""
    bench.delay = lambda nth: 1.4
    regulator = bench.regulator()
    began = bench.seconds
    reading = regulator.read()
    assert bench.seconds - began < 50
    assert reading.battery_volts == 27.4
    assert "no time was left" in regulator.missing.values()


# What is in more than one byte.


@pytest.mark.parametrize("nth", range(60))
def test_a_counter_that_carries_at_any_moment_is_not_torn(bench, nth):
    """255 → 256 Ah, 44 requests long at each of them: never 0 and never 511."""
    bench.ram[188:190] = [255, 0]
    regulator = bench.regulator()
    regulator.read()
    asked = []

    def carry(command, address):
        asked.append(address)
        if len(asked) == nth:
            bench.ram[188:190] = [0, 1]

    bench.before = carry
    assert regulator.read().internal_charge_amp_hours in (255.0, 256.0)


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_shunt_that_changes_its_range_is_not_off_by_ten(bench, nth):
    bench.ram[205:208] = [250, 0, 0b0100]
    regulator = bench.regulator()
    regulator.read()
    asked = []

    def change_range(command, address):
        if address in (205, 206, 207):
            asked.append(address)
            if len(asked) == nth:
                bench.ram[205], bench.ram[207] = 26, 0b0101

    bench.before = change_range
    assert regulator.read().external_charge_amps in (25.0, 26.0)


def test_shunts_that_are_not_enabled_are_not_asked_for(bench):
    bench.ram[207] = 0
    reading = bench.regulator().read()
    assert not {205, 206} & set(addresses(bench))
    assert (reading.external_charge_amps, reading.charge_amps) == (None, 20.8)


def run_clock(bench, start, speed=1.0):
    """Let the regulator's clock run from `start` seconds after its midnight, with the bench's time."""
    began = bench.seconds

    def tick(*_):
        seconds = int(start + (bench.seconds - began) * speed) % 86400
        bench.ram[48], bench.ram[47], bench.ram[46] = seconds // 360, seconds % 360 // 60, seconds % 60 // 2

    bench.before = tick
    tick()
    return lambda: start + (bench.seconds - began) * speed


@pytest.mark.parametrize("offset", [step / 5 for step in range(40)])
def test_the_clock_is_right_whenever_its_minute_or_hour_goes_by(bench, offset):
    """354 s is six seconds before 00:06: the clock's three bytes all roll over during the reading."""
    clock = run_clock(bench, 354 + offset)
    reading = bench.regulator().read()
    assert clock() - 30 <= reading.regulator_clock_seconds <= clock()
    assert abs(reading.regulator_clock_seconds - (354 + offset)) < 9


@pytest.mark.parametrize("lost", range(6))
@pytest.mark.parametrize("offset", [step / 4 for step in range(48)])
def test_the_clock_is_right_when_an_answer_is_lost_while_its_minute_goes_by(bench, lost, offset):
    """Waiting for the lost answer takes seconds, in which the minute or the hour goes by: 354 s is just before both."""
    run_clock(bench, 200)
    regulator = bench.regulator()
    regulator.read()
    bench.seconds += 61
    regulator.read()  # the hour has long been the same: from now on it is believed when it is read once
    clock = run_clock(bench, 345 + offset)  # it is asked for its time some 3 s after a reading began
    asked = []

    def lose(reply):
        if bench.requests[-1][1] in (46, 47, 48):
            asked.append(reply)
            if len(asked) == lost + 1:
                return b""
        return reply

    bench.to_us = lose
    began = clock()
    seconds = regulator.read().regulator_clock_seconds
    assert seconds is not None
    assert began - 2 <= seconds <= clock()


@pytest.mark.parametrize("speed", [60, 600])
def test_the_clock_of_a_regulator_that_lives_fast_is_read_too(bench, speed):
    clock = run_clock(bench, 3600, speed)
    bench.delay = lambda nth: 0.2 / speed
    regulator = bench.regulator()
    for _ in range(5):
        before = clock()
        assert before <= regulator.read().regulator_clock_seconds <= clock()


def test_a_garbled_second_does_not_move_the_clock_of_a_regulator_that_lives_fast(bench):
    clock = run_clock(bench, 3600, 60)
    bench.delay = lambda nth: 0.2 / 60
    asked = []

    def spoil(reply):
        if bench.requests[-1][1] == 46:
            asked.append(reply)
            if len(asked) == 2:
                return bytes([200, 29])
        return reply

    bench.to_us = spoil
    assert 3600 <= bench.regulator().read().regulator_clock_seconds <= clock()
    assert clock() < 3700
    assert len(asked) >= 3


def test_a_clock_that_was_set_is_believed_after_a_second_look(bench):
    run_clock(bench, 3600)
    regulator = bench.regulator()
    regulator.read()
    run_clock(bench, 40_000)
    assert 40_000 <= regulator.read().regulator_clock_seconds < 40_010


def test_a_garbled_clock_is_read_again(bench):
    run_clock(bench, 3600)
    regulator = bench.regulator()
    regulator.read()
    spoilt = []

    def spoil(reply):
        if bench.requests[-1][1] == 46 and not spoilt:
            spoilt.append(reply)
            return bytes([200, (reply[1] + 9) % 30])
        return reply

    bench.to_us = spoil
    started = bench.seconds
    assert abs(regulator.read().regulator_clock_seconds - (3600 + started - 1000)) < 5
    assert spoilt


def test_a_minute_that_has_just_ended_is_not_believed_because_it_was_there_for_long(bench):
    """The hour is garbled once, so that the clock is voted on; and then the minute once, to the one before."""
    clock = run_clock(bench, 3599)
    regulator = bench.regulator()
    for _ in range(6):
        regulator.read()
        bench.seconds = (bench.seconds // 10 + 1) * 10
    asked = []

    def garble(reply):
        asked.append(bench.requests[-1][1])
        return {(48, 1): b"\xc8\x4e", (47, 2): b"\xc8\x00"}.get((asked[-1], asked.count(asked[-1])), reply)

    bench.seconds = 1070.0
    bench.to_us = garble
    began = clock()
    assert began <= regulator.read().regulator_clock_seconds <= clock()
    assert asked.count(47) > 2


def test_another_minute_than_the_last_one_is_not_believed_after_two_reads(bench):
    """The hour is garbled once, so that the clock is voted on; then the minute's address twice, to RAM that is 0."""
    clock = run_clock(bench, 3670)
    regulator = bench.regulator()
    regulator.read()
    bench.seconds += 10
    asked = []

    def garble(reply):
        asked.append(bench.requests[-1][1])
        nth = (asked[-1], asked.count(asked[-1]))
        return {(48, 1): b"\xc8\x4e", (47, 2): b"\xc8\x00", (47, 3): b"\xc8\x00"}.get(nth, reply)

    bench.to_us = garble
    began = clock()
    assert began <= regulator.read().regulator_clock_seconds <= clock()
    assert asked.count(47) > 3


@pytest.mark.parametrize("offset", [step / 4 for step in range(12)])
def test_seconds_that_are_a_little_off_do_not_hide_the_end_of_an_hour(bench, offset):
    """Two of three reads show 4 s instead of 0, so that hour and minute seem to have been read after the hour ended."""
    run_clock(bench, 200)
    regulator = bench.regulator()
    regulator.read()
    bench.seconds += 10
    clock = run_clock(bench, 357 + offset)  # it is asked for its time a second after the reading began
    asked = []

    def spoil(reply):
        asked.append(bench.requests[-1][1])
        voted = asked.count(46) - 1
        return b"\xc8\x02" if asked[-1] == 46 and reply[1] == 0 and voted in (1, 3) else reply

    bench.to_us = spoil
    began = clock()
    seconds = regulator.read().regulator_clock_seconds
    assert seconds is not None
    assert began - 2 <= seconds <= clock()


def test_an_hour_that_cannot_be_read_again_is_not_joined_with_later_minutes(bench):
    """It was read at the beginning, to find midnight; 358 s is just before the regulator's first tenth of an hour."""
    run_clock(bench, 358)
    asked = []

    def refuse_the_hour(reply):
        asked.append(bench.requests[-1][1])
        return bytes([133]) if asked[-1] == 48 and 203 in asked else reply

    bench.to_us = refuse_the_hour
    reading = bench.regulator().read()
    assert {46, 47} <= by_address(reading.raw).keys()
    assert reading.regulator_clock_seconds is None


@pytest.mark.parametrize("seconds_before", [0.5, 1, 2, 3, 4, 5, 6, 8, 20])
def test_a_reading_that_straddles_midnight_is_taken_again(bench, seconds_before):
    """At the regulator's midnight the counters fall to 0: never some of one day and some of the other."""
    clock = run_clock(bench, 86400 - seconds_before)
    tick = bench.before

    def midnight(*_):
        tick()
        if clock() >= 86400:
            for address in (188, 189, 193, 194, 198, 199, 203, 204):
                bench.ram[address] = 0

    bench.before = midnight
    before = truth(bench)
    reading = bench.regulator().read()
    names = ("charge_amp_hours", "load_amp_hours", "internal_charge_amp_hours", "internal_load_amp_hours")
    counts = [getattr(reading, name) for name in names]
    assert counts in ([0.0] * 4, [before[name] for name in names])
    assert (reading.regulator_clock_seconds > 43200) == (counts[0] > 0)


@pytest.mark.parametrize(("seconds_before", "is_kept"), [(2, False), (4000, True)])
def test_near_midnight_the_days_counters_are_left_out_when_the_hour_cannot_be_read_again(
    bench, seconds_before, is_kept
):
    """Some of them may be of one day and some of the other, and nothing tells."""
    run_clock(bench, 86400 - seconds_before)
    regulator = bench.regulator()
    first = regulator.read() if is_kept else None
    counters_asked = []

    def refuse_the_hour(reply):
        _, address, *_ = bench.requests[-1]
        counters_asked.append(address in (203, 204))
        return bytes([133]) if any(counters_asked) and address == 48 else reply

    bench.to_us = refuse_the_hour
    reading = regulator.read()
    assert reading.battery_volts == 27.4
    assert (reading.internal_charge_amp_hours is not None) is is_kept
    assert (reading.battery_max_volts is not None) is is_kept
    assert first is None or reading.charge_amp_hours == first.charge_amp_hours


# Scale.


def test_a_new_system_voltage_scales_the_reading_that_finds_it(bench):
    regulator = bench.regulator()
    assert regulator.read().battery_volts == 27.4
    bench.ram[93] = 0x34
    assert regulator.read().battery_volts == 54.8


def change_before_exchange(bench, nth, ram):
    """These registers get these values before the nth exchange from now on."""
    asked = []

    def change(command, address):
        asked.append(address)
        if len(asked) == nth:
            for register, value in ram.items():
                bench.ram[register] = value

    bench.before = change


@pytest.mark.parametrize("nth", range(1, 60))
def test_a_model_that_changes_during_the_reading_never_mixes_scales(bench, nth):
    """Another regulator is plugged in: PL20 in place of PL80."""
    regulator = bench.regulator()
    regulator.read()
    change_before_exchange(bench, nth, {0: 11, 213: 100})
    reading = regulator.read()
    assert (reading.model, reading.internal_charge_amps) in (("PL80", 20.8), ("PL20", 10.0))


@pytest.mark.parametrize("nth", range(1, 60))
def test_a_system_voltage_that_changes_during_the_reading_never_mixes_scales(bench, nth):
    regulator = bench.regulator()
    regulator.read()
    change_before_exchange(bench, nth, {93: 0x30, 50: 130})
    assert regulator.read().battery_volts in (27.4, 13.0)


def test_another_model_scales_the_reading_that_finds_it(bench):
    regulator = bench.regulator()
    regulator.read()
    bench.ram[0] = 11
    reading = regulator.read()
    assert (reading.model, reading.internal_charge_amps) == ("PL20", 5.2)


def test_without_model_or_system_voltage_what_they_scale_is_absent(bench):
    refused = [bytes([20, 0]), bytes([20, 93])]
    bench.to_us = lambda reply: bytes([129]) if bench.requests[-1][:2] in refused else reply
    reading = bench.regulator().read()
    assert (reading.model, reading.battery_volts, reading.internal_charge_amps) == (None, None, None)
    assert reading.external_charge_amps == 5.7


# Silence.


def test_several_registers_in_a_row_that_refuse_for_ever_are_left_out_and_nothing_else(bench):
    refused = [bytes([20, address]) for address in (39, 101, 102, 115, 126)]
    bench.to_us = lambda reply: bytes([133]) if bench.requests[-1][:2] in refused else reply
    regulator = bench.regulator()
    for _ in range(3):
        reading = regulator.read()
        assert lies(reading, bench) == {}
        assert set(regulator.missing) == {39, 101, 102, 115, 126}
        assert set(by_address(reading.raw)) | HIGHS | IN_TURN == set(RAM) - {39, 101, 102, 115, 126}


def test_a_pli_without_a_regulator_is_told_from_a_silent_one_within_seconds(bench):
    bench.is_plugged_in = False
    regulator = bench.regulator()
    began = bench.seconds
    with pytest.raises(RegulatorSilent, match="the PLI answers, but the regulator does not"):
        regulator.read()
    assert bench.seconds - began < 30
    bench.is_plugged_in = True
    assert lies(regulator.read(), bench) == {}


def test_a_pli_without_power_is_silent_within_seconds_and_comes_back(bench):
    bench.is_powered = False
    regulator = bench.regulator()
    began = bench.seconds
    with pytest.raises(PliSilent, match="nothing answers; check its cable"):
        regulator.read()
    assert bench.seconds - began < 15
    bench.is_powered = True
    assert lies(regulator.read(), bench) == {}


def test_a_wrong_baud_rate_is_named_as_the_likely_cause(bench):
    bench.to_us = garbling(1, Random(1))
    with pytest.raises(PliSilent, match="check the baud rate"):
        bench.regulator().read()


def test_a_pli_that_falls_silent_in_mid_reading_ends_it(bench):
    regulator = bench.regulator()
    regulator.read()

    def lose_power(command, address):
        bench.is_powered = address != 213

    bench.before = lose_power
    began = bench.seconds
    with pytest.raises(PliSilent):
        regulator.read()
    assert bench.seconds - began < 20


def test_a_cold_pli_is_woken_with_zero_bytes_and_only_when_it_is_silent(bench):
    bench.regulator().read()
    assert all(len(request) == 4 for request in bench.requests)
    bench.is_powered = False

    def wake(content):
        bench.is_powered = bench.is_powered or content.count(0) > 50
        return content if bench.is_powered and len(content) == 4 else b""

    bench.to_pli = wake
    bench.requests.clear()
    assert lies(bench.regulator().read(), bench) == {}
    assert [request for request in bench.requests if len(request) != 4] == [bytes(96)]


def test_a_port_that_breaks_is_missing_whatever_the_system_calls_it(bench):
    regulator = bench.regulator()

    def break_off(*_):
        raise OSError(5, "Input/output error")

    bench.before = break_off
    with pytest.raises(PortMissing, match="was its cable pulled out"):
        regulator.read()


# Stopping.


@pytest.mark.parametrize("after_seconds", [step / 10 for step in range(0, 100, 3)])
def test_stopped_at_any_moment_it_ends_at_once_and_what_was_not_proven_is_no_reading(bench, after_seconds):
    regulator = bench.regulator()
    bench.stop_at = bench.seconds + after_seconds
    reading = regulator.read()
    assert bench.seconds - bench.stop_at < 0.3 or not bench.is_set()
    if reading is not None:
        assert lies(reading, bench) == {}
        assert regulator.missing == {}


def test_stopped_while_nobody_answers_it_gives_nothing_at_once(bench):
    bench.is_powered = False
    bench.stop_at = bench.seconds + 1
    assert bench.regulator().read() is None
    assert bench.seconds - bench.stop_at < 0.2


# The settings.


def test_the_settings_are_31_bytes(bench):
    bench.ram[64:95] = list(range(100, 131))
    settings = bench.regulator().read_settings()
    assert settings == {address: bench.ram[address] for address in range(64, 95)}


def test_a_setting_that_refuses_is_left_out(bench):
    bench.to_us = lambda reply: bytes([134]) if bench.requests[-1][1] == 70 else reply
    regulator = bench.regulator()
    assert set(regulator.read_settings()) == set(range(64, 95)) - {70}
    assert regulator.missing == {70: "the regulator's answer reached the PLI damaged"}


def test_it_is_told_how_far_a_reading_is(bench):
    told = []
    bench.regulator().read(lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [*range(1, STEPS + 1), STEPS]
    assert {total for _, total in told} == {STEPS}
