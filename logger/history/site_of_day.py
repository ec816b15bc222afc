"""The site of a day: where the newest reading before its end was taken.

The regulator's 30 days are read again where the journal lacks them, and by then the site may have another name: they
would be at the server twice. So the journals that this one took the place of are asked too, as long as they are kept.
"""

from contextlib import suppress

from journal.damage import files_aside
from journal.errors import JournalError
from journal.journal import Journal
from journal.reading import Day
from logger.history.measured import trusted


def site_of(journal: Journal, day: Day) -> str | None:
    """None if there is no reading before the day's end: then nothing tells that it was not the present site."""
    until_ms = day.time_ms if day.ended_ms is None else day.ended_ms
    found = _before(journal, until_ms)
    directory = journal.path.parent
    for path in (*files_aside(directory), *directory.glob("journal-replaced-*.db")):
        with suppress(JournalError), Journal.open(path) as replaced:
            found += _before(replaced, until_ms)
    return max(found)[1] if found else None


def _before(journal: Journal, until_ms: int) -> list[tuple[int, str]]:
    """The time and the site of the last reading before then in each of the journal's spans."""
    sites = journal.sites("readings")
    return [
        (time_ms, site)
        for _, last in trusted(journal, -(2**63), until_ms)
        for (time_ms,) in journal.values("readings", ("time_ms",), last, last)
        for first_id, last_id, site in sites
        if first_id <= last <= last_id
    ]
