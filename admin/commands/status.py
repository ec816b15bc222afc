"""`solar status`: the site's state on one screen. It must come quickly, so what only --json needs is imported there."""

import shutil
from pathlib import Path

from admin.health.clock_state import held_in_words, trust_in_words
from admin.health.health import Health, attention
from admin.health.survey import survey
from admin.terminal import options
from admin.terminal.colour import painted
from admin.terminal.moments import iso, iso_date
from admin.terminal.usage_errors import sanitized
from admin.terminal.values import values
from admin.terminal.words import ago, count, duration, size, wrapped
from journal.errors import JournalError
from journal.journal import Journal


def status(*, data: options.Data = options.DATA, url: options.Url = None, as_json: options.AsJson = False) -> int:
    """Show the site's state; exit code 1 if something needs attention."""
    health = survey(data, is_upload_wanted=bool(url))
    points = attention(health)
    if as_json:
        import json

        print(json.dumps(as_dict(health, points) | verdict_and_energy(data, health), indent=1))
    else:
        screen = "\n".join(lines(health, points, shutil.get_terminal_size().columns))
        print(painted(painted(screen, "Needs attention:", "red"), "All is well.", "green"))
    return 1 if points else 0


def verdict_and_energy(data: Path, health: Health) -> dict[str, object]:
    """The verdict and the energy figures; the latter are None if the journal cannot be read."""
    from admin.energy.energy import recent_energy
    from admin.energy.verdict import verdict
    from admin.energy.words import as_dict as in_json

    try:
        with Journal.open(data / "journal.db") as journal:
            figures = recent_energy(data, journal, health.now_ms)
    except JournalError:
        figures = None
    return {"verdict": verdict(health, figures), "energy": in_json(figures) if figures else None}


def lines(health: Health, points: list[str], width: int = 80) -> list[str]:
    """The screen: first what needs attention, then everything else."""
    shown = ["Needs attention:"] if points else wrapped(_well(health), width)
    for point in points:
        shown += wrapped(sanitized(point), width, "  - ", "    ")
    if health.error:
        return shown
    shown.append("")
    for label, text in _rows(health):
        shown += wrapped(sanitized(text), width, f"{label:14}", " " * 14)
    return shown


def _well(health: Health) -> str:
    """The first line if nothing needs attention. It still says how much is held because of the clock."""
    clock = health.clock
    if clock and clock.held_in_all and not clock.source:
        number = count(clock.held_in_all, "record")
        return (
            f"Nothing needs attention yet, but {number} cannot be sent until the clock is confirmed: see `solar clock`"
        )
    return "All is well."


def _rows(health: Health) -> list[tuple[str, str]]:
    rows = []
    if health.reading:
        rows.append(("Last reading", f"{ago(health.age_seconds(health.reading.time_ms))}: {values(health.reading)}"))
    if health.slowness:
        rows.append(("Interval", health.slowness.message))
    pace = f", one every {health.interval_seconds:.3g} s" if health.interval_seconds else ""
    since = f" since {iso_date(health.first_reading_ms)}" if health.first_reading_ms else ""
    rows += [("Journal", f"{count(health.readings, 'reading')}{since}{pace}, in {health.data}"), *_upload_rows(health)]
    if health.clock:
        rows.append(("Clock", trust_in_words(health.clock)))
        if held := held_in_words(health.clock):
            rows.append(("Held", held))
    if disk := health.disk:
        growth = ""
        if disk.journal_bytes_per_day:
            growth = f", growing {size(disk.journal_bytes_per_day)} per day: enough space for {disk.lasts}"
        free = f"{size(disk.free_bytes)} of {size(disk.total_bytes)} free"
        rows.append(("Disk", f"{free}; the journal uses {size(disk.journal_bytes)}{growth}"))
    if note := health.backup:
        newest = "none yet" if note.time_ms is None else f"{ago(health.age_seconds(note.time_ms))}, to {note.place}"
        rows.append(("Backup", f"{newest}; the last try failed: {note.trouble}" if note.trouble else newest))
    return rows


