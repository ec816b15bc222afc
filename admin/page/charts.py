"""The charts of today, 7 days, 30 days and a year, drawn when asked for and kept until something has changed."""

import threading
from dataclasses import replace
from datetime import timedelta

from admin.energy.sums import Sums
from admin.page.site import Look, Site
from admin.report.charts import charts_of, collect, collect_sums, span_of
from admin.report.drawing import Span
from admin.report.pixels import LONG_MS
from admin.report.records import days_of
from journal.journal import Journal
from journal.saving import LEAST_GAP_SECONDS
from logger.energy.local_days import local_date, midnight_ms

RANGES = {"today": ("Today", 1), "7d": ("7 days", 7), "30d": ("30 days", 30), "year": ("A year", 365)}
"""What the page can show: its name, and how many days, today included."""
FRESH_MS = {"today": 5_000, "7d": 60_000, "30d": 300_000, "year": 900_000}
"""How long a drawing is used although there may be newer readings."""
SHORT_MS, SHORT_SECONDS, LONG_SECONDS = 3_600_000, 3, 60
"""Charts of less than an hour are drawn again every 3 s while the page is open, others every minute."""
NOTHING = f"<p data-every='{SHORT_SECONDS}'>No readings in this time.</p>"


class Charts:
    """Draws one at a time, so that few columns are in memory, no matter how many people ask."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._drawn: dict[str, tuple[object, int, str]] = {}

    def draw(self, name: str) -> str:
        """The charts of a range, as HTML. Raises JournalError, sqlite3.Error."""
        with self._lock:
            look = self._site.look
            now_ms = look.health.now_ms
            with Journal.open(self._site.data / "journal.db") as journal:
                state = journal.identity(), look.left, local_date(now_ms)
                of_state, at_ms, html = self._drawn.get(name, (None, 0, ""))
                if of_state != state or not 0 <= now_ms - at_ms <= FRESH_MS[name]:
                    html = self._draw(journal, look, name)
                    self._drawn[name] = state, now_ms, html
            return html

    def _draw(self, journal: Journal, look: Look, name: str) -> str:
        now_ms, days = look.health.now_ms, RANGES[name][1]
        today = local_date(now_ms)
        since_ms = midnight_ms(today - timedelta(days - 1))
        records = days_of(journal, midnight_ms(today - timedelta(max(days, 7) - 1)), now_ms)
        if name == "today":
            ranges = journal.id_ranges("readings", since_ms, now_ms + 1)
            if not ranges:
                return NOTHING
            span = replace(span_of(journal, ranges, since_ms, now_ms + 1), until_ms=now_ms + 1)
            drawn = collect(journal, ranges, span)
        else:
            until_ms = midnight_ms(today + timedelta(1))
            site_days = self._site.days.values()
            if first := next(iter(site_days), None):  # a young site's charts begin with its first day
                since_ms = max(since_ms, midnight_ms(local_date(first.began_ms)))
            gap_ms = 1000 * max(LEAST_GAP_SECONDS, 5 * (look.health.interval_seconds or 0))
            span = Span(since_ms, until_ms, gap_ms)
            if until_ms - since_ms > LONG_MS:
                drawn = collect_sums((day for day in site_days if day.began_ms >= since_ms), span)
            else:
                with Sums.open(self._site.sums_path) as sums:
                    drawn = collect_sums(sums.quarters(since_ms, until_ms), span)
        every = SHORT_SECONDS if span.until_ms - span.since_ms < SHORT_MS else LONG_SECONDS
        nights = look.figures.nights if look.figures else ()
        return f"<div data-every='{every}'>" + "\n".join(charts_of(drawn, span, records, nights)) + "</div>"
