"""The state of a site, which survey.py collects. `attention` says what a person should look at; it is pure."""

from dataclasses import dataclass
from pathlib import Path

from admin.health.clock_state import ClockState, attention_in_words
from admin.terminal.words import ago, count, duration, size
from admin.upkeep.backup_note import BackupNote
from journal.reading import Event, Reading

SILENCE_SECONDS = 120.0
STALE_UPLOAD_SECONDS = 900.0
RARE_UPLOAD_SECONDS = 90_000.0
"""How long readings may wait for an uploader that is seen to run: SOLAR_UPLOAD_EVERY may be a day."""
LOW_DISK_BYTES = 200_000_000
LOW_DISK_DAYS = 30.0
OLD_BACKUP_SECONDS = 15 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What uploader.db says. Times are milliseconds since 1970; `trouble` is "unreachable" or "misconfigured".
    `is_slowed`: the backlog waits for the monthly limit. `new_since_ms`: the time of the first reading after the last
    upload that waits; None if none does."""

    last_upload_ms: int | None
    failing_since_ms: int | None
    trouble: str | None
    reason: str | None
    note: str | None
    is_slowed: bool
    new_since_ms: int | None
    expired: int
    dead_letters: int
    dead_letters_waiting: int
    bytes_today: int
    bytes_this_month: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system of the data directory, and the journal's files on it; None if not known yet."""

    free_bytes: int
    total_bytes: int
    journal_bytes: int
    journal_bytes_per_day: float | None

    @property
    def days_left(self) -> float | None:
        """How long until the disk is full, if the journal keeps growing like this and nothing else does."""
        return self.free_bytes / self.journal_bytes_per_day if self.journal_bytes_per_day else None

    @property
    def lasts(self) -> str | None:
        """The same in words."""
        if self.days_left is None:
            return None
        return "more than ten years" if self.days_left > 3652 else duration(self.days_left * 86400)

    @property
    def is_low(self) -> bool:
        return self.free_bytes < LOW_DISK_BYTES or (self.days_left is not None and self.days_left < LOW_DISK_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The state at one moment. `error`: why the journal cannot be read; then little else is known. `upload_error`: the
    same for uploader.db. `is_logging`: whether a logger is running, None if that cannot be seen.

    `interval_seconds`: the usual time between readings. `trouble`: the event that began a time without readings, None
    if it is over. `slowness`: the event that says that readings come too rarely, None if they come in time or the
    logger was restarted since. `is_saving`: readings and uploads are rarer, because the battery is low. `pending`: how
    many records of each table wait to be sent. `upload`: None if nothing was ever uploaded from here. `is_uploading`:
    as `is_logging`. `is_upload_wanted`: INFLUXDB_URL is set. `clock`: what is known about the time, and what is held
    because of it.
    `aside`: damaged journals that were set aside; `side_files_aside`: uploader.db or alerts.db. `backup`: what is known
    about backups in a second place, None if there never was one.
    """

    now_ms: int
    data: str
    error: str | None = None
    upload_error: str | None = None
    is_logging: bool | None = False
    reading: Reading | None = None
    readings: int = 0
    first_reading_ms: int | None = None
    interval_seconds: float | None = None
    trouble: Event | None = None
    slowness: Event | None = None
    is_saving: bool = False
    pending: dict[str, int] | None = None
    oldest_pending_ms: int | None = None
    drain_seconds: float | None = None
    upload: Upload | None = None
    is_uploading: bool | None = None
    is_upload_wanted: bool = False
    disk: Disk | None = None
    clock: ClockState | None = None
    aside: tuple[str, ...] = ()
    side_files_aside: tuple[str, ...] = ()
    backup: BackupNote | None = None

    def age_seconds(self, time_ms: int) -> float:
        return (self.now_ms - time_ms) / 1000

    @property
    def patience_seconds(self) -> float:
        """How old the newest reading may be before something is wrong."""
        least = STALE_UPLOAD_SECONDS if self.is_saving else SILENCE_SECONDS
        return max(least, 6 * (self.interval_seconds or 0))

    @property
    def is_fresh(self) -> bool:
        """Whether the newest reading shows how the site is now."""
        return self.reading is not None and abs(self.age_seconds(self.reading.time_ms)) <= self.patience_seconds

    @property
    def unsent_since_ms(self) -> int | None:
        """Since when readings have waited that should have been sent; None if none has. If the monthly limit slows the
        backlog, only those count that are newer than the last upload."""
        if self.upload and self.upload.is_slowed:
            return self.upload.new_since_ms
        if self.oldest_pending_ms is None:
            return None
        return max((self.upload.last_upload_ms if self.upload else None) or 0, self.oldest_pending_ms)

    @property
    def is_upload_stale(self) -> bool:
        """Whether they have waited for too long, although the uploader tells of no trouble."""
        patience = RARE_UPLOAD_SECONDS if self.is_uploading else STALE_UPLOAD_SECONDS
        return self.unsent_since_ms is not None and self.age_seconds(self.unsent_since_ms) > patience

    @property
    def why_unsent(self) -> str:
        """What to say then."""
        if self.is_uploading:
            return (
                "readings are waiting, and the uploader runs but sends none; see its log (journalctl -u solar-uploader)"
            )
        return "readings are waiting, but no uploader sends them: start it (systemctl start solar-uploader)"


def attention(health: Health) -> list[str]:
    """What needs attention, the most serious first, one plain sentence each."""
    return [*_logging(health), *_uploading(health), *_disk(health), *_backup(health)]


def aside_in_words(health: Health) -> list[str]:
    """The damaged files that were set aside, each with what to do about it."""
    journals = [
        f"a damaged journal was set aside: `solar recover {path}` recovers what is readable" for path in health.aside
    ]
    return journals + [": ".join(side_file_in_words(path)) for path in health.side_files_aside]


def side_file_in_words(path: str) -> tuple[str, str]:
    """What it means that this one was set aside, and what to do."""
    name = Path(path).name.partition("-")[0]
    again = "all is sent again (no duplicates)" if name == "uploader" else "what is wrong now is told again"
    return f"a damaged {name}.db was set aside, so {again}", f"check the card, then delete {path}"


def _logging(health: Health) -> list[str]:
    points = []
    if health.error:
        points.append(health.error)
    elif health.reading is None:
        cause = (
            health.trouble.message
            if health.trouble
            else "the logger has just started, or the regulator does not answer"
        )
        points.append(f"there is no reading yet: {cause}")
    else:
        age = health.age_seconds(health.reading.time_ms)
        if age > health.patience_seconds:
            points.append(f"the last reading was {ago(age)}: {_why_silent(health)}")
        elif age < -SILENCE_SECONDS:
            points.append(f"the last reading is {ago(age)}: this computer's clock is or was wrong")
    if health.clock and (held := attention_in_words(health.clock)):
        points.append(held)
    return points + aside_in_words(health)


def _why_silent(health: Health) -> str:
    if health.trouble:
        return health.trouble.message
    if health.is_logging:
        return "the logger is running but gets no readings; see its log (journalctl -u solar-logger)"
    if health.is_logging is None:
        return "check that the logger is running; that cannot be seen from here"
    return "the logger is not running here; start it (systemctl start solar-logger, or `solar log`)"


def _uploading(health: Health) -> list[str]:
    if health.upload_error:
        return [health.upload_error]
    if health.upload is None:
        if health.is_upload_wanted and not health.error:
            return [
                "nothing has been uploaded yet: start the uploader (systemctl start solar-uploader, or `solar upload`)"
            ]
        return []
    upload, points = health.upload, []
    if upload.trouble:
        since = duration(max(health.age_seconds(upload.failing_since_ms or health.now_ms), 0))
        what = (
            "InfluxDB has refused the settings"
            if upload.trouble == "misconfigured"
            else "InfluxDB has been unreachable"
        )
        points.append(f"{what} for {since}: {upload.reason}; nothing is lost")
    elif health.is_upload_stale:
        points.append(health.why_unsent)
    if refused := upload.dead_letters - upload.dead_letters_waiting:
        points.append(f"InfluxDB refused {count(refused, 'record')}: `solar dead-letters list` says why")
    return points


def _disk(health: Health) -> list[str]:
    disk = health.disk
    if disk is None or not disk.is_low:
        return []
    until = f", full in {disk.lasts} at this pace" if disk.lasts else ""
    return [f"the disk has only {size(disk.free_bytes)} free{until}: free some space, or set SOLAR_KEEP_DAYS"]


def _backup(health: Health) -> list[str]:
    note = health.backup
    if note is None:
        return []
    age = None if note.time_ms is None else health.age_seconds(note.time_ms)
    if age is not None and age <= OLD_BACKUP_SECONDS:
        return []
    newest = "there is no backup yet" if age is None else f"the newest backup is {duration(age)} old"
    why = note.trouble or "is the timer on? (systemctl status solar-backup.timer)"
    return [f"{newest}: {why}"]
