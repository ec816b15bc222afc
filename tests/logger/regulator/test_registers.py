"""From bytes to a Reading."""

from dataclasses import asdict, fields
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journal.reading import Reading
from logger.regulator.models import Steps
from logger.regulator.registers import COUNTERS, FLAGS, REGISTERS, by_address, decode, highs_of, pairs
from tests.logger.bench import RAM

WHEN = {"time_ms": 1_700_000_000_000, "boot": 3, "uptime_ms": 1_000_000}
UNITS = ("volts", "celsius", "percent", "amps", "watts", "amp_hours", "seconds")


def changed(**bytes_by_address):
    """The RAM of the bench with some bytes different: changed(_50=128); None leaves one out."""
    ram = RAM | {int(name[1:]): value for name, value in bytes_by_address.items()}
    return {address: value for address, value in ram.items() if value is not None}


def decoded(steps=None, **bytes_by_address):
    return decode(changed(**bytes_by_address), steps, **WHEN)


def test_a_whole_reading():
    assert decoded() == Reading(
        **WHEN,
        model="PL80",
        battery_volts=27.4,
        battery_celsius=23.0,
        state_of_charge_percent=88.0,
        charge_amps=26.5,
        load_amps=9.7,
        internal_charge_amps=20.8,
        internal_load_amps=6.6,
        external_charge_amps=5.7,
        external_load_amps=3.1,
        charge_watts=726.1,
        load_watts=265.78,
        charge_amp_hours=305.0,
        load_amp_hours=721.0,
        internal_charge_amp_hours=300.0,
        external_charge_amp_hours=5.0,
        internal_load_amp_hours=200.0,
        external_load_amp_hours=521.0,
        regulator_state="absorption",
        duty_cycle_percent=50.0,
        battery_max_volts=28.2,
        battery_min_volts=23.8,
        solar_volts=42.0,
        load_disconnected=0,
        generator_running=0,
        alarm=0,
        solar_disconnected=0,
        regulator_clock_seconds=36194.0,
        raw=bytes(byte for address in sorted(RAM) for byte in (address, RAM[address])),
    )


@pytest.mark.parametrize(
    ("raw", "system", "volts"),
    [
        (137, 0x00, 13.7), (137, 0x31, 27.4),
        (128, 0x00, 12.8), (128, 0x01, 25.6), (128, 0x04, 51.2),
        (120, 0x02, 32.0), (120, 0x03, 36.0), (75, 0x00, 7.5), (203, 0x04, 81.2),
        (74, 0x00, None), (204, 0x00, None), (0, 0x01, None), (255, 0x01, None),
        (128, 0x05, None), (128, 0x0F, None), (128, None, None), (None, 0x01, None),
    ],
)  # fmt: skip
def test_battery_volts_follow_the_system_voltage(raw, system, volts):
    assert decoded(_50=raw, _93=system).battery_volts == volts


@pytest.mark.parametrize(
    ("version", "raw", "charge", "load"),
    [
        (1, 10, 1.0, 1.0), (139, 10, 2.0, 1.0), (200, 10, 4.0, 2.0), (222, 10, 4.0, 2.0),
        (222, 52, 20.8, 10.4), (222, 254, 101.6, 50.8), (222, 255, None, None), (1, 3, 0.3, 0.3),
        (212, 10, None, None), (None, 10, None, None), (222, None, None, None),
    ],
)  # fmt: skip
def test_internal_amps_follow_the_model(version, raw, charge, load):
    reading = decoded(_0=version, _213=raw, _217=raw)
    assert (reading.internal_charge_amps, reading.internal_load_amps) == (charge, load)


def test_steps_of_the_site_go_before_the_models():
    steps = Steps.of("0.5", "0.25")
    assert decoded(steps).internal_charge_amps == 26.0
    assert decoded(steps).internal_load_amps == 8.25
    assert decoded(Steps.of("0.5")).internal_load_amps == 6.6
    assert decoded(steps, _0=212).internal_charge_amps == 26.0
    assert decoded(steps, _0=None).internal_charge_amps is None


def test_kept_bytes_are_decoded_again_with_other_steps():
    kept = decoded().raw
    assert decode(kept, Steps.of("0.5"), **WHEN) == decoded(Steps.of("0.5"))


@pytest.mark.parametrize(
    ("flags", "charge", "load", "external_charge", "external_load"),
    [
        (0b0000, 20.8, 6.6, None, None),
        (0b0100, 26.5, 6.6, 5.7, None),
        (0b0101, 77.8, 6.6, 57.0, None),
        (0b1000, 20.8, 9.7, None, 3.1),
        (0b1010, 20.8, 37.6, None, 31.0),
        (0b1110, 26.5, 37.6, 5.7, 31.0),
        (0b11110000, 20.8, 6.6, None, None),
        (None, None, None, None, None),
    ],
)  # fmt: skip
def test_shunts_count_where_they_are_enabled(flags, charge, load, external_charge, external_load):
    reading = decoded(_207=flags)
    assert (reading.charge_amps, reading.load_amps) == (charge, load)
    assert (reading.external_charge_amps, reading.external_load_amps) == (external_charge, external_load)


def test_a_byte_or_counter_at_its_end_is_out_of_range():
    assert decoded(_188=255, _189=255).internal_charge_amp_hours is None
    assert decoded(_188=255, _189=255).charge_amp_hours is None
    assert decoded(_188=254, _189=255).internal_charge_amp_hours == 65_534.0
    assert (decoded(_213=255).internal_charge_amps, decoded(_213=255).charge_amps) == (None, None)
    assert (decoded(_205=255).external_charge_amps, decoded(_205=255).charge_amps) == (None, None)
    assert (decoded(_206=255).external_load_amps, decoded(_206=255).load_amps) == (None, None)


