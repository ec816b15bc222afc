"""A PLI, its line and time itself, in software without waiting: time passes only when somebody waits for something."""

from collections.abc import Callable
from math import inf
from random import Random

from logger.clock.host_clock import Clock, Moment
from logger.regulator.models import Steps
from logger.regulator.regulator import Regulator

# A PL80 on a 24 V system, in bytes that differ from each other so that a mix-up shows. RAM nobody documents is 0.
RAM = {
    0: 222, 39: 120, 46: 7, 47: 3, 48: 100, 50: 137, 52: 23, 53: 84, 93: 0x31, 101: 0xFE, 102: 0, 115: 0xC0, 126: 3,
    181: 88, 182: 141, 183: 119, 188: 44, 189: 1, 193: 5, 194: 0, 198: 200, 199: 0, 203: 9, 204: 2,
    205: 57, 206: 31, 207: 0b1100, 213: 52, 217: 33, 220: 130, 221: 124, 232: 90, 233: 91,
}  # fmt: skip

Spoil = Callable[[bytes], bytes]


class Bench(Clock):
    """Port, clock and stop event in one. `ram` may be changed between and during readings.

    to_pli, to_us   do something to each request and each reply
    before          is called with command and address before the regulator answers
    noise           bytes that lie in the input before each request, unless they are flushed away
    partial_seconds after which the PLI gives up a command that broke off; the notes do not say that it does
    delay           seconds until the reply to the nth request (from 0) comes
    unasked         what comes before that reply though nobody asked for it, with the seconds after the request
    """

    def __init__(self, ram: dict[int, int] | None = None) -> None:
        super().__init__(boot=3)
        self.ram = [0] * 256
        for address, value in (RAM if ram is None else ram).items():
            self.ram[address] = value
        self.seconds = 1000.0
        self.stop_at = float("inf")
        self.to_pli: Spoil = lambda request: request
        self.to_us: Spoil = lambda reply: reply
        self.before: Callable[[int, int], None] = lambda command, address: None
        self.delay: Callable[[int], float] = lambda nth: 0.1
        self.unasked: Callable[[], list[tuple[float, bytes]]] = list
        self.noise = b""
        self.partial_seconds = 1.0
        self.is_plugged_in = True
        self.is_powered = True
        self.is_open = False
        self.requests: list[bytes] = []
        self._is_flushed = False
        self._begun = b""
        self._heard_at = 0.0
        self._arriving: list[tuple[float, int]] = []

    def regulator(self, steps: Steps | None = None, baud: int = 9600) -> Regulator:
        self.is_open = True
        return Regulator(self, "/dev/bench", self, steps=steps, stop=self, baud=baud)

    # Clock

    def now(self) -> Moment:
        return Moment(1_700_000_000_000 + int(self.seconds * 1000), self.boot, int(self.seconds * 1000))

    def monotonic(self) -> float:
        return self.seconds

    # Event

    def is_set(self) -> bool:
        return self.seconds >= self.stop_at

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds = max(self.seconds, min(self.seconds + (timeout or 0), self.stop_at))
        return self.is_set()

    # Port

    def write(self, content: bytes) -> int:
        self.requests.append(content)
        self._give_up()
        if not self._is_flushed:
            self._arriving += [(self.seconds, byte) for byte in self.noise]
        for byte in self.to_pli(content):
            self._heard_at = self.seconds
            self._begun += bytes([byte])
            if len(self._begun) == 4:
                command, address, _, check = self._begun
                self._begun = b""
                self._reply(self._answer(command, address, check))
        return len(content)

    def read(self, size: int = 1) -> bytes:
        self._is_flushed = False
        self._give_up()
        if self.in_waiting == 0:
            self.seconds = min(self.seconds + 0.05, self._arriving[0][0] if self._arriving else inf)
        return bytes(self._arriving.pop(0)[1] for _ in range(min(size, self.in_waiting)))

    def reset_input_buffer(self) -> None:
        self._give_up()
        del self._arriving[: self.in_waiting]
        self._is_flushed = True

    @property
    def in_waiting(self) -> int:
        count = 0
        for at, _ in self._arriving:
            if at > self.seconds:
                break
            count += 1
        return count

    def close(self) -> None:
        self.is_open = False

    def _answer(self, command: int, address: int, check: int) -> bytes:
        if check != 255 - command:
            return bytes([130])
        if command == 187:
            return bytes([128])
        if command not in (20, 72):
            return bytes([131])
        if not self.is_plugged_in:
            return bytes([133])
        self.before(command, address)
        return bytes([200, self.ram[address]])

    def _reply(self, reply: bytes) -> None:
        if self.is_powered:
            for after, content in self.unasked():
                self._arrive(after, content)
            self._arrive(self.delay(len(self.requests) - 1), self.to_us(reply))

    def _arrive(self, after: float, content: bytes) -> None:
        at = max([self.seconds + after, *(at for at, _ in self._arriving)])
        self._arriving += [(at, byte) for byte in content]

    def _give_up(self) -> None:
        """A command that breaks off is answered with 129 after `partial_seconds`."""
        if self._begun and self.seconds > self._heard_at + self.partial_seconds:
            self._begun = b""
            self._reply(bytes([129]))


def garbling(chance: float, random: Random) -> Spoil:
    """Makes a byte another one."""
    return lambda content: bytes(
        byte ^ random.randrange(1, 256) if random.random() < chance else byte for byte in content
    )


def dropping(chance: float, random: Random) -> Spoil:
    """Loses a byte."""
    return lambda content: bytes(byte for byte in content if random.random() >= chance)


def doubling(chance: float, random: Random) -> Spoil:
    """Sends a byte twice."""
    return lambda content: bytes(
        byte for original in content for byte in [original] * (2 if random.random() < chance else 1)
    )
