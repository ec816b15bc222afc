"""The frames of the protocol notes' §7: one table for both directions."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logger.line import frame
from logger.line.frame import LOOPBACK, READ_EEPROM, READ_RAM, REFUSALS, Refusal


class Vector(NamedTuple):
    """One exchange, in hex on the wire and in our words."""

    what: str
    command: int
    address: int
    request: str
    reply: str
    answer: int | Refusal


# fmt: off
VECTORS = [
    #       what                      command      address  request            reply           answer
    Vector("loopback",                LOOPBACK,      0,     "BB 00 00 44",     "80",           128),
    Vector("software version 1",      READ_RAM,      0,     "14 00 00 EB",     "C8 01",        1),
    Vector("13.7 V",                  READ_RAM,     50,     "14 32 00 EB",     "C8 89",        137),
    Vector("12.8 V, the loopback's",  READ_RAM,     50,     "14 32 00 EB",     "C8 80",        128),
    Vector("12.9 V, a time-out's",    READ_RAM,     50,     "14 32 00 EB",     "C8 81",        129),
    Vector("20.0 V, success's",       READ_RAM,     50,     "14 32 00 EB",     "C8 C8",        200),
    Vector("24 V, PROG 3",            READ_RAM,     93,     "14 5D 00 EB",     "C8 31",        0x31),
    Vector("10:00",                   READ_RAM,     48,     "14 30 00 EB",     "C8 64",        100),
    Vector("880 Ah",                  READ_RAM,     94,     "14 5E 00 EB",     "C8 2C",        44),
    Vector("22.0 V of the panels",    READ_RAM,     53,     "14 35 00 EB",     "C8 2C",        44),
    Vector("EEPROM 35",               READ_EEPROM,  35,     "48 23 00 B7",     "C8 96",        150),
    Vector("history pointer",         READ_EEPROM,  45,     "48 2D 00 B7",     "C8 02",        2),
    Vector("time-out",                READ_RAM,     50,     "14 32 00 EB",     "81",           REFUSALS[129]),
    Vector("checksum error",          READ_RAM,    102,     "14 66 00 EB",     "82",           REFUSALS[130]),
    Vector("unknown command",         READ_RAM,     50,     "14 32 00 EB",     "83",           REFUSALS[131]),
    Vector("no reply from the PL",    READ_RAM,     50,     "14 32 00 EB",     "85",           REFUSALS[133]),
    Vector("bad reply from the PL",   READ_RAM,     50,     "14 32 00 EB",     "86",           REFUSALS[134]),
    Vector("no comms",                READ_RAM,     50,     "14 32 00 EB",     "05",           REFUSALS[5]),
    Vector("stray loopback answer",   READ_RAM,     50,     "14 32 00 EB",     "80",           REFUSALS[128]),
    Vector("prefix lost, 13.7 V",     READ_RAM,     50,     "14 32 00 EB",     "89",
        Refusal(137, "137, which no reply begins with")),
    Vector("loopback out of step",    LOOPBACK,      0,     "BB 00 00 44",     "C8",
        Refusal(200, "200 in place of 128: noise, or a PLI with a site number")),
]
# fmt: on


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.what for vector in VECTORS])
class TestFrames:
    def test_the_request_is_the_manuals(self, vector):
        assert frame.request(vector.command, vector.address) == bytes.fromhex(vector.request)

    def test_the_reply_is_understood_whole(self, vector):
        assert frame.parse(vector.command, bytes.fromhex(vector.reply)) == vector.answer

    def test_the_reply_is_understood_no_sooner_than_its_last_byte(self, vector):
        reply = bytes.fromhex(vector.reply)
        early = [frame.parse(vector.command, reply[:length]) for length in range(len(reply))]
        assert early == [None] * len(reply)

    def test_junk_behind_the_reply_changes_nothing_of_it(self, vector):
        assert frame.parse(vector.command, bytes.fromhex(vector.reply) + b"\xc8\x81") == vector.answer


def test_every_request_that_changes_nothing_can_be_built_and_no_other():
    """Commands 87, 152 and 202 push buttons and write memory; on the wire they must be impossible."""
    for command in range(-1, 257):
        if command in (20, 72, 187):
            assert frame.request(command, 7) == bytes([command, 7, 0, 255 - command])
        else:
            with pytest.raises(ValueError, match="only 20, 72, 187"):
                frame.request(command, 7)


@pytest.mark.parametrize("address", [-1, 256])
def test_an_address_that_is_no_byte_cannot_be_asked_for(address):
    with pytest.raises(ValueError, match="from 0 to 255"):
        frame.request(READ_RAM, address)


@given(st.sampled_from([READ_RAM, READ_EEPROM]), st.binary(min_size=1, max_size=6))
def test_a_value_is_only_ever_the_byte_right_behind_a_leading_200(command, received):
    answer = frame.parse(command, received)
    if received[0] != 200:
        assert isinstance(answer, Refusal)
    elif len(received) == 1:
        assert answer is None
    else:
        assert answer == received[1]


@given(st.integers(0, 255))
def test_every_byte_that_brings_no_data_has_words(code):
    for command in frame.COMMANDS:
        answer = frame.parse(command, bytes([code]))
        if isinstance(answer, Refusal):
            assert answer.code == code
            assert answer.words
