"""A site as a person has it: a directory, a logger and an uploader in it, and what a person does to them.

This is the one place that knows how the program is built; the machine knows only what is done and what comes of it.
"""

import contextlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from admin.commands import backup, dead_letters, pack, recover, replay
from admin.commands.log import sent_readings
from journal import damage
from journal.boots import Anchor
from journal.errors import SolarError
from journal.files import log_of
from journal.journal import Journal
from journal.reading import STREAMS, Day, Event, Reading
from journal.revisions import Decoding
from journal.side_file import is_begun
from journal.writer import JournalWriter
from logger.history.site_of_day import site_of
from tests.delivery.crash import Watch
from tests.delivery.server import number_of
from uploader.drain.drain import Drain, Step
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress
from uploader.server.influx import Influx
from uploader.server.target import Target


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as a journal has it: whether it is held, the scale that a reading is decoded with, the date of a day."""

    is_held: bool = False
    scale: int = 0
    date: str = ""


def decoded(number: int, scale: int) -> float:
    """What a scale makes of a reading; another one makes something else of each."""
    return float((1 + number % 8) * scale)


class Site:
    """`data` is SOLAR_DATA. Logger and uploader run until they are stopped, or end in a Crash."""

    def __init__(self, data: Path, target: Target, watch: Watch, now_ms: Callable[[], int], name: str) -> None:
        self.data = data
        self.path = data / "journal.db"
        self._wal, self._shm = log_of(self.path), data / "journal.db-shm"
        self.name = name
        self._target = target
        self._watch = watch
        self._now_ms = now_ms
        self._journal: JournalWriter | None = None
        self._boot = 0
        self._remembered: dict[Path, bytes] = {}
        self._drain: Drain | None = None
        self._open = contextlib.ExitStack()

    # The logger

    @property
    def journal(self) -> JournalWriter:
        assert self._journal, "the logger does not run"
        return self._journal

    def start_logger(self, boot: str) -> None:
        with self._watch.process("logger"):
            self._journal = JournalWriter.create(self.path, self.name)
            self._boot = self.journal.boot_number(boot)

    def stop_logger(self) -> None:
        if self._journal:
            self._journal.close()
        self._journal = None

    def kill_logger(self) -> None:
        """As SIGKILL does, or the power; also after a Crash."""
        self._watch.end("logger")
        if self._journal and self._journal._lock:
            self._journal._lock.close()
        self._journal = None

    def begin_stretch(self, name: str) -> None:
        """The clock was set: what comes now is another stretch of this boot."""
        self._boot = self.journal.boot_number(name)

    def append(self, number: int, scale: int, time_ms: int, uptime_ms: int, *, is_held: bool) -> None:
        reading = Reading(
            time_ms=time_ms,
            boot=self._boot,
            uptime_ms=uptime_ms,
            model="PL80",
            battery_volts=25.0,
            charge_amps=decoded(number, scale),
            charge_amp_hours=float(number),
            regulator_state="boost",
            raw=b"\xbc\x05",
        )
        self.journal.append(reading, is_held=is_held)

    def append_event(self, number: int, time_ms: int, uptime_ms: int, *, is_held: bool) -> None:
        message = f"event {number}"
        event = Event(time_ms=time_ms, boot=self._boot, uptime_ms=uptime_ms, kind="test", message=message)
        self.journal.append(event, is_held=is_held)

    def append_day(self, number: int, time_ms: int, date: str) -> None:
        """The regulator's record of a day; a later one of the same date takes its place."""
        day = Day(time_ms=time_ms, date=date, model="PL80", ended_ms=time_ms, charge_amp_hours=float(number))
        self.journal.append(day, site=site_of(self.journal, day))

    def know_time(self, uptime_ms: int, time_ms: int) -> None:
        self.journal.write_anchor(self._boot, Anchor(uptime_ms, time_ms, "test"))

    def date(self, limit: int) -> bool:
        """Release some of what is held and can be dated; whether there was any."""
        numbers = [boot.number for boot in self.journal.boots() if boot.anchor]
        return any(self.journal.date(number, limit=limit) for number in numbers)

    def redecode(self, scale: int, limit: int) -> bool:
        """Decode some readings anew, the newest first, as logger/amperes/redecoding.py does; whether there were any."""
        decoding = self.journal.decoding()
        if decoding is None or decoding.scale != str(scale):
            undone = 0 if decoding is None and scale == 1 else self.journal.last_id("readings")
            decoding = Decoding(str(scale), undone)
            self.journal.note_decoding(decoding)
        rows = self.journal.records("readings", 1, decoding.readings_undone, limit=limit, newest_first=True)
        old = [row for row in rows if isinstance(row, Reading)]
        if not decoding.readings_undone:
            return False
        new = [replace(row, charge_amps=decoded(int(row.charge_amp_hours or 0), scale)) for row in old]
        first = (old[-1].id or 1) if len(old) == limit else 1
        self.journal.revise([row for row in new if row not in old], Decoding(str(scale), first - 1))
        return True

    def prune(self, before_ms: int) -> None:
        self.journal.prune(sent_readings(self.journal), before_ms, 2000)

    # The uploader

    def start_uploader(self) -> None:
        with self._watch.process("uploader"):
            progress = self._open.enter_context(Progress.open(self.data / "uploader.db"))
            influx = self._open.enter_context(
                Influx(
                    self._target,
                    connect_seconds=2.0,
                    read_seconds=5.0,
                    named_server=progress.named_server(),
                    note_named_server=progress.note_named_server,
                )
            )
            self._drain = Drain(
                self.path,
                influx,
                progress,
                reporter=Reporter("http://influx.example", monotonic=self._seconds),
                monotonic=self._seconds,
                now_ms=self._now_ms,
                chance=lambda: 0.5,
            )

    def stop_uploader(self) -> None:
        self._drain = None
        self._open.close()

    def kill_uploader(self) -> None:
        """As SIGKILL does, or the power; also after a Crash."""
        self._drain = None
        self._watch.end("uploader")
        with contextlib.suppress(SolarError):  # its connections are closed
            self._open.close()

    def step(self) -> Step:
        assert self._drain, "the uploader does not run"
        return self._drain.drain_once()

    @property
    def expired(self) -> int:
        """How many records were too old for the server."""
        assert self._drain, "the uploader does not run"
        return self._drain.progress.state().expired

    def pending(self) -> int:
        assert self._drain, "the uploader does not run"
        return sum(ids.count for ids in self._drain.pending().values())

    def _seconds(self) -> float:
        return self._now_ms() / 1000

    # A person

    def rename(self, name: str, boot: str) -> None:
        """Set SOLAR_SITE, and start both again."""
        self.stop_logger()
        self.stop_uploader()
        self.name = name
        self.start_logger(boot)
        self.start_uploader()

    def back_up(self, copy: Path) -> None:
        backup.backup(copy, data=self.data)

    def copy_file(self, copy: Path) -> None:
        """As `cp` does, which gives the copy no name of its own. Logger and uploader must be stopped."""
        shutil.copy(self.path, copy)

    def take_away(self, place: Path) -> None:
        """Move the journal somewhere else. The logger must be stopped."""
        self.path.rename(place)
        if self._wal.exists():
            self._wal.rename(log_of(place))
        self._shm.unlink(missing_ok=True)

    def put_back(self, place: Path, *, as_copy: bool = False) -> None:
        """Put a journal in place, which must be empty."""
        if log_of(place).exists():
            log_of(place).rename(self._wal)
        if as_copy:
            shutil.copy(place, self.path)
        else:
            place.rename(self.path)

    def leave_damage(self) -> None:
        """The next start of the logger sets this journal aside and begins a new one."""
        damage.leave_note(self.path, "a test says so")

    def aside(self) -> list[Path]:
        return damage.files_aside(self.data)

    def recover(self, damaged: Path) -> None:
        """The logger must be stopped."""
        recover.recover(damaged, self.data, self.name)

    def lose_uploader_db(self) -> None:
        if (self.data / "uploader.db").exists():
            (self.data / "uploader.db").rename(self.data / "uploader-away.db")

    def remember(self) -> None:
        """Keep the journal as it is now, for `lose_newest`."""
        self._remembered = {place: place.read_bytes() for place in (self.path, self._wal) if place.exists()}

    def lose_newest(self) -> None:
        """A card that lied about its syncs since `remember`. Logger and uploader must be ended."""
        for place in (self.path, self._wal, self._shm):
            place.unlink(missing_ok=True)
        for place, content in self._remembered.items():
            place.write_bytes(content)

    def replay(self, until_ms: int | None = None) -> None:
        replay.replay(since=0, until=until_ms, data=self.data)

    def pack(self, parcel: Path) -> None:
        pack.pack(output=parcel, data=self.data)

    def receipt(self, parcel: Path) -> bool:
        """Whether it was taken: not when the parcel is of another journal."""
        try:
            pack.unpack_receipt(
                manifest_file=parcel.with_name(parcel.name + ".manifest.json"), yes=True, data=self.data
            )
        except SolarError:
            return False
        return True

    def retry_letters(self) -> None:
        if self.letters():
            dead_letters.retry(all_of_them=True, data=self.data)

    def drop_letters(self) -> None:
        if self.letters():
            dead_letters.drop(all_of_them=True, data=self.data)

    # To look

    def letters(self) -> list[int]:
        """Which readings are dead letters."""
        if not is_begun(self.data / "uploader.db"):
            return []
        with Progress.read_only(self.data / "uploader.db") as progress:
            return [number_of(letter.line) for letter in progress.dead_letters.all()]

    def contents(self) -> dict[int, Kept]:
        """What the journal has, in the order of ids."""
        with self._watch.process("person"), Journal.open(self.path) as journal:
            rows = [row for stream in STREAMS for row in journal.records(stream, 1, 2**40)]
            held = {stream: journal.held(stream) for stream in STREAMS}
        kept: dict[int, Kept] = {}
        for row in rows:
            match row:
                case Reading():
                    number = int(row.charge_amp_hours or 0)
                    scale = round((row.charge_amps or 0) / decoded(number, 1))
                    found = Kept((row.id or 0) in held["readings"], scale)
                case Event():
                    number, found = int(row.message.removeprefix("event ")), Kept((row.id or 0) in held["events"])
                case Day():
                    number, found = int(row.charge_amp_hours or 0), Kept(date=row.date)
            assert number not in kept, f"record {number} is in the journal twice"
            kept[number] = found
        return kept

    def anchored(self) -> set[str]:
        with self._watch.process("person"), Journal.open(self.path) as journal:
            return {boot.name for boot in journal.boots() if boot.anchor}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the commands print is not what is tested here."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
