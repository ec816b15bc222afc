"""The station: looks at what is new in the journal, decides which messages to send, and sends them. One step at a time.

Everything it needs is handed in. The journal is opened for each step, so a replaced one is noticed.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from alerts import words
from alerts.moment import Moment
from alerts.outbox import Message, Outbox, Place
from alerts.receivers import Receiver
from alerts.rules import Rules
from alerts.watches import Notice, Trouble, Watch, watches
from journal.boots import Boot
from journal.errors import JournalError, JournalFull
from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import Reading
from journal.unended import silence

log = logging.getLogger(__name__)

FIRST_LOOK_MS = 1_800_000
"""A new station looks at the readings of the last half hour: anything older is not news."""
NOTE_SECONDS = 3600.0
"""How often the place in the journal is stored if there is no news: each write wears the SD card."""
SITUATION_SECONDS = 600.0
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60.0, 900.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What other checks find about the site now. `disk`: what is wrong with it, besides too little space.
    `clock_seconds`: how long records have been held because the clock is not confirmed. `upload`: since when nothing
    could be sent, in milliseconds since 1970, and why."""

    free_bytes: int | None = None
    disk: str | None = None
    clock_seconds: float = 0.0
    clock: str = ""
    upload: tuple[int, str] | None = None


@dataclass(slots=True)
class _Pause:
    """When to try a receiver again that could not be reached."""

    seconds: float = 0.0
    until: float = 0.0


