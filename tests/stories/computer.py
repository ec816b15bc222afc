"""A site whose true time is known, although its computer may not know it. Time passes only when it is told to.

Every record carries in `raw` the true time at which it was taken, to which what is stored can be compared.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, Moment
from logger.clock.kernel import State
from logger.clock.timekeeper import Timekeeper
from logger.clock.trust import ThisComputer, TrustSetting
from logger.clock.trust_note import TO_THE_MINUTE_SECONDS, TrustNotes, leave, word

DAY_MS = 86_400_000
EARLY = 3_000_000_000.0


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


class World(Clock):
    """One site from 1 December 2026, 17:30; its computer is off.

    drift             by how much the computer's oscillator is fast while nothing synchronises it
    regulator_drift   the same of the regulator's clock
    is_lied_to        an authority that we have to believe is wrong: records of this time are not compared to the truth
    """

    def __init__(self, directory: Path, *, interval: float = 600.0, drift: float = 30e-6) -> None:
        super().__init__(boot=0)
        self.directory = directory
        self.interval = interval
        self.drift = drift
        self.regulator_drift = 40e-6
        self.true_ms = float(ms("2026-12-01T17:30:00"))
        self.regulator_began_ms = float(ms("2026-12-01"))
        self.wall_ms = 0.0
        self.uptime_ms = 0.0
        self.boot_id = "off"
        self.boots = 0
        self.is_synchronised: bool | None = False
        self.is_followed = False
        self.slew_rate = 0.0
        self.chrony_error: float | None = None
        self.questions: list[Callable[[], None]] = []
        self.is_regulator_there = True
        self.is_lied_to = False
        self.is_trusting = False
        self.keeper: Timekeeper | None = None
        self.journal: JournalWriter | None = None
        self.appended = 0
        self.rtc_error_ms: float | None = None
        self.rtc = directory / "rtc"
        self.rtc.mkdir()

    # Clock

    def now(self) -> Moment:
        return Moment(int(self.wall_ms), self.boot, int(self.uptime_ms))

    def monotonic(self) -> float:
        return self.uptime_ms / 1000

    # What happens

    def power_on(self, *, wall: str | None = None, after: float = 20.0) -> None:
        """The computer starts; its clock goes on from where it stood, unless `wall` says otherwise."""
        self.boots += 1
        self.boot_id = f"boot-{self.boots}"
        self.uptime_ms = 0.0
        self.is_synchronised = False
        self.is_followed, self.slew_rate, self.chrony_error = False, 0.0, None
        self.wall_ms = ms(wall) if wall else max(self.wall_ms, ms("2026-06-01"))
        self._pass(after)
        self.start()

    def power_off(self, seconds: float) -> None:
        """Without warning; the regulator goes on."""
        self.kill()
        self.true_ms += seconds * 1000

    def start(self) -> None:
        """The logger starts."""
        self.journal = JournalWriter.create(self.directory / "journal.db")
        self.journal._connection.execute("PRAGMA synchronous = OFF")
        time_source = (
            TrustSetting()
            if self.is_trusting
            else ThisComputer(ask_kernel=self.kernel, ask_chrony=self.chrony, rtc=self.rtc)
        )
        trust_notes = TrustNotes(self.directory, self.boot_id)
        self.keeper = Timekeeper(self.journal, self, self.boot_id, time_source, trust_notes=trust_notes.take)
        self.event("started")

    def kill(self) -> None:
        """The logger ends without having been asked to."""
        if self.journal:
            self.journal.close()
        self.journal = self.keeper = None

    def stop(self) -> None:
        """The logger ends as it should."""
        self.keeper.close()
        self.kill()

    def network(self) -> None:
        """There is a time server: the clock is set, and stays right."""
        self.wall_ms = self.true_ms
        self.is_synchronised = self.is_followed = True

    def network_slewing(self, rate: float = 0.08) -> None:
        """The same with a time program that does not set the clock but makes it faster or slower until it is right."""
        self.is_synchronised, self.slew_rate = True, rate

    def offline(self) -> None:
        """No time server any more; hours later the kernel does not count itself as synchronised."""
        self.is_synchronised = self.is_followed = False
        self.slew_rate = 0.0

    def kernel(self) -> State | None:
        if self.questions:
            self.questions.pop(0)()
        return None if self.is_synchronised is None else State(self.is_synchronised)

    def chrony(self) -> float | None:
        return self.chrony_error

    def set_wall(self, wall: str | float) -> None:
        """The wall clock is set, to a time or by so many seconds."""
        self.wall_ms = ms(wall) if isinstance(wall, str) else self.wall_ms + wall * 1000

    def hardware_clock(self, *, shows: float | None = None) -> None:
        """There is one, from which the kernel has set the clock."""
        (self.rtc / "rtc0").mkdir(exist_ok=True)
        (self.rtc / "rtc0" / "hctosys").write_text("1\n")
        self.rtc_error_ms = (shows or self.wall_ms) - self.true_ms
        self._tick_hardware_clock()

    def _tick_hardware_clock(self) -> None:
        if self.rtc_error_ms is not None:
            shows = int((self.true_ms + self.rtc_error_ms) / 1000)
            (self.rtc / "rtc0" / "since_epoch").write_text(f"{shows}\n")

    def person(self, uncertainty_seconds: float = TO_THE_MINUTE_SECONDS) -> None:
        """Somebody says that the wall clock is right."""
        leave(self.directory, self.boot_id, word(self.now(), uncertainty_seconds))

    def reset_regulator(self) -> None:
        """Its power fails: its clock begins at 0.0."""
        self.regulator_began_ms = self.true_ms

    def set_regulator(self) -> None:
        """A person sets its clock to the site's time of day."""
        self.regulator_began_ms = float(ms("2026-12-01"))

    def carry_to_another_computer(self, uptime: float) -> None:
        """The journal, while that has been running for so long and knows the time."""
        self.kill()
        self.boots += 1
        self.boot_id, self.uptime_ms = f"boot-{self.boots}", uptime * 1000
        self.network()
        self.start()

    def suspend(self, seconds: float) -> None:
        self._pass(seconds)

    def run(self, seconds: float) -> None:
        """The logger takes readings for so long."""
        ends_at = self.true_ms + seconds * 1000
        while self.true_ms < ends_at:
            self.tick()
            self._pass(self.interval)
        self.check()

    def tick(self, *, work_seconds: float = 0.0) -> None:
        """One reading, and what belongs to it."""
        for change in self.keeper.look():
            self.event(change.kind, change.message)
        if self.is_regulator_there:
            moment = self.now()
            clock_ms = (self.true_ms - self.regulator_began_ms) * (1 + self.regulator_drift)
            self.keeper.append(
                Reading(
                    time_ms=moment.time_ms,
                    boot=moment.boot,
                    uptime_ms=moment.uptime_ms,
                    regulator_clock_seconds=float(int(clock_ms % DAY_MS / 2000) * 2),
                    raw=self._truth(),
                )
            )
            self.appended += 1
        for change in self.keeper.work(work_seconds).changes:
            self.event(change.kind, change.message)

    def finish_dating(self) -> None:
        """As many ticks as it takes, without readings."""
        for _ in range(10_000):
            dated = self.keeper.work(0)
            for change in dated.changes:
                self.event(change.kind, change.message)
            if not dated.records and not dated.changes:
                return

    def event(self, kind: str, message: str = "") -> None:
        now = self.now()
        self.keeper.append(
            Event(
                time_ms=now.time_ms,
                boot=now.boot,
                uptime_ms=now.uptime_ms,
                kind=kind,
                message=message,
                raw=self._truth(),
            )
        )

    def _truth(self) -> bytes:
        return b"" if self.is_lied_to else int(self.true_ms).to_bytes(8, "big")

    def _pass(self, seconds: float) -> None:
        self.true_ms += seconds * 1000
        self.uptime_ms += seconds * 1000 * (1 + self.drift)
        self.wall_ms += seconds * 1000 * (1 if self.is_followed else 1 + self.drift)
        if self.slew_rate:
            most = seconds * 1000 * self.slew_rate
            self.wall_ms += max(-most, min(most, self.true_ms - self.wall_ms))
            self.is_followed = self.wall_ms == self.true_ms
        self._tick_hardware_clock()

    def figures(self) -> tuple[int, float, float]:
        """How many readings may be sent; by how many seconds the worst is wrong, and what is stated at the most."""
        errors = [
            abs(reading.time_ms - int.from_bytes(reading.raw, "big")) / 1000
            for first, last in self.journal.released("readings")
            for reading in self.journal.records("readings", first, last)
            if reading.raw
        ]
        return len(self.uncertainties()), max(errors, default=0.0), max(self.uncertainties(), default=0.0)

    # What must be

    def check(self) -> None:
        """Whatever may be sent has the right time, within the uncertainty it states; no time twice; order in a boot."""
        for stream in ("readings", "events"):
            records = list(self.journal.records(stream, 1, self.journal.last_id(stream)))
            held = {number for first, last in self.journal.held(stream) for number in range(first, last + 1)}
            sent = {number for first, last in self.journal.released(stream) for number in range(first, last + 1)}
            assert held | sent == {record.id for record in records}
            assert not held & sent
            times = [record.time_ms for record in records if record.id in sent]
            assert len(set(times)) == len(times)
            by_boot: dict[int, list[int]] = {}
            for record in records:
                if record.id not in sent:
                    continue
                by_boot.setdefault(record.boot, []).append(record.time_ms)
                if record.raw:
                    error = abs(record.time_ms - int.from_bytes(record.raw, "big")) / 1000
                    stated = getattr(record, "time_uncertainty_seconds", None)
                    allowed = 1.1 + (stated or 0) if stream == "readings" else EARLY
                    assert error <= allowed, (stream, record.id, record.time_ms, error, stated)
            for boot, ascending in by_boot.items():
                assert ascending == sorted(ascending), boot

    @property
    def held(self) -> int:
        """How many readings are held."""
        return self.journal.held("readings").count

    def kinds(self) -> list[str]:
        return [event.kind for event in self.journal.records("events", 1, 10_000) if event.kind != "started"]

    def uncertainties(self) -> list[float]:
        """Of all released readings, 0 where none is stated."""
        released = [
            record for first, last in self.journal.released("readings")
            for record in self.journal.records("readings", first, last)
        ]  # fmt: skip
        return [reading.time_uncertainty_seconds or 0.0 for reading in released]
