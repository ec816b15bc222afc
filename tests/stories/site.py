"""A simulated site that passes as fast as the computer can: the real logger's loop at a regulator in software.

One clock for all: simulated time passes when the logger waits, and while its answers are under way. The host's wall
clock shows the same time, unless a story says otherwise.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from journal.journal import Journal
from journal.reading import Day, Event, Reading
from journal.writer import JournalWriter
from logger.amperes import adopted_steps
from logger.amperes.redecoding import Redecoding
from logger.clock.host_clock import Clock, Moment
from logger.history.chore import HistoryChore
from logger.poll import Identity, Poller, poll
from logger.regulator.models import Steps
from logger.regulator.regulator import Regulator
from simulator import HandClock, Simulator, SimulatorOptions

EXCHANGE_SECONDS = 0.1


class Site(Clock):
    """Simulator, port, clock and stop event in one; `logging` lets the logger run, `passing` time pass without it."""

    def __init__(
        self,
        directory: Path,
        start: str = "2026-03-10T10:00",
        *,
        interval_seconds: float = 300,
        given: Steps | None = None,
        **options: object,
    ) -> None:
        """`start` is UTC, and the site's local time too."""
        super().__init__(boot=1)
        self.directory = directory
        self.interval_seconds = interval_seconds
        began = datetime.fromisoformat(start).replace(tzinfo=UTC)
        self._began_ms = round(began.timestamp() * 1000)
        self._hand = HandClock()
        hour = began.hour + began.minute / 60
        self.simulator = Simulator(
            SimulatorOptions(**{"start_hour": hour, "answer_seconds": (0, 0), "history_days": 30} | options),  # type: ignore[arg-type]
            clock=self._hand,
        )
        self.steps = adopted_steps.StepsInForce(directory / adopted_steps.FILE, given or Steps())
        self.before: Callable[[int, int], None] = lambda command, address: None
        self._stop_at = float("inf")
        self._received = b""

    # Clock

    def now(self) -> Moment:
        return Moment(self._began_ms + int(self._hand.seconds * 1000), self.boot, int(self._hand.seconds * 1000))

    def monotonic(self) -> float:
        return self._hand.seconds

    # Event

    def is_set(self) -> bool:
        return self._hand.seconds >= self._stop_at

    def wait(self, timeout: float | None = None) -> bool:
        self._hand.advance(max(0.0, min(timeout or 0.0, self._stop_at - self._hand.seconds)))
        return self.is_set()

    # Port

    def write(self, content: bytes) -> int:
        if len(content) == 4:
            self.before(content[0], content[1])
        self._hand.advance(EXCHANGE_SECONDS)
        at = time.monotonic()
        self.simulator.receive(content, at)
        self._received += b"".join(self.simulator.due(at + 1))
        return len(content)

    def read(self, size: int = 1) -> bytes:
        if not self._received:
            self._hand.advance(0.05)
        first, self._received = self._received[:size], self._received[size:]
        return first

    def reset_input_buffer(self) -> None:
        self._received = b""

    @property
    def in_waiting(self) -> int:
        return len(self._received)

    def close(self) -> None:
        pass

    # The story

    def passing(self, *, hours: float = 0, days: float = 0) -> Self:
        """Time passes without the logger: the Pi has no power, say."""
        self._hand.advance(hours * 3600 + days * 86_400)
        return self

    def logging(self, *, hours: float = 0, days: float = 0, restart: bool = True) -> Self:
        """The logger runs for so long; `restart`: as after another start of the computer."""
        self._stop_at = self._hand.seconds + hours * 3600 + days * 86_400
        with JournalWriter.create(self.directory / "journal.db") as journal:
            if restart:
                self.boot = journal.boot_number(f"boot {self._hand.seconds}")
            poller = Poller(
                journal,
                lambda: Regulator(self, "/dev/site", self, stop=self, steps=self.steps.now()),
                self,
                Identity("home", "/dev/site", "0"),
                interval_seconds=self.interval_seconds,
                chores=[
                    Redecoding(journal, self.steps, interval_seconds=self.interval_seconds),
                    HistoryChore(journal, self, interval_seconds=self.interval_seconds, zone=UTC),
                ],
            )
            poll(poller, self)
            poller.close()
        self._stop_at = float("inf")
        return self

    def readings(self) -> list[Reading]:
        return [each for each in self._all("readings") if isinstance(each, Reading)]

    def days(self) -> list[Day]:
        """In the order of their dates."""
        return sorted((each for each in self._all("days") if isinstance(each, Day)), key=lambda day: day.time_ms)

    def events(self, *kinds: str) -> list[Event]:
        events = [each for each in self._all("events") if isinstance(each, Event)]
        return [event for event in events if not kinds or event.kind in kinds]

    def odd_kinds(self) -> list[str]:
        """The kinds of events, without those that every start has."""
        return [event.kind for event in self.events() if event.kind not in ("started", "settings_changed")]

    def _all(self, stream: str) -> Sequence[object]:
        with Journal.open(self.directory / "journal.db") as journal:
            return list(journal.records(stream, 1, journal.last_id(stream)))
