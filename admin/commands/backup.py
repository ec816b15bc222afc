"""`solar backup`: a copy of the journal, in a file or, with its older ones, in a second place."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from admin.files.output_file import database_name
from admin.terminal import options
from admin.terminal.words import count, size
from admin.upkeep.backup_note import BackupNote, read_note, write_note
from admin.upkeep.copies import checked_copy, compared, newest_ms
from admin.upkeep.places import Directory, Place, opened
from admin.upkeep.rotation import name_for, superfluous
from journal.errors import BadSetting, SolarError
from journal.journal import Journal

# fmt: off
Target = Annotated[Path | None, typer.Argument(
    parser=Path, metavar="FILE", help="File to write, complete or not at all; an existing file is replaced. Without it "
    "the copy goes to SOLAR_BACKUP_TO.")]
To = Annotated[str | None, typer.Option(
    "--to", envvar="SOLAR_BACKUP_TO", metavar="PLACE",
    help="Where backups go: a directory, usb:LABEL for a stick, or user@host:directory for rsync. "
    "4 weekly and 12 monthly ones are kept.")]
# fmt: on


def backup(target: Target = None, to: To = None, data: options.Data = options.DATA) -> None:
    """Copy the journal to a file or to a second place, even while the logger is running."""
    if target is not None:
        real = database_name(target, data)
        with Journal.open(data / "journal.db") as journal:
            journal.backup(real)
            readings = journal.count("readings")
        print(f"{target}: {readings:,} readings, {size(real.stat().st_size)}")
    elif to is None:
        raise BadSetting("cannot write a backup: nothing says where; give a FILE, or set SOLAR_BACKUP_TO")
    else:
        _noted(to, data)


def _noted(to: str, data: Path) -> None:
    """Into the second place, with a note of what came of it."""
    before = read_note(data) or BackupNote(place=to)
    try:
        with Journal.open(data / "journal.db") as journal, opened(to) as place:
            readings, words = into(place, journal)
    except (SolarError, OSError) as error:
        trouble = str(error) if isinstance(error, SolarError) else (error.strerror or str(error)).lower()
        write_note(data, replace(before, place=to, trouble=trouble))
        if isinstance(error, SolarError):
            raise
        raise SolarError(f"cannot write a backup to {to}: {trouble}; it is tried again next time") from error
    write_note(data, BackupNote(place=to, time_ms=time.time_ns() // 1_000_000, readings=readings))
    print(f"{to}: {words}")


def into(place: Place, journal: Journal) -> tuple[int, str]:
    """A checked copy in this place; those that need not be kept are removed. Returns its readings, and what to say."""
    before = journal.last_ids()
    # Named for its newest reading, not for today: the clock may be wrong, and decides what is removed.
    newest = newest_ms(journal)
    name = name_for(datetime.fromtimestamp((newest or time.time() * 1000) / 1000, UTC).date())
    draft = place.draft(name)
    draft.unlink(missing_ok=True)
    try:
        journal.backup(draft)
        copy = checked_copy(draft)
        compared(copy, before)
        amount = draft.stat().st_size
        is_same_disk = isinstance(place, Directory) and draft.stat().st_dev == journal.path.stat().st_dev
        place.publish(draft, name)
    finally:
        draft.unlink(missing_ok=True)
    for old in superfluous(place.names()):
        place.remove(old)
    words = f"{name}: {count(copy.readings, 'reading')}, {size(amount)}, checked"
    return copy.readings, words + ("; it is on the same disk as the journal" if is_same_disk else "")
