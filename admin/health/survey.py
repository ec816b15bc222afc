"""Collects the state of a site from journal.db, uploader.db, the disk and the locks. Changes nothing."""

import shutil
import time
from itertools import pairwise
from pathlib import Path

from admin.health.clock_state import ClockState, clock_state
from admin.health.health import Disk, Health, Upload
from admin.upkeep.backup_note import read_note
from journal import damage, side_file
from journal.errors import JournalError
from journal.holders import is_locked
from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import STREAMS, Reading
from journal.saving import newest_step
from journal.unended import silence, unended

READINGS_LOOKED_AT = 20
FIRST_BATCH = 100
END_MS = 2**62
SECONDS_A_REQUEST = 2.0
"""An estimate, to say how long the backlog takes. On a good connection a request takes less."""


def survey(data: Path, *, is_upload_wanted: bool) -> Health:
    """Everything that can be found out at this moment; nothing is changed."""
    now_ms = time.time_ns() // 1_000_000
    try:
        with Journal.open(data / "journal.db") as journal:
            return _survey(journal, data, now_ms, is_upload_wanted=is_upload_wanted)
    except JournalError as error:
        return Health(
            now_ms=now_ms,
            data=str(data),
            error=str(error),
            is_logging=is_locked(data / "journal.lock"),
            is_uploading=is_locked(data / "uploader.lock"),
            is_upload_wanted=is_upload_wanted,
        )


def _survey(journal: Journal, data: Path, now_ms: int, *, is_upload_wanted: bool) -> Health:
    last_id, readings = journal.last_id("readings"), journal.count("readings")
    newest = list(journal.records("readings", 1, last_id, limit=READINGS_LOOKED_AT, newest_first=True))
    oldest = next(journal.records("readings", 1, last_id, limit=1), None)
    interval = usual_seconds([reading.time_ms for reading in newest])
    upload, upload_error, pending, batch = None, None, None, FIRST_BATCH
    try:
        if side_file.is_begun(data / "uploader.db"):
            upload, pending, batch = upload_of(journal, data / "uploader.db", now_ms)
        elif is_upload_wanted:
            pending = {stream: journal.released(stream) for stream in STREAMS}
    except JournalError as error:
        upload_error = str(error)
    counts = {stream: ids.count for stream, ids in pending.items()} if pending is not None else None
    return Health(
        now_ms=now_ms,
        data=str(data),
        upload_error=upload_error,
        is_logging=is_locked(data / "journal.lock"),
        reading=newest[0] if newest and isinstance(newest[0], Reading) else None,
        readings=readings,
        first_reading_ms=oldest.time_ms if oldest else None,
        interval_seconds=interval,
        trouble=silence(journal),
        slowness=unended(journal, ("interval_missed",), ("interval_kept", "started")),
        is_saving=bool(newest_step(journal)),
        pending=counts,
        oldest_pending_ms=oldest_time_ms(journal, pending["readings"]) if pending else None,
        drain_seconds=sum(counts.values()) / batch * SECONDS_A_REQUEST if counts else None,
        upload=upload,
        is_uploading=is_locked(data / "uploader.lock"),
        is_upload_wanted=is_upload_wanted,
        disk=disk_of(data, readings, interval),
        clock=clock_of(journal),
        aside=tuple(str(path) for path in damage.files_aside(data)),
        side_files_aside=tuple(str(path) for path in side_file.files_aside(data)),
        backup=read_note(data),
    )


def upload_of(journal: Journal, path: Path, now_ms: int) -> tuple[Upload, dict[str, IdRanges], int]:
    """From uploader.db: the state of the upload, the pending ids of each table, the readings per request."""
    from uploader.progress.progress import Progress

    with Progress.read_only(path) as progress:
        state = progress.state()
        pending = {stream: progress.pending(journal, stream) for stream in STREAMS}
        new = IdRanges.of(journal.id_ranges("readings", (state.last_upload_ms or 0) + 1, END_MS))
        upload = Upload(
            last_upload_ms=state.last_upload_ms,
            failing_since_ms=state.failing_since_ms,
            trouble=state.trouble,
            reason=state.reason,
            note=state.notes,
            is_slowed=state.note is not None,
            new_since_ms=oldest_time_ms(journal, new & pending["readings"]),
            expired=state.expired,
            dead_letters=progress.dead_letters.count(),
            dead_letters_waiting=len(progress.dead_letters.waiting()),
            bytes_today=progress.traffic.today(now_ms),
            bytes_this_month=progress.traffic.this_month(now_ms),
        )
        return upload, pending, progress.batch_size().size


def clock_of(journal: Journal) -> ClockState:
    """What the journal and this computer know about the time."""
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.trust import ThisComputer

    moment = Clock(0).now()
    return clock_state(journal, boot_id(), moment, ThisComputer().ask(moment))


def usual_seconds(times_ms: list[int]) -> float | None:
    """The median distance of times, newest first."""
    gaps = sorted(newer - older for newer, older in pairwise(times_ms) if newer > older)
    return gaps[len(gaps) // 2] / 1000 if gaps else None


def oldest_time_ms(journal: Journal, ids: IdRanges) -> int | None:
    """The time of the oldest of these readings."""
    for first, last in ids:
        for record in journal.records("readings", first, last, limit=1):
            return record.time_ms
    return None


def disk_of(data: Path, readings: int, interval_seconds: float | None) -> Disk:
    """Free space on the disk, and how fast the journal grows."""
    usage = shutil.disk_usage(data)
    journal_bytes = sum(path.stat().st_size for path in data.glob("journal.db*") if path.suffix != ".db-shm")
    per_day = None
    if readings >= 1000 and interval_seconds:
        per_day = (data / "journal.db").stat().st_size / readings * 86400 / interval_seconds
    return Disk(
        free_bytes=usage.free, total_bytes=usage.total, journal_bytes=journal_bytes, journal_bytes_per_day=per_day
    )
