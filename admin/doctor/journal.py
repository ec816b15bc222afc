"""Checks the journal: are readings coming in, is the file sound, was a damaged one set aside."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from admin.doctor.finding import Finding, bad, bad_from, look, ok, see, skipped
from admin.health.health import Health, side_file_in_words
from admin.terminal.moments import iso_date
from admin.terminal.words import ago, count
from journal import damage, files
from journal.access import obstacle
from journal.errors import JournalError, our_errors, primary_code

log = logging.getLogger(__name__)

CHECK_SECONDS = 8.0
STEPS_BETWEEN_LOOKS = 20_000
NO_ROOM_BYTES = 100_000
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

SET_ASIDE = (
    "restart the logger (sudo systemctl restart solar-logger): it sets the damaged file aside and begins a new one"
)
SET_LONG_ASIDE = (
    "stop the logger; rename journal.db to journal-damaged-1.db, and journal.db-wal to journal-damaged-1.db-wal; start "
    "the logger and run solar doctor again"
)
"""When it starts, the logger checks only short files."""
START = "start the logger: sudo systemctl start solar-logger"


def journal(health: Health, check_seconds: float = CHECK_SECONDS) -> Iterator[Finding]:
    """The findings about the journal in the directory of `health`."""
    path = Path(health.data, "journal.db")
    if words := obstacle(path):
        found, _, remedy = words.partition("; ")
        yield bad("data", found, remedy)
        yield skipped("readings", f"they cannot be checked: {see('data')}")
        yield skipped("journal", f"it cannot be checked: {see('data')}")
    else:
        yield _readings(health, path)
        yield _sound(health, path, check_seconds) if path.exists() else skipped("journal", "no journal yet")
    for aside in health.aside:
        yield look(
            "aside", f"a damaged journal was set aside: {aside}", f"recover what can be read: solar recover {aside}"
        )
    for aside in health.side_files_aside:
        yield look("aside", *side_file_in_words(aside))
    yield sqlite_version(sqlite3.sqlite_version_info)


def _readings(health: Health, path: Path) -> Finding:
    if not path.exists():
        return bad(
            "readings",
            f"there is no journal in {Path(health.data).resolve()}",
            f"{START}; or set SOLAR_DATA if the journal is elsewhere",
        )
    if health.error:
        return bad("readings", "they cannot be read", see("journal"))
    none = (
        "no logger is running here"
        if health.is_logging is False
        else "whether a logger is running cannot be seen from here"
    )
    runs = "the logger is running" if health.is_logging else none
    if health.reading is None:
        if health.is_logging:
            return bad("readings", "none yet, although the logger is running", _cause(health))
        return bad("readings", f"none yet; {runs}", START)
    age = health.age_seconds(health.reading.time_ms)
    pace = f", one every {health.interval_seconds:.3g} seconds" if health.interval_seconds else ""
    found = f"last one {ago(age)}{pace}; {runs}"
    if health.is_fresh:
        if health.slowness:
            return look("readings", found, f"the logger says: {health.slowness.message}")
        return ok("readings", found)
    if age < 0:
        return look(
            "readings",
            found,
            f"the computer's clock is wrong, or was wrong when that reading was taken: {see('clock')}",
        )
    return bad("readings", found, _cause(health) if health.is_logging or health.trouble else START)


def _cause(health: Health) -> str:
    if health.disk and health.disk.free_bytes < NO_ROOM_BYTES:
        return f"free some space, {see('disk')}; until then the logger keeps readings in memory"
    if health.trouble:
        return f"the logger says: {health.trouble.message}"
    return "look at the logger's log: journalctl -u solar-logger"


def _sound(health: Health, path: Path, seconds: float) -> Finding:
    try:
        trouble, was_whole = inspect(path, seconds)
    except JournalError as error:
        return bad_from("journal", error, f"the card may be failing, {see('card')}")
    if trouble:
        log.debug("%s is damaged: %s", path, trouble)
        is_short = path.stat().st_size <= damage.CHECKED_BYTES or files.note_of(path).exists()
        return bad("journal", f"{path} is damaged", SET_ASIDE if is_short else SET_LONG_ASIDE)
    since = f" since {iso_date(health.first_reading_ms)}" if health.first_reading_ms else ""
    depth = "no damage" if was_whole else f"no damage found in the first {seconds:.0f} seconds"
    return ok("journal", f"{count(health.readings, 'reading')}{since}, {depth}")


def inspect(path: Path, seconds: float) -> tuple[str | None, bool]:
    """What is wrong with the journal file, and whether there was time to check all of it."""
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
    """Whether this SQLite is new enough."""
    shown = ".".join(map(str, version[:3]))
    if version < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        return bad("sqlite", f"version {shown} is too old", f"install {wanted} or newer, with a newer Python or system")
    return ok("sqlite", f"version {shown}")
