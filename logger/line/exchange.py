"""Sends the PLI one request at a time, and gets back in step with it after a failure.

Rules:
- Input is flushed before every request; the request's four bytes go out in one write.
- Each byte of a reply has its own deadline. After the last one the line must stay quiet for two characters.
- After any failure a loopback must be answered before the next request. The PLI answers in order, so everything that
  was still under way has arrived by then. Where a late reply is possible (silence, a stray byte, a byte that begins no
  reply), wait first until the line has been quiet for `settle_seconds`.
- A byte that no request accounts for means that the answers before it may have been to other requests: anything but its
  own answer to a loopback, a byte in the input before a request or behind an answer, more bytes after a failure than
  its reply can still have had. `doubts` counts these; all since the last of `proofs` is in doubt then.
- A silent PLI is woken with 100 ms of zero bytes: TX powers it. Only a silent one: a PLI that is awake answers
  every four of them with an error.
- After three loopbacks without an answer, a zero byte goes before each of the next four: a PLI that lost a byte of a
  request, and has no time-out of its own, is up to three bytes out of step until it gets them. (No four bytes
  that straddle our requests are a command that writes: the fourth would have to be 103, 53 or 168.)
- Every wait ends within 0.1 s of `stop` being set, by raising Stopped.
"""

import logging
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Protocol

from journal.errors import PliSilent, PortMissing
from logger.line import frame

log = logging.getLogger(__name__)

SLICE_SECONDS = 0.05
SECOND_BYTE_SECONDS = 0.5
IN_STEP_ATTEMPTS = 7
ATTEMPTS_TO_SHIFT = 3
SILENCES_TO_GIVE_UP = 3
FLAWLESS_EXCHANGES = 10_000
"""So many without damage show that the line is good: at a share of 0.1 % ten of them would be damaged."""


class Port(Protocol):
    """The part of a pyserial port that is used here. Its time-out is SLICE_SECONDS."""

    def read(self, size: int = 1, /) -> bytes: ...
    def write(self, content: bytes, /) -> int | None: ...
    def reset_input_buffer(self) -> None: ...
    def close(self) -> None: ...
    @property
    def in_waiting(self) -> int: ...


class Stop(Protocol):
    """The part of a threading.Event that is used here."""

    def is_set(self) -> bool: ...
    def wait(self, timeout: float | None = None, /) -> bool: ...


class Stopped(Exception):
    """Somebody set the stop event."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange brought no byte.

    is_damage    something was garbled or broke off; a proper refusal is not damage, nor is silence alone
    is_unheard   silence, or the PLI reports that the regulator does not answer
    rest         how many bytes of its reply may still be under way
    """

    words: str
    is_damage: bool = False
    is_unheard: bool = False
    rest: int = 0


SILENCE = Failure("no reply", is_unheard=True, rest=2)
BROKEN_OFF = Failure("the reply broke off after its first byte", is_damage=True, rest=1)
ONE_TOO_MANY = Failure("one byte too many arrived", is_damage=True, rest=1)


