"""The journal: are readings coming in, is the file sound, and what was set aside."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from admin.finding import Finding, bad, bad_by, look, ok, skipped
from admin.health import SILENCE_SECONDS, Health
from admin.moment import iso
from admin.words import ago, count
from journal import damage, files
from journal.errors import JournalError, our_errors, primary_code

CHECK_SECONDS = 8.0
STEPS_BETWEEN_LOOKS = 20_000
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""
MENDED_SQLITE = (3, 51, 3)
"""Before it, two connections that write to one WAL database can damage it. Ours has one writer."""

START = "start it: sudo systemctl start solar-logger"


def is_fresh(health: Health) -> bool:
    """Whether the last reading is as young as readings are where all is well."""
    if health.reading is None:
        return False
    return abs(health.age_seconds(health.reading.time_ms)) <= max(SILENCE_SECONDS, 6 * (health.interval_seconds or 0))


def journal(health: Health, check_seconds: float = CHECK_SECONDS) -> Iterator[Finding]:
    """The findings about the journal in the directory of `health`."""
    path = Path(health.data, "journal.db")
    yield _readings(health, path)
    if path.exists():
        yield _sound(health, path, check_seconds)
    else:
        yield skipped("journal", "there is none yet")
    for aside in health.aside:
        yield look(
            "aside", f"a damaged journal was put aside: {aside}", f"bring back what can be read: solar recover {aside}"
        )
    yield sqlite_version(sqlite3.sqlite_version_info)


def _readings(health: Health, path: Path) -> Finding:
    if not path.exists():
        return bad("readings", f"there is no journal in {Path(health.data).resolve()}", f"{START}, or set SOLAR_DATA")
    if health.error:
        return bad("readings", "they cannot be read; see the journal", "see the journal")
    runs = "the logger runs" if health.is_logging else "the logger does not run here"
    if health.reading is None:
        if health.is_logging:
            return bad("readings", "there is none yet, although the logger runs", _cause(health))
        return bad("readings", "there is none yet; the logger does not run here", START)
    age = health.age_seconds(health.reading.time_ms)
    pace = f", one every {health.interval_seconds:.3g} seconds" if health.interval_seconds else ""
    found = f"the last one {ago(age)}{pace}; {runs}"
    if is_fresh(health):
        if health.slowness:
            return look("readings", found, f"the logger says: {health.slowness.message}")
        return ok("readings", found)
    if age < 0:
        return look("readings", found, "the computer's clock is wrong, or was when that reading was taken: see below")
    return bad("readings", found, _cause(health) if health.is_logging or health.trouble else START)


def _cause(health: Health) -> str:
    if health.trouble:
        return f"the logger says: {health.trouble.message}"
    return "see what the logger says: journalctl -u solar-logger"


def _sound(health: Health, path: Path, seconds: float) -> Finding:
    try:
        trouble, was_whole = inspect(path, seconds)
    except JournalError as error:
        return bad_by("journal", error)
    if trouble:
        remedy = (
            "start the logger anew: it puts the damaged file aside, loses no later reading, and says what to do then"
        )
        return bad("journal", f"the file is damaged: {trouble}", f"{remedy}: sudo systemctl restart solar-logger")
    since = f" since {iso(health.first_reading_ms)[:10]}" if health.first_reading_ms else ""
    depth = "looked through whole" if was_whole else f"no damage found in {seconds:.0f} seconds of looking"
    return ok("journal", f"{count(health.readings, 'reading')}{since}, {depth}")


def inspect(path: Path, seconds: float) -> tuple[str | None, bool]:
    """What is wrong with the journal file, and whether there was time to look through all of it."""
    with our_errors("open", path):
        if trouble := damage.found_in(path):
            return trouble, True
        if path.stat().st_size <= damage.CHECKED_BYTES:
            return None, True
        deadline = time.monotonic() + seconds
        with closing(files.connect(path, "ro")) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
            try:
                (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            except sqlite3.OperationalError as error:
                if primary_code(error) == sqlite3.SQLITE_INTERRUPT:
                    return None, False
                raise
            return None if verdict == "ok" else str(verdict).splitlines()[-1], True


def sqlite_version(version: tuple[int, ...]) -> Finding:
    """Whether this SQLite will do."""
    shown = ".".join(map(str, version[:3]))
    if version < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        return bad("sqlite", f"version {shown} is too old", f"install {wanted} or newer, with a newer Python or system")
    if version < MENDED_SQLITE:
        return ok("sqlite", f"version {shown}; its fault with two writers does not matter here, there is only one")
    return ok("sqlite", f"version {shown}")
