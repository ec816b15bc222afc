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
    """A reply that brought no data: its code, and words for people."""

    code: int
    words: str


# fmt: off
REFUSALS = {
    refusal.code: refusal
    for refusal in (
        #       code  words
        Refusal(  5, "no or corrupt communication with the regulator"),
        Refusal(128, "a loopback answer that was not requested"),
        Refusal(129, "time-out"),
        Refusal(130, "the request reached the PLI damaged"),
        Refusal(131, "the PLI does not know the command"),
        Refusal(132, "code 132, not used according to the manual"),
        Refusal(133, "the regulator did not answer the PLI"),
        Refusal(134, "the regulator's answer reached the PLI damaged"),
        Refusal(135, "code 135, not used according to the manual"),
        Refusal(136, "code 136, not used according to the manual"),
    )
}
# fmt: on

REGULATOR_UNHEARD = frozenset({5, 129, 133, 134})
"""The codes that mean: the regulator does not answer the PLI (129 may also mean that our request broke off)."""


def request(command: int, address: int) -> bytes:
    """The four bytes that ask for the byte at `address`, or for a loopback. Raises ValueError for any other command."""
    if command not in COMMANDS:
        raise ValueError(f"cannot build command {command}: only {', '.join(map(str, COMMANDS))} change nothing")
    if not 0 <= address <= 255:
        raise ValueError(f"cannot build a request for address {address}: it must be from 0 to 255")
    return bytes([command, address, 0, 255 - command])


def parse(command: int, received: bytes) -> int | Refusal | None:
    """The byte that the reply to `command` brings, or why it brings none; None while more bytes are needed."""
    if not received:
        return None
    first = received[0]
    if command == LOOPBACK and first == LOOPBACK_ANSWER:
        return first
    if command != LOOPBACK and first == SUCCESS:
        return received[1] if len(received) > 1 else None
    return _refusal(command, first)


def _refusal(command: int, code: int) -> Refusal:
    if code in REFUSALS:
        return REFUSALS[code]
    if command == LOOPBACK and 1 <= code <= 240:
        return Refusal(code, f"{code} in place of 128: noise, or a PLI with a site number")
    return Refusal(code, f"{code}, which no reply begins with")
