"""The PLI's wire format: a request as bytes, a reply's meaning. No port, no time, no logging.

    request   CC AA VV ~C     command, address, value (0), command inverted
    reply     C8 DD           success, then the data byte
    loopback  80              answered by the PLI itself
    refusal   EE              one code, nothing follows

    14 32 00 EB  ->  C8 80    register 50 holds 128: 12.8 V on a 12 V system
    48 2D 00 B7  ->  C8 02    EEPROM byte 45 holds 2
    BB 00 00 44  ->  80       loopback
    14 32 00 EB  ->  81       refused: time-out

Rules:
- Only commands that change nothing can be built: 20, 72 and 187. The PLI has others; this program does not.
- A reply is read by position, never searched for: a first byte other than 200 is the whole reply. A data byte may have
  any value, those of the codes and 200 included (12.8 V is 128), and a code may stand where a voltage was expected.
- The fourth byte of a request protects its first byte alone, and a reply carries neither address nor checksum. So a
  well-formed reply proves little; `voting.py` decides when its byte is believed.

Source: Plasmatronics, PLI.Info.2.16.0, pages 2 to 5.
"""

from dataclasses import dataclass

READ_RAM = 20
READ_EEPROM = 72
LOOPBACK = 187
COMMANDS = (READ_RAM, READ_EEPROM, LOOPBACK)

SUCCESS = 200
LOOPBACK_ANSWER = 128


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply that brought no data: its code, a short name for machines and words for people."""

    code: int
    name: str
    words: str


# fmt: off
REFUSALS = {
    refusal.code: refusal
    for refusal in (
        #       code  name                   words
        Refusal(  5, "no_comms",            "no or corrupt communication with the regulator"),
        Refusal(128, "loopback_answer",     "a loopback answer that was not requested"),
        Refusal(129, "timeout",             "time-out"),
        Refusal(130, "checksum_error",      "the request reached the PLI damaged"),
        Refusal(131, "unknown_command",     "the PLI does not know the command"),
        Refusal(132, "unused_132",          "code 132, not used according to the manual"),
        Refusal(133, "no_reply",            "the regulator did not answer the PLI"),
        Refusal(134, "bad_reply",           "the regulator's answer reached the PLI damaged"),
        Refusal(135, "unused_135",          "code 135, not used according to the manual"),
        Refusal(136, "unused_136",          "code 136, not used according to the manual"),
    )
}
# fmt: on

REGULATOR_UNHEARD = frozenset({5, 129, 133, 134})
"""The codes that mean: the regulator does not answer the PLI (129 may also mean that our request broke off)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: the requested byte, or why there is none. `rest` followed it: nothing, if all is well."""

    answer: int | Refusal
    rest: bytes = b""


def request(command: int, address: int) -> bytes:
    """The four bytes that ask for the byte at `address`, or for a loopback. Raises ValueError for any other command."""
    if command not in COMMANDS:
        raise ValueError(f"cannot build command {command}: only {', '.join(map(str, COMMANDS))} change nothing")
    if not 0 <= address <= 255:
        raise ValueError(f"cannot build a request for address {address}: it must be from 0 to 255")
    return bytes([command, address, 0, 255 - command])


def parse(command: int, received: bytes) -> Reply | None:
    """The reply to `command` at the start of `received`, None while more bytes are needed."""
    if not received:
        return None
    first, rest = received[0], received[1:]
    if command == LOOPBACK and first == LOOPBACK_ANSWER:
        return Reply(first, rest)
    if command != LOOPBACK and first == SUCCESS:
        return Reply(rest[0], rest[1:]) if rest else None
    return Reply(_refusal(command, first), rest)


def _refusal(command: int, code: int) -> Refusal:
    if code in REFUSALS:
        return REFUSALS[code]
    if command == LOOPBACK and 1 <= code <= 240:
        return Refusal(code, "unexpected_byte", f"{code} in place of 128: noise, or a PLI with a site number")
    return Refusal(code, "unexpected_byte", f"{code}, which no reply begins with")