class Pli:
    """The PLI. `ask` is the only way to talk to it."""

    def __init__(
        self,
        port: Port,
        name: str,
        *,
        baud: int,
        stop: Stop,
        monotonic: Callable[[], float],
        reply_seconds: float = 1.5,
        settle_seconds: float = 1.0,
    ) -> None:
        """`name` is the port's, for messages."""
        self.name = name
        self.exchanges = 0
        self.damaged = 0
        """How many exchanges were garbled, broken off, or not answered although the PLI was there."""
        self.doubts = 0
        """How often a byte came that no request accounts for."""
        self.proofs = 0
        """How often a loopback found its own answer."""
        self._port = port
        self._stop = stop
        self._monotonic = monotonic
        self._character_seconds = 10 / baud
        self._reply_seconds = reply_seconds
        self._settle_seconds = settle_seconds
        self._is_in_step = False
        self._rest = 0
        self._unanswered = 0
        self._damaged_at = -inf

    @property
    def is_flawless(self) -> bool:
        """Whether none of the last FLAWLESS_EXCHANGES was damaged, as far as can be seen."""
        return self.exchanges - self._damaged_at > FLAWLESS_EXCHANGES

    def ask(self, command: int, address: int) -> int | Failure:
        """The byte at `address`. Raises PliSilent when not even loopbacks are answered, PortMissing, Stopped."""
        if not self._is_in_step:
            self.get_in_step()
        return self._exchange(command, address)

    def get_in_step(self) -> None:
        """Make sure with a loopback that nothing is under way any more. Raises as `ask` does."""
        silences = 0
        last: Failure | None = None
        for attempt in range(IN_STEP_ATTEMPTS):
            if attempt >= ATTEMPTS_TO_SHIFT:
                self._shift()
                self._wait_out(2 * self._settle_seconds)
            elif attempt or self._rest:
                self._wait_out(self._settle_seconds)
            answer = self._exchange(frame.LOOPBACK, 0)
            if not isinstance(answer, Failure):
                self.proofs += 1
                return
            last = answer
            if answer is SILENCE:
                silences += 1
                if silences == SILENCES_TO_GIVE_UP:
                    break
                self._wake()
            else:
                self.doubts += 1
        if last is None or last is SILENCE:
            raise PliSilent(
                f"cannot reach the PLI at {self.name}: nothing answers; check its cable, its power and the port's name"
            )
        raise PliSilent(self.nonsense(last))

    def nonsense(self, failure: Failure) -> str:
        """The message for a person when bytes arrive but no valid answers."""
        return (
            f"cannot reach the PLI at {self.name}: its answers make no sense ({failure.words}); "
            "check the baud rate (jumpers and SOLAR_BAUD) and the cable"
        )

    def close(self) -> None:
        try:
            # pyserial's socket:// forgets to close a connection that the other side has ended.
            connection = getattr(self._port, "_socket", None)
            self._port.close()
            if connection is not None:
                connection.close()
        except (OSError, termios.error) as error:
            log.debug("cannot close %s: %s; it is gone anyway", self.name, error)

    def _exchange(self, command: int, address: int) -> int | Failure:
        self._is_in_step = False
        self._rest = 0
        with self._port_errors():
            answer = self._transact(frame.request(command, address), command)
        self.exchanges += 1
        if isinstance(answer, Failure):
            damaged = int(answer.is_damage)
            self._unanswered += answer is SILENCE
            self._rest = answer.rest
            log.debug("%s address %d: %s", self.name, address, answer.words)
        else:
            damaged, self._unanswered = self._unanswered, 0
            self._is_in_step = True
        if damaged:
            self.damaged += damaged
            self._damaged_at = self.exchanges
        return answer

    def _transact(self, request: bytes, command: int) -> int | Failure:
        if self._stop.is_set():
            raise Stopped
        self.doubts += self._port.in_waiting > 0
        self._port.reset_input_buffer()
        self._port.write(request)
        received = b""
        wait_seconds = self._reply_seconds + 5 * self._character_seconds
        while (answer := frame.parse(command, received)) is None:
            byte = self._read_byte(self._monotonic() + wait_seconds)
            if not byte:
                return BROKEN_OFF if received else SILENCE
            received += byte
            wait_seconds = min(SECOND_BYTE_SECONDS, self._reply_seconds) + self._character_seconds
        self._pause(2 * self._character_seconds)
        is_followed = self._port.in_waiting > 0
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s -> %s%s", request.hex(" "), received.hex(" "), " and more" if is_followed else "")
        if is_followed:
            self.doubts += isinstance(answer, int)
            return ONE_TOO_MANY
        return _failure(answer) if isinstance(answer, frame.Refusal) else answer

    def _read_byte(self, deadline: float) -> bytes:
        """The next byte; nothing when none has arrived by `deadline`."""
        while True:
            byte = bytes(self._port.read(1))
            if byte or self._monotonic() >= deadline:
                return byte
            if self._stop.is_set():
                raise Stopped

    def _wait_out(self, quiet_seconds: float) -> None:
        """Discard what arrives until the line has been quiet for so long."""
        started = self._monotonic()
        with self._port_errors():
            while self._read_byte(self._monotonic() + quiet_seconds):
                self._rest -= 1
                self.doubts += self._rest < 0
                if self._monotonic() - started > 10 * quiet_seconds:
                    return

    def _wake(self) -> None:
        zeros = max(3, round(0.1 / self._character_seconds))
        with self._port_errors():
            self._port.write(bytes(zeros))
        self._pause(zeros * self._character_seconds)

    def _shift(self) -> None:
        with self._port_errors():
            self._port.write(bytes(1))

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    @contextmanager
    def _port_errors(self) -> Iterator[None]:
        # pyserial's own exception is an OSError; an unplugged terminal gives plain ones, and termios its own.
        try:
            yield
        except (OSError, termios.error) as error:
            raise PortMissing(f"cannot use {self.name}: {error}; was its cable pulled out?") from error


def _failure(refusal: frame.Refusal) -> Failure:
    is_unheard = refusal.code in frame.REGULATOR_UNHEARD
    rest = 0 if refusal.code in frame.REFUSALS else 1
    return Failure(refusal.words, is_damage=not is_unheard, is_unheard=is_unheard, rest=rest)
