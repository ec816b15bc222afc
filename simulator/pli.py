"""The PLI: commands in, replies out, each with the moment it is due. No port, no clock, no line noise.

    request   CC AA VV ~C     command, address, value, command inverted
    reply     C8 DD           a byte read, or
              EE              one code; nothing follows

    command            success   otherwise
    20   read RAM      200, b    129 a command broke off, or the regulator is not there (133 is as likely)
    72   read EEPROM   200, b    130 the fourth byte is not the first one inverted
    152  write RAM     nothing   131 no such command
    202  write EEPROM  nothing
    87   push button   nothing
    187  loopback      128       answered by the PLI itself, with or without a regulator

Choices, because no document says it: a command that stays incomplete for one second ends with 129; a command that
arrives before the last one is answered waits; a missing regulator shows after 0.3 to 1 s; a cold PLI ignores all bytes
until about nine zero bytes, or three loopbacks, have powered its converter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

READ_RAM = 20
READ_EEPROM = 72
PUSH = 87
WRITE_RAM = 152
LOOPBACK = 187
WRITE_EEPROM = 202

SUCCESS = 200
LOOPBACK_ANSWER = 128
TIMEOUT = 129
CHECKSUM_ERROR = 130
UNKNOWN_COMMAND = 131

SPACE_BITS_TO_WAKE = 80
"""How many 0 bits, start bits included, wake a cold PLI. TX carries power only while it is at the space level."""


class Memory(Protocol):
    """The regulator as the PLI sees it."""

    def read_ram(self, address: int) -> int: ...
    def read_eeprom(self, address: int) -> int: ...
    def write_ram(self, address: int, value: int) -> None: ...
    def write_eeprom(self, address: int, value: int) -> None: ...
    def push(self, *, is_long: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes, and the moment at which the first of them leaves the PLI."""

    at: float
    content: bytes


class Pli:
    """One adapter. `at` is always in real seconds of one monotonic clock; `speed` shortens every wait."""

    def __init__(
        self,
        regulator: Callable[[], Memory],
        random: Random,
        *,
        speed: float = 1.0,
        answer_seconds: tuple[float, float] = (0.07, 0.2),
        unplugged_code: int = TIMEOUT,
    ) -> None:
        """`regulator` returns the regulator that is connected now."""
        self.is_unplugged = False
        self.is_silent = False
        self._regulator = regulator
        self._random = random
        self._speed = speed
        self._answer_seconds = answer_seconds
        self._unplugged_code = unplugged_code
        # A minimum: a computer can be that slow between two bytes, however fast the simulated time is.
        self._partial_seconds = max(1.0 / speed, 0.05)
        self._command = bytearray()
        self._heard_at = 0.0
        self._busy_until = 0.0
        self._space_bits_missing = 0

    def chill(self) -> None:
        """Stop the converter, as if the computer's port lost its power."""
        self._space_bits_missing = SPACE_BITS_TO_WAKE
        self._command.clear()

    def warm(self) -> None:
        """Power the PLI at once."""
        self._space_bits_missing = 0

    @property
    def gives_up_at(self) -> float | None:
        """When an incomplete command will be given up; None if there is none."""
        return self._heard_at + self._partial_seconds if self._command else None

    def give_up(self, at: float) -> list[Reply]:
        """The error reply to an incomplete command, once it is due."""
        due = self.gives_up_at
        if due is None or at < due:
            return []
        self._command.clear()
        return [Reply(due, bytes([TIMEOUT]))]

    def receive(self, content: bytes, at: float) -> list[Reply]:
        """The replies to `content`, which may be less or more than one command."""
        replies = self.give_up(at)
        for byte in content:
            if self.is_silent:
                self._command.clear()
                continue
            if self._space_bits_missing > 0:
                self._space_bits_missing -= 9 - byte.bit_count()
                continue
            self._command.append(byte)
            self._heard_at = at
            if len(self._command) == 4:
                reply = self._answer(bytes(self._command), at)
                self._command.clear()
                if reply.content:
                    replies.append(reply)
        return replies

    def _answer(self, request: bytes, at: float) -> Reply:
        command, address, value, check = request
        start = max(at, self._busy_until)
        delay = self._random.uniform(*self._answer_seconds)
        if check != 255 - command:
            content = bytes([CHECKSUM_ERROR])
        elif command == LOOPBACK:
            content = bytes([LOOPBACK_ANSWER])
        elif command not in (READ_RAM, READ_EEPROM, WRITE_RAM, WRITE_EEPROM, PUSH):
            content = bytes([UNKNOWN_COMMAND])
        elif self.is_unplugged:
            content = bytes([self._unplugged_code])
            delay = self._random.uniform(0.3, 1.0)
        else:
            content = carry_out(self._regulator(), command, address, value)
        self._busy_until = start + delay / self._speed
        return Reply(self._busy_until, content)


def carry_out(regulator: Memory, command: int, address: int, value: int) -> bytes:
    """Carry out a well-formed command; returns the reply, which is empty after a write or a push."""
    match command:
        case 20:
            return bytes([SUCCESS, regulator.read_ram(address)])
        case 72:
            return bytes([SUCCESS, regulator.read_eeprom(address)])
        case 152:
            regulator.write_ram(address, value)
        case 202:
            regulator.write_eeprom(address, value)
        case 87 if address in (1, 2):
            regulator.push(is_long=address == 2)
    return b""