class Station:
    """`now` makes a moment with this boot's number in the journal (0 if it is not known)."""

    def __init__(
        self,
        path: Path,
        outbox: Outbox,
        receivers: Sequence[Receiver],
        rules: Rules,
        *,
        now: Callable[[Sequence[Boot]], Moment],
        situation: Callable[[], Situation],
        bank_volts: Callable[[Reading], int | None],
        monotonic: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        """`beat` is called before each message is sent: many slow ones must not cause a restart."""
        self.rules = rules
        self._path = path
        self._outbox = outbox
        self._receivers = receivers
        self._now = now
        self._situation = situation
        self._bank_volts_of = bank_volts
        self._monotonic = monotonic
        self._beat = beat
        self._bank_volts: int | None = None
        self._place = outbox.place()
        self._watches = watches(outbox.states())
        self._undecided: list[Notice] = []
        self._site = ""
        self._boots: Sequence[Boot] = ()
        self._newest: Moment | None = None
        self._noted_at = self._situation_at = monotonic()
        self._unreadable_since: float | None = None
        self._pauses = {receiver.key: _Pause() for receiver in receivers}
        self._marked_late: set[tuple[int, str]] = set()
        with suppress(JournalFull):
            outbox.forget_others(self._pauses)

    def step(self) -> None:
        """Look, decide, tell."""
        self.look()
        self.tell()

    def look(self) -> None:
        """Look at what is new, and record what is decided."""
        trouble = None
        try:
            with Journal.open(self._path) as journal:
                self._boots = journal.boots()
                self._read(journal)
        except JournalError as error:
            trouble = str(error)
        self._unreadable_since = (self._unreadable_since or self._monotonic()) if trouble else None
        self._undecided += self._look_around(trouble)
        if self._undecided or self._monotonic() >= self._noted_at + NOTE_SECONDS:
            self._decide()

    def _decide(self) -> None:
        states = {name: watch.state for name, watch in self._watches.items()}
        try:
            self._outbox.decide(self._place, states, self._undecided, self._site, self._pauses)
        except JournalFull as error:
            log.error("%s; trying again at the next look", error)
            return
        for notice in self._undecided:
            log.info("%s %s: %s", notice.rule, "is over" if notice.is_over else "begins", notice.words or "all is well")
        self._undecided = []
        self._noted_at = self._monotonic()

    def _read(self, journal: Journal) -> None:
        """Look at the new readings, one by one: if the journal fails in between, those before count as seen."""
        identity, last_id = journal.identity(), journal.last_id("readings")
        if self._place.journal != identity:
            self._place = Place(identity, self._begin(journal, last_id))
        held = journal.held("readings")
        if self._newest is None and isinstance(newest := journal.get("readings", last_id), Reading):
            self._newest = _moment(newest, held)
        self._site = next((stretch.site for stretch in reversed(journal.sites("readings"))), self._site)
        for reading in journal.records("readings", min(self._place.reading_id, last_id) + 1, last_id):
            if isinstance(reading, Reading):
                self._undecided += self._see(_moment(reading, held), reading)
            self._place = Place(identity, reading.id or 0)
        self._place = Place(identity, last_id)

    @staticmethod
    def _begin(journal: Journal, last_id: int) -> int:
        """The id before the first reading to look at."""
        newest = journal.get("readings", last_id)
        if newest is None:
            return last_id
        ranges = journal.id_ranges("readings", newest.time_ms - FIRST_LOOK_MS, newest.time_ms)
        return min((first for first, _ in ranges), default=last_id) - 1

    def _see(self, moment: Moment, reading: Reading) -> list[Notice]:
        self._bank_volts = self._bank_volts_of(reading) or self._bank_volts
        self._newest = moment
        found = []
        for name, watch in self._watches.items():
            self._set_limits(name, watch)
            if notice := watch.see(moment, reading):
                found.append(notice)
        return found

    def _set_limits(self, name: str, watch: Watch) -> None:
        watch.limits = self.rules.limits(name, self._bank_volts)
        if name in self.rules.off:
            watch.is_raised = False

    def _look_around(self, journal_trouble: str | None) -> list[Notice]:
        """What is wrong apart from the readings. A journal that cannot be read says nothing about the regulator, and is
        worth a message only if that lasts."""
        now = self._now(self._boots)
        troubles: dict[str, tuple[Moment, str] | None] = {}
        if self._unreadable_since is None:
            troubles["regulator_silent"] = self._silence(now)
        elif self._monotonic() < self._unreadable_since + SITUATION_SECONDS:
            journal_trouble = None
        if self._monotonic() >= self._situation_at:
            self._situation_at = self._monotonic() + SITUATION_SECONDS
            troubles |= self._troubles(now, self._situation(), journal_trouble)
        found = []
        for name, trouble in troubles.items():
            watch = self._watches[name]
            self._set_limits(name, watch)
            if isinstance(watch, Trouble) and (notice := watch.look(now, trouble)):
                found.append(notice)
        return found

    def _silence(self, now: Moment) -> tuple[Moment, str] | None:
        """From the time since boot: a restart of the computer does not mean that the regulator is silent."""
        limits = self.rules.limits("regulator_silent", None)
        names = {boot.number: boot.boot_id for boot in self._boots}
        since = self._newest
        if since is None or names.get(since.boot) != names.get(now.boot, ""):
            since = Moment(now.time_ms - now.uptime_ms, now.boot, 0, is_sure=False)
        silent = (now.uptime_ms - since.uptime_ms) / 1000
        if limits is None or silent < 60 * limits["minutes"]:
            return None
        return since, f"no reading for {silent / 60:.0f} minutes: {self._cause()}"

    def _cause(self) -> str:
        try:
            with Journal.open(self._path) as journal:
                if event := silence(journal):
                    return event.message
        except JournalError as error:
            return str(error)
        return "is the logger running? (systemctl status solar-logger)"

    def _troubles(
        self, now: Moment, found: Situation, journal_trouble: str | None
    ) -> Mapping[str, tuple[Moment, str] | None]:
        disk, clock, upload = (self.rules.limits(name, None) for name in ("disk", "clock", "upload"))
        troubles: dict[str, tuple[Moment, str] | None] = {"disk": None, "clock": None, "upload": None}
        if words := journal_trouble or found.disk:
            troubles["disk"] = now, words
        elif disk and found.free_bytes is not None and found.free_bytes < disk["free_megabytes"] * 1e6:
            free = f"only {found.free_bytes / 1e6:.0f} MB are free"
            troubles["disk"] = (
                now,
                f"{free}, less than {disk['free_megabytes']:g} MB; free some, or set SOLAR_KEEP_DAYS",
            )
        if clock and found.clock_seconds > 3600 * clock["hours"]:
            troubles["clock"] = now, found.clock
        now_ms = now.known_ms(self._boots)
        if upload and found.upload and now_ms and now_ms - found.upload[0] > 3_600_000 * upload["hours"]:
            since_ms, why = found.upload
            troubles["upload"] = Moment(since_ms, now.boot, 0, is_sure=True), why
        return troubles

    def tell(self) -> None:
        """Send the waiting messages, the oldest first, to each receiver until one fails."""
        messages = self._outbox.messages(untold_only=True)
        for receiver in self._receivers if messages else ():
            pause = self._pauses[receiver.key]
            if self._monotonic() < pause.until:
                continue
            for message in messages:
                if receiver.key in message.receivers and not self._told(message, receiver, pause):
                    break

    def _told(self, message: Message, receiver: Receiver, pause: _Pause) -> bool:
        key = message.number, receiver.key
        if key not in self._marked_late:
            self._beat()
            text = words.body(message, self._boots, self._now(self._boots))
            if why := receiver.send(words.title(message), text):
                pause.seconds = min(max(2 * pause.seconds, RETRY_SECONDS), LONGEST_RETRY_SECONDS)
                pause.until = self._monotonic() + pause.seconds
                again = f"trying again in {pause.seconds:.0f} s"
                log.warning("cannot send alert %d by %s: %s; %s", message.number, receiver.name, why, again)
                return False
            self._marked_late.add(key)
        try:
            self._outbox.told(*key)
        except JournalFull as error:
            log.error("%s; alert %d was sent; it will be marked as sent when there is room", error, message.number)
            return False
        self._marked_late.discard(key)
        pause.seconds = 0.0
        log.info("alert %d sent by %s: %s", message.number, receiver.name, words.title(message))
        return True


def _moment(reading: Reading, held: IdRanges) -> Moment:
    return Moment(reading.time_ms, reading.boot, reading.uptime_ms, is_sure=(reading.id or 0) not in held)
