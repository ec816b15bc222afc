"""The settings in the manual's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.regulator.menu_settings import ADDRESSES, SETTINGS, changes, decode_settings


@pytest.mark.parametrize(
    ("address", "raw", "words"),
    [
        (87, 142, {"BMAX": "28.4 V"}), (75, 4, {"HYST": "0.8 V"}), (74, 20, {"ATIM": "2.0 h"}),
        (66, 10, {"GDEL": "10"}), (73, 15, {"BFRQ": "15 days"}), (64, 115, {"G ON": "115"}),
        (88, 0x94, {"LSET": "4", "GSET": "9"}), (92, 0x82, {"GMOD": "2", "TCMP": "8"}),
        (94, 1, {"BCAP": "20 Ah"}), (94, 44, {"BCAP": "880 Ah"}), (94, 50, {"BCAP": "1000 Ah"}),
        (94, 51, {"BCAP": "1100 Ah"}), (94, 240, {"BCAP": "20000 Ah"}),
    ],
)  # fmt: skip
def test_a_setting_reads_as_in_the_menu_on_a_24_volt_system(address, raw, words):
    assert decode_settings({93: 0x31, address: raw}) == {"VOLT": "24 V", "PROG": "3"} | words


def test_the_generators_settings_are_volts_and_minutes_or_states_of_charge():
    generator = {64: 60, 66: 10}
    for mode, on, delay in [(0, "12.0 V", "10 min"), (1, "60 %", "10 %"), (3, "12.0 V", "10 min"), (6, "60 %", "10 %")]:
        words = decode_settings(generator | {93: 0x01, 92: mode})
        assert (words["G ON"], words["GDEL"]) == (on, delay)


def test_without_the_system_voltage_volts_are_those_of_a_12_volt_system():
    assert decode_settings({87: 142}) == {"BMAX": "14.2 V at 12 V"}
    assert decode_settings({87: 142, 93: 0x07}) == {"BMAX": "14.2 V at 12 V", "VOLT": "code 7", "PROG": "0"}


def test_changes_name_the_setting_with_its_value_before_and_after():
    before = {93: 0x01, 74: 20, 87: 142, 88: 0x21, 94: 44}
    assert changes(before, before | {87: 145, 74: 30}) == "ATIM 2.0 h → 3.0 h, BMAX 28.4 V → 29.0 V"
    assert changes(before, before | {88: 0x31}) == "GSET 2 → 3"
    assert changes(before, before) == ""


@given(st.dictionaries(st.sampled_from(list(ADDRESSES)), st.integers(0, 255)))
def test_any_bytes_have_words(ram):
    assert set(decode_settings(ram)) == {setting.name for setting in SETTINGS if setting.address in ram}


def test_every_byte_of_the_snapshot_is_in_the_table_and_no_name_twice():
    assert {setting.address for setting in SETTINGS} == set(ADDRESSES)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
