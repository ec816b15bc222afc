"""A simulator on the bench: no waiting for answers, and time that passes only when told to."""

import math

from simulator import HandClock, Simulator, SimulatorOptions

HOUR = 3600
DAY = 24 * HOUR


class Bench:
    """One simulator, its clock, and the questions a test asks it over the wire."""

    def __init__(self, **options: object) -> None:
        self.clock = HandClock()
        self.simulator = Simulator(
            SimulatorOptions(**{"answer_seconds": (0.0, 0.0), **options}),  # type: ignore[arg-type]
            clock=self.clock,
        )

    def send(self, *command: int, at: float = 0.0) -> None:
        """Send bytes, and leave the answer under way."""
        self.simulator.receive(bytes(command), at)

    def ask(self, *command: int, at: float = 0.0) -> list[int]:
        """Send bytes; whatever comes back, however late."""
        self.send(*command, at=at)
        return self.answers()

    def answers(self, by: float = math.inf) -> list[int]:
        """The bytes that have come back by a moment."""
        return [byte for piece in self.simulator.due(by) for byte in piece]

    def ram(self, address: int) -> int:
        """A byte of RAM, as a computer reads it."""
        success, value = self.ask(20, address, 0, 235)
        assert success == 200
        return value

    def eeprom(self, address: int) -> int:
        """A byte of EEPROM, as a computer reads it."""
        success, value = self.ask(72, address, 0, 183)
        assert success == 200
        return value
