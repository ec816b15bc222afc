"""The loop: one Reading into the journal at every interval, whatever the regulator, the port and the disk do.

Ticks lie on a grid of the monotonic clock, so they do not drift. A tick that is missed because the line is slow is
skipped. While nothing can be read, tries come quickly at first, then every 20 s. A port that was lost is opened again
by its path, so an adapter may come back under another number.

    event                     when
    started                   the logger began
    port_missing              the first failure whose cause is the port
    regulator_silent          the first failure whose cause is the PLI or the regulator
    regulator_back            the first reading after either of these
    model_changed             RAM 0 means another model than in the reading before
    system_voltage_changed    RAM 93 means another voltage than in the reading before
    battery_saving_…          the battery is low: readings become rarer, or less so (low_battery.py)
    interval_missed, _kept    readings come less often than asked for, and as often again (pace.py)
    settings_changed          RAM 64 to 94 differ from the last such event; `raw` has them all
    journal_full, _back       the disk had no room, and has room again (write_buffer.py)
    clock_…, boot_dated       what is known about the time (timekeeper.py)

Every ten minutes a record tells how the logger itself is (self_check.py), also while nothing can be read.

Anomalies at the regulator are events too (anomalies.py). Other work is a chore: it is done in the gaps between
readings, at least a little in each gap, and more while there is time.
"""

import logging
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from journal.errors import PliSilent, PortMissing, RegulatorError
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger import outage
from logger.anomalies import Anomalies
from logger.clock.host_clock import Clock
from logger.clock.timekeeper import Timekeeper
from logger.events.change import Change
from logger.events.summary import summary
from logger.line.exchange import Stop
from logger.low_battery import LowBattery
from logger.outage import Outage, RateLimit
from logger.pace import Pace
from logger.regulator.change_detection import ChangeDetection
from logger.regulator.registers import by_address, pairs
from logger.regulator.regulator import Regulator
from logger.self_check import SelfCheck
from logger.write_buffer import WriteBuffer

log = logging.getLogger(__name__)

SETTINGS_SECONDS = 3600.0
# A chore begins nothing more when the next reading is so near.
SPARE_SECONDS = 0.5
EVENTS_LOOKED_AT = 10_000
# The share of the time between two readings in which held records are dated.
DATING_SHARE = 0.1
DATING_SECONDS = 2.0


class Chore(Protocol):
    """Something that is done in the gaps between readings."""

    def work(self, regulator: Regulator, has_time: Callable[[], bool]) -> Sequence[Change]:
        """Do a little, and more while `has_time`; the events, if any."""


