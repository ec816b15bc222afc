"""Sets a damaged journal aside when the logger starts, so that a new one can begin.

- Found: by SQLite's own quick check, or by a note that the logger left when it met damage while appending. The check
  reads the whole file, so only files up to CHECKED_BYTES are checked: a long journal on a slow card must not delay the
  first reading. A file that is not a database at all is somebody's mistake, not damage, unless it begins with zeros:
  a failing SD card returns zeros.
- Set aside: the file gets a name with the date, then its log (-wal) too; nothing is deleted. If a power cut interrupts
  this, the note remains until it is done, and the next journal does not take over the log (files.put_away_leftovers).
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from journal import files
from journal.errors import primary_code

CHECKED_BYTES = 64_000_000
"""Three seconds at the 20 MB/s of a slow SD card; about a month of readings, one every ten seconds."""


def found_in(path: Path) -> str | None:
    """What is wrong with the file, None if nothing is found."""
    with path.open("rb") as file:
        head = file.read(16)
    if len(head) == 16 and not any(head):
        return "it begins with zeros"
    with suppress(FileNotFoundError):
        return files.note_of(path).read_text() or "the logger found damage"  # a power cut may have emptied the note
    try:
        with closing(files.connect(path, "ro")) as connection:
            if path.stat().st_size > CHECKED_BYTES:
                return None
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return None if verdict == "ok" else str(verdict).splitlines()[-1]
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_CORRUPT:
            return str(error)
        raise


def leave_note(path: Path, words: str) -> None:
    """Leave a note, so that the next start finds the damage however large the file is."""
    files.note_of(path).write_text(words)


def set_aside(path: Path) -> Path:
    """Rename the damaged journal and its log to a dated name; returns that name."""
    if not files.note_of(path).exists():
        leave_note(path, "it was being set aside")
    aside = files.aside_name(path, files.stamp())
    path.rename(aside)
    files.put_away_leftovers(path)
    return aside


def files_aside(directory: Path) -> list[Path]:
    """The damaged journals in a data directory, oldest first."""
    return sorted(directory.glob("journal-damaged-*.db"))
