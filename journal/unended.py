"""What has begun and is not over, as the events tell it."""

from journal.journal import Journal
from journal.reading import Event

EVENTS_LOOKED_AT = 10_000


def unended(journal: Journal, beginnings: tuple[str, ...], ends: tuple[str, ...]) -> Event | None:
    """The newest event that begins something, unless a later one ended it."""
    for event in journal.records("events", 1, journal.last_id("events"), limit=EVENTS_LOOKED_AT, newest_first=True):
        if isinstance(event, Event) and event.kind in beginnings + ends:
            return event if event.kind in beginnings else None
    return None


def silence(journal: Journal) -> Event | None:
    """Why no readings come, in the logger's words; None if it knows of nothing."""
    return unended(journal, ("port_missing", "regulator_silent"), ("regulator_back",))
