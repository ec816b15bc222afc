"""The cable between computer and PLI: it carries bytes both ways, in order, and applies the faults."""

from collections import deque
from random import Random

from simulator.faults import Faults
from simulator.pli import Pli, Reply

ERROR_CODES = (5, 129, 130, 133, 134)


class Line:
    """Bytes on their way to the computer, each with its time. A late byte delays those after it."""

    def __init__(
        self, pli: Pli, random: Random, *, speed: float = 1.0, late_seconds: tuple[float, float] = (0.3, 2.5)
    ) -> None:
        self.faults = Faults()
        self._pli = pli
        self._random = random
        self._speed = speed
        self._late_seconds = late_seconds
        self._under_way: deque[Reply] = deque()

    def receive(self, content: bytes, at: float) -> None:
        """Take `content` from the computer, at `at`."""
        self._send(self._pli.receive(self._spoil(content), at))

    def due(self, at: float) -> list[bytes]:
        """What has reached the computer by `at`, in the pieces in which it arrived."""
        self._send(self._pli.give_up(at))
        pieces = []
        while self._under_way and self._under_way[0].at <= at:
            pieces.append(self._under_way.popleft().content)
        return pieces

    def next_at(self) -> float | None:
        """When `due` will have something to do again, if nothing arrives before."""
        moments = [self._pli.gives_up_at, self._under_way[0].at if self._under_way else None]
        return min((moment for moment in moments if moment is not None), default=None)

    def clear(self) -> None:
        """Forget what is on its way, as if nobody listened any more."""
        self._under_way.clear()

    def _send(self, replies: list[Reply]) -> None:
        for reply in replies:
            content = reply.content
            if self._happens(self.faults.error):
                content = bytes([self._random.choice(ERROR_CODES)])
            late_from = self._random.randrange(len(content)) if self._happens(self.faults.late) else len(content)
            pieces = [content[:late_from], content[late_from:]]
            if self._happens(self.faults.split):
                pieces = [bytes([byte]) for byte in content]
            at = reply.at
            sent = 0
            for piece in pieces:
                if piece and sent == late_from:
                    at += self._random.uniform(*self._late_seconds)
                elif sent:
                    at += self._random.uniform(0.005, 0.08) / self._speed
                sent += len(piece)
                arriving = self._spoil(piece)
                if arriving:
                    self._under_way.append(Reply(at, arriving))

    def _spoil(self, content: bytes) -> bytes:
        spoilt = bytearray()
        for byte in content:
            if self._happens(self.faults.drop):
                continue
            garbled = self._happens(1.0 if self.faults.wrong_baud else self.faults.garble)
            arriving = byte ^ self._random.randrange(1, 256) if garbled else byte
            spoilt += bytes([arriving] * (2 if self._happens(self.faults.double) else 1))
        return bytes(spoilt)

    def _happens(self, chance: float) -> bool:
        return chance > 0 and self._random.random() < chance