class Identity(NamedTuple):
    """What the events and log lines call this logger."""

    site: str
    port: str
    version: str


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step did: the reading it took, or the error that prevented it; neither when it was stopped."""

    reading: Reading | None = None
    error: RegulatorError | None = None


class Poller:
    """Takes readings at one port for one journal. `heartbeat` gets one line about every try."""

    def __init__(
        self,
        journal: JournalWriter,
        connect: Callable[[], Regulator],
        clock: Clock,
        identity: Identity,
        *,
        interval_seconds: float,
        heartbeat: Callable[[str], None] = lambda line: None,
        timekeeper: Timekeeper | None = None,
        chores: Sequence[Chore] = (),
        self_check: SelfCheck | None = None,
        low_battery: LowBattery | None = None,
    ) -> None:
        """`connect` opens the port each time it is called. Writes the event "started".

        Without a timekeeper the wall clock is trusted.
        """
        self._connect = connect
        self._clock = clock
        self._identity = identity
        self._interval_seconds = interval_seconds
        self._heartbeat = heartbeat
        self._regulator: Regulator | None = None
        self._timekeeper = timekeeper
        self._chores = chores
        self._self_check = self_check
        self._low_battery = low_battery
        self._buffer = WriteBuffer(timekeeper or journal, self._event)
        self._outage, self._detection, self._anomalies = self._from_journal(journal)
        self._missing_words = RateLimit(clock)
        self._pace = Pace(interval_seconds)
        self._has_announced = False
        self._began_at = clock.monotonic()
        self._settings_at = self._began_at
        self._tick = 0
        self._tell(Change("started", f"logger {identity.version} started: site {identity.site}, port {identity.port}"))

    @property
    def readings_stored(self) -> int:
        """How many readings are on the disk."""
        return self._buffer.readings_stored

    def step(self) -> StepResult:
        """Take one reading now and store it; then read some settings and do chores while time is left."""
        if self._timekeeper:
            self._tell(*self._timekeeper.look())
        step = self._take()
        if self._timekeeper:
            self._tell(*self._timekeeper.work(min(self._interval_seconds * DATING_SHARE, DATING_SECONDS)).changes)
        check = self._self_check and self._self_check.look(self._regulator, step.reading, is_trusted=self._is_trusted)
        if check:
            self._buffer.append(check)
        return step

    def _take(self) -> StepResult:
        try:
            if self._regulator is None:
                self._regulator = self._connect()
            reading = self._regulator.read()
        except RegulatorError as error:
            self._fail(error)
            return StepResult(error=error)
        if reading is None:
            return StepResult()
        self._succeed(self._regulator, reading)
        return StepResult(reading)

    def wait_seconds(self) -> float:
        """How long from now to the next step; this call fixes the tick."""
        if self._outage.failures:
            return self._outage.retry_seconds
        now = self._clock.monotonic()
        rarer = self._low_battery.rarer(self._interval_seconds) if self._low_battery else 1
        self._tick = math.ceil(max(self._tick + 1, self._tick_after(now)) / rarer) * rarer
        return self._began_at + self._tick * self._interval_seconds - now

    def close(self) -> None:
        """Close the port; try once more to store what waits."""
        self._disconnect()
        if not self._buffer.flush():
            log.error("cannot store %d records: the journal still has no room; they are lost", self._buffer.waiting)

    def _succeed(self, regulator: Regulator, reading: Reading) -> None:
        self._tell(self._outage.end(), self._pace.add(self._clock.monotonic()))
        if self._low_battery:
            self._tell(self._low_battery.add(reading, self._clock.monotonic()))
            if self._low_battery.step:
                self._pace.pause()
        self._tell(*self._detection.notice(by_address(reading.raw)))
        self._tell(*self._anomalies.notice(reading, is_trusted=self._is_trusted))
        self._buffer.append(reading)
        self._heartbeat(summary(reading))
        if not self._has_announced:
            self._has_announced = True
            log.info(
                "reading a %s at %s every %g s: %s",
                "regulator of an unknown model" if reading.model in (None, "unknown") else reading.model,
                self._identity.port,
                self._interval_seconds,
                summary(reading),
            )
        if regulator.missing and self._missing_words.is_due():
            words = ", ".join(f"{address} ({why})" for address, why in regulator.missing.items())
            log.warning("missing from the reading: RAM %s", words)
        self._do_chores(regulator)

    @property
    def _is_trusted(self) -> bool:
        return self._timekeeper is None or self._timekeeper.anchor is not None

    def _do_chores(self, regulator: Regulator) -> None:
        until = self._began_at + self._tick_after(self._clock.monotonic()) * self._interval_seconds - SPARE_SECONDS

        def has_time() -> bool:
            return self._clock.monotonic() < until

        self._tell(*self._read_settings(regulator, has_time))
        for chore in self._chores:
            self._tell(*chore.work(regulator, has_time))

    def _fail(self, error: RegulatorError) -> None:
        # Opening the port again switches the PLI's power off and on, and finds an adapter under its new number.
        if isinstance(error, PortMissing | PliSilent):
            self._disconnect()
        self._pace.pause()
        self._tell(self._outage.fail(error))
        self._heartbeat(str(error))

    def _disconnect(self) -> None:
        if self._regulator is not None:
            if self._self_check:
                self._self_check.count(self._regulator)
            self._regulator.close()
            self._regulator = None

    def _read_settings(self, regulator: Regulator, has_time: Callable[[], bool]) -> Sequence[Change]:
        """At least one setting, if they are due, and the rest while there is time."""
        now = self._clock.monotonic()
        if not self._detection.unread and now >= self._settings_at + SETTINGS_SECONDS:
            self._detection.look_again()
        if self._detection.unread:
            self._settings_at = now
        for address in self._detection.unread:
            try:
                values = regulator.read_settings([address])
            except RegulatorError as error:
                log.debug("cannot read the settings: %s; trying again later", error)
                return ()
            if values is None:
                return ()
            self._detection.take(address, values.get(address))
            if not has_time():
                break
        return self._detection.settings_changes()

    def _tick_after(self, now: float) -> int:
        return math.ceil((now - self._began_at) / self._interval_seconds)

    def _tell(self, *changes: Change | None) -> None:
        for change in changes:
            if change is not None:
                self._buffer.append(self._event(change))

    def _event(self, change: Change) -> Event:
        now = self._clock.now()
        return Event(
            time_ms=now.time_ms,
            boot=now.boot,
            uptime_ms=now.uptime_ms,
            kind=change.kind,
            message=change.message,
            raw=pairs(change.ram),
        )

    def _from_journal(self, journal: JournalWriter) -> tuple[Outage, ChangeDetection, Anomalies]:
        """What the journal says about the regulator as it was last seen."""
        last_id = journal.last_id("readings")
        record = journal.get("readings", last_id)
        reading = record if isinstance(record, Reading) else None
        is_held = last_id in journal.held("readings")
        settings = _newest_event(journal, ("settings_changed",))
        return (
            Outage(self._clock, self._interval_seconds, _newest_event(journal, outage.KINDS)),
            ChangeDetection(by_address(reading.raw if reading else b""), by_address(settings.raw if settings else b"")),
            Anomalies(None if is_held else reading),
        )


def _newest_event(journal: JournalWriter, kinds: Collection[str]) -> Event | None:
    events = journal.records("events", 1, journal.last_id("events"), limit=EVENTS_LOOKED_AT, newest_first=True)
    return next((event for event in events if isinstance(event, Event) and event.kind in kinds), None)


def poll(poller: Poller, stop: Stop, *, count: int | None = None) -> None:
    """Step after step until `stop` is set, or until `count` readings are stored."""
    while not stop.is_set():
        poller.step()
        if count is not None and poller.readings_stored >= count:
            return
        stop.wait(poller.wait_seconds())
