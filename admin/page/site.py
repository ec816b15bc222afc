"""The site as the page shows it: looks at it regularly and when asked, and keeps the sums up to date.

Only a look writes the file of sums, one at a time; charts read it, each with a connection of its own. The journal is
opened for each look, so that a replaced one is noticed.
"""

import atexit
import logging
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from admin.energy.energy import FILE, RECENT_DAYS, YEAR_DAYS, days_in, energy_of
from admin.energy.figures import Figures
from admin.energy.sums import Sums
from admin.energy.verdict import is_held, verdict
from admin.health.health import Health, attention
from admin.health.survey import survey
from journal.errors import JournalError
from journal.journal import Journal
from logger.energy.local_days import local_date, midnight_ms
from logger.energy.quarters import Stretch

log = logging.getLogger(__name__)

WATCHED_SECONDS = 2.0
"""How often it looks while somebody has the page open."""
UNWATCHED_SECONDS = 30.0
FIGURES_SECONDS = 60.0
DAYS_SECONDS = 900.0
STEP_SECONDS = 1.0
"""How long it adds up readings at most before it looks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen at one moment. `left`: how many readings are not in the sums yet."""

    name: str
    health: Health
    points: tuple[str, ...]
    figures: Figures | None
    verdict: str
    is_stale: bool
    is_held: bool
    left: int = 0


class Site:
    """Looks when asked, or by itself (`run`). `look` is the newest; `days`: the sums of each local date of a year."""

    def __init__(self, data: Path, *, is_upload_wanted: bool, keeps_sums: bool = True) -> None:
        """Without `keeps_sums` nothing is written; then the figures cover the last month only."""
        self.data = data
        self.watchers = 0
        self.sums_path = _writable(data / FILE) if keeps_sums else data / FILE
        self._memory = None if keeps_sums else Sums.in_memory(data / FILE)
        self._is_upload_wanted = is_upload_wanted
        self._figures: Figures | None = None
        self._figures_at = 0.0
        self.days: dict[str, Stretch] = {}
        self._days_at = 0.0
        self._days_date = ""
        self._left = 0
        self._trouble = ""
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self.look = self.look_again()

    def fresh(self, seconds: float | None = None) -> Look:
        """The newest look; looks again if it is older than this (2 s if not given)."""
        with self._lock:
            if time.monotonic() - self._looked_at >= (WATCHED_SECONDS if seconds is None else seconds):
                self.look = self.look_again()
                self._looked_at = time.monotonic()
            return self.look

    def run(self, stop: threading.Event, heartbeat: Callable[[str], None] = lambda text: None) -> None:
        """Look until `stop` is set."""
        due = 0.0
        while not stop.is_set():
            if self._is_adding or self.watchers or time.monotonic() >= due:
                heartbeat(self.fresh(0).verdict)
                due = time.monotonic() + UNWATCHED_SECONDS
            stop.wait(0.05 if self._is_adding else WATCHED_SECONDS)

    @property
    def _is_adding(self) -> bool:
        return bool(self._left) and not self._trouble

    def look_again(self) -> Look:
        """Look at everything now."""
        health = survey(self.data, is_upload_wanted=self._is_upload_wanted)
        name = "home"
        try:
            with Journal.open(self.data / "journal.db") as journal:
                name = next((stretch.site for stretch in reversed(journal.sites("readings"))), name)
                self._add_up(journal, health.now_ms)
        except JournalError as error:
            self._figures = None
            if not health.error:
                health = Health(now_ms=health.now_ms, data=health.data, error=str(error), is_logging=health.is_logging)
        figures = self._figures
        return Look(
            name=name,
            health=health,
            points=tuple(attention(health)),
            figures=figures,
            verdict=verdict(health, figures),
            is_stale=not health.is_fresh,
            is_held=is_held(health),
            left=self._left,
        )

    def _add_up(self, journal: Journal, now_ms: int) -> None:
        until = time.monotonic() + STEP_SECONDS
        left = 0

        def show(number: int) -> None:
            nonlocal left
            left = number

        days = RECENT_DAYS if self._memory else YEAR_DAYS
        since_ms = midnight_ms(local_date(now_ms) - timedelta(days)) if self._memory else 0
        try:
            with nullcontext(self._memory) if self._memory else Sums.open(self.sums_path) as sums:
                sums.update(journal, since_ms, show=show, is_stopped=lambda: time.monotonic() > until)
                if sums.was_cleared:
                    self._figures, self.days, sums.was_cleared = None, {}, False
                was_left, self._left = self._left, 0 if sums.is_complete else left
                is_due = time.monotonic() - self._figures_at > FIGURES_SECONDS or (was_left and not self._left)
                if self._figures is None or not self._figures.periods or is_due:
                    self._figures = energy_of(journal, sums, now_ms, self._days(sums, now_ms, days), since_ms=since_ms)
                    self._figures_at = time.monotonic()
            self._trouble = ""
        except sqlite3.Error as error:
            if str(error) != self._trouble:
                log.warning("cannot add up the readings in %s: %s; trying again", self.sums_path, error)
            self._trouble = str(error)
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                self.sums_path.unlink(missing_ok=True)

    def _days(self, sums: Sums, now_ms: int, days: int) -> dict[str, Stretch]:
        """The sums of all days now and then; in between only today's, because past days hardly change."""
        date = local_date(now_ms).isoformat()
        is_settled = not self._left and self.days and self._days_date == date
        if is_settled and time.monotonic() - self._days_at < DAYS_SECONDS:
            self.days = self.days | days_in(sums, now_ms, 0)
        else:
            self.days = days_in(sums, now_ms, days)
            self._days_at, self._days_date = time.monotonic(), "" if self._left else date
        return self.days


def _writable(path: Path) -> Path:
    """`path`; if it cannot be written, a file elsewhere that is used until this program ends."""
    try:
        Sums.open(path).close()
    except (sqlite3.Error, OSError) as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="solar-page-")) / FILE
        atexit.register(shutil.rmtree, elsewhere.parent, ignore_errors=True)
        log.warning("cannot write %s: %s; keeping the sums in %s until this program ends", path, error, elsewhere)
        return elsewhere
    return path