def test_a_high_byte_that_was_not_read_is_the_one_known_before():
    before = decoded()
    kept = decode(before.raw, known_highs=highs_of(getattr(before, counter.name) for counter in COUNTERS), **WHEN)
    assert kept == before
    raw = by_address(before.raw)
    del raw[189]
    later = decode(raw, known_highs=highs_of(getattr(before, counter.name) for counter in COUNTERS), **WHEN)
    assert later.internal_charge_amp_hours == before.internal_charge_amp_hours == 300.0
    assert 189 not in by_address(later.raw)
    assert decode(raw, **WHEN).internal_charge_amp_hours is None


def test_a_total_is_absent_when_a_part_that_counts_is():
    assert decoded(_205=None).charge_amps is None
    assert decoded(_205=None).charge_watts is None
    assert decoded(_205=None, _207=0).charge_amps == 20.8
    assert decoded(_213=None).charge_amps is None
    assert decoded(_194=None).charge_amp_hours is None
    assert decoded(_194=None).internal_charge_amp_hours == 300.0
    assert decoded(_203=None).load_amp_hours is None


@pytest.mark.parametrize(
    ("screen", "update", "disconnected"),
    [
        (0, 0x00, 0), (39, 0x00, 1), (0, 0x10, 1), (39, 0x10, 1),
        (None, 0x10, 1), (39, None, 1), (None, 0x00, None), (0, None, None), (None, None, None),
    ],
)  # fmt: skip
def test_the_solv_screen_shows_in_either_of_two_bytes(screen, update, disconnected):
    assert decoded(_102=screen, _126=update).solar_disconnected == disconnected


@pytest.mark.parametrize(("raw", "state"), [(0x04, "boost"), (1, "equalise"), (2, "absorption"), (0xFF, "float")])
def test_the_state_is_in_the_low_two_bits(raw, state):
    assert decoded(_101=raw).regulator_state == state


def test_each_output_is_a_bit():
    reading = decoded(_115=0b00010011)
    assert (reading.load_disconnected, reading.generator_running, reading.alarm) == (1, 1, 1)
    reading = decoded(_115=0b11101100)
    assert (reading.load_disconnected, reading.generator_running, reading.alarm) == (0, 0, 0)


@pytest.mark.parametrize(
    ("hours", "minutes", "seconds", "clock"),
    [
        (0, 0, 0, 0), (100, 0, 0, 36000), (145, 0, 0, 52200), (234, 3, 12, 84444), (239, 5, 29, 86398),
        (240, 0, 0, None), (0, 6, 0, None), (0, 0, 30, None),
        (None, 0, 0, None), (0, None, 0, None), (0, 0, None, None),
    ],
)  # fmt: skip
def test_the_clock_counts_tenths_of_hours_minutes_and_pairs_of_seconds(hours, minutes, seconds, clock):
    assert decoded(_48=hours, _47=minutes, _46=seconds).regulator_clock_seconds == clock


@pytest.mark.parametrize(
    ("name", "address", "raw", "value"),
    [
        ("solar_volts", 53, 44, 22.0), ("solar_volts", 53, 199, 99.5), ("solar_volts", 53, 200, None),
        ("state_of_charge_percent", 181, 127, 127.0), ("state_of_charge_percent", 181, 128, None),
        ("duty_cycle_percent", 39, 240, 100.0), ("duty_cycle_percent", 39, 1, 0.42), ("duty_cycle_percent", 39, 0, 0.0),
        ("duty_cycle_percent", 39, 241, None),
        ("battery_celsius", 52, 25, 25.0), ("battery_celsius", 52, 0, None), ("battery_celsius", 52, 251, None),
        ("battery_min_volts", 183, 0, None),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_absent_and_its_byte_kept(name, address, raw, value):
    reading = decoded(**{f"_{address}": raw})
    assert getattr(reading, name) == value
    assert by_address(reading.raw)[address] == raw


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 255)))
def test_any_bytes_make_a_reading_that_keeps_them(ram):
    reading = decode(ram, **WHEN)
    assert by_address(reading.raw) == ram
    assert decode(reading.raw, **WHEN) == reading


@given(st.dictionaries(st.sampled_from(sorted(RAM)), st.integers(0, 255)), st.sampled_from(sorted(RAM)))
def test_a_byte_that_was_not_read_makes_values_absent_but_never_different(ram, lost):
    whole = asdict(decode(ram, **WHEN))
    partly = asdict(decode({address: value for address, value in ram.items() if address != lost}, **WHEN))
    del whole["raw"], partly["raw"]
    assert {name: value for name, value in partly.items() if value is not None}.items() <= whole.items()


@given(st.integers(0, 254), st.integers(1, 1000))
def test_amperes_are_the_nearest_float_to_the_exact_product(raw, hundredths):
    step = Fraction(hundredths, 100)
    assert decoded(Steps(step, step), _213=raw, _207=0).charge_amps == float(raw * step)


def test_pairs_are_ascending_and_odd_bytes_are_refused():
    assert pairs({93: 1, 0: 222}) == bytes([0, 222, 93, 1])
    with pytest.raises(ValueError, match="3 bytes"):
        by_address(b"abc")


def test_the_table_has_unique_names_known_units_and_columns_of_a_reading():
    numbers = [row.name for row in (*REGISTERS, *COUNTERS)]
    names = [*numbers, *FLAGS]
    assert len(set(names)) == len(names)
    assert [name for name in numbers if not name.endswith(UNITS)] == []
    assert set(names) <= {field.name for field in fields(Reading)}