def _upload_rows(health: Health) -> list[tuple[str, str]]:
    if health.upload_error:
        return [("Upload", "not known")]
    if health.pending is None:
        return [("Upload", "not set up; `solar upload` says what is missing")]
    parts = [count(number, stream[:-1]) for stream, number in health.pending.items() if number]
    waiting = ", ".join(parts) or "nothing"
    if health.oldest_pending_ms is not None:
        waiting += f"; the oldest reading from {ago(health.age_seconds(health.oldest_pending_ms))}"
    if parts and health.drain_seconds:
        waiting += f"; about {duration(max(health.drain_seconds, 60))} to send on a good connection"
    rows = [("To be sent", waiting)]
    if not (upload := health.upload):
        return [("Last upload", "never"), *rows]
    last = "never" if upload.last_upload_ms is None else ago(health.age_seconds(upload.last_upload_ms))
    traffic = f"{size(upload.bytes_today)} today, {size(upload.bytes_this_month)} this month"
    rows = [("Last upload", f"{last}; {traffic}"), *rows]
    rows.append(("Last error", upload.reason or "none"))
    if upload.note:
        rows.append(("Note", upload.note))
    refused = "none" if not upload.dead_letters else count(upload.dead_letters, "record")
    again = f", {upload.dead_letters_waiting:,} of them waiting to be sent again" if upload.dead_letters_waiting else ""
    return [*rows, ("Dead letters", refused + again)]


def as_dict(health: Health, points: list[str]) -> dict[str, object]:
    """The same for programs; docs/status.md explains the keys."""
    from admin.files.formats import columns, row

    upload, disk, reading = health.upload, health.disk, health.reading
    # 0 if nothing was ever uploaded; None if the files cannot be read.
    none = None if health.error or health.upload_error else 0
    names = [name for name in columns("readings") if name != "raw"]
    return {
        "healthy": not points,
        "attention": points,
        "time": iso(health.now_ms),
        "data": health.data,
        "logger_runs": health.is_logging,
        "last_reading": dict(zip(names, row(reading, names), strict=True)) if reading else None,
        "last_reading_age_seconds": health.age_seconds(reading.time_ms) if reading else None,
        "regulator_trouble": health.trouble.message if health.trouble else None,
        "readings": None if health.error else health.readings,
        "interval_seconds": health.interval_seconds,
        "interval_trouble": health.slowness.message if health.slowness else None,
        "pending": health.pending,
        "oldest_pending_time": _iso(health.oldest_pending_ms),
        "drain_seconds": health.drain_seconds,
        "last_upload_time": _iso(upload.last_upload_ms) if upload else None,
        "upload_trouble": upload.trouble if upload else None,
        "upload_reason": upload.reason if upload else None,
        "upload_failing_since": _iso(upload.failing_since_ms) if upload else None,
        "note": upload.note if upload else None,
        "expired": upload.expired if upload else none,
        "dead_letters": upload.dead_letters if upload else none,
        "dead_letters_waiting": upload.dead_letters_waiting if upload else none,
        "bytes_sent_today": upload.bytes_today if upload else none,
        "bytes_sent_this_month": upload.bytes_this_month if upload else none,
        "disk_free_bytes": disk.free_bytes if disk else None,
        "disk_total_bytes": disk.total_bytes if disk else None,
        "journal_bytes": disk.journal_bytes if disk else None,
        "journal_bytes_per_day": disk.journal_bytes_per_day if disk else None,
        "disk_days_left": disk.days_left if disk else None,
        "clock_trusted": bool(health.clock and health.clock.source),
        "clock": trust_in_words(health.clock) if health.clock else None,
        "held": health.clock.held if health.clock else None,
        "held_reason": held_in_words(health.clock) if health.clock else None,
        "journals_set_aside": list(health.aside),
        "backup_time": _iso(health.backup.time_ms) if health.backup else None,
        "backup_place": health.backup.place if health.backup else None,
        "backup_trouble": health.backup.trouble if health.backup else None,
    }


def _iso(time_ms: int | None) -> str | None:
    return None if time_ms is None else iso(time_ms)
