"""The daily records and the events of a period."""

from admin.report.pixels import DAY_MS
from admin.terminal.moments import local_minute
from journal.journal import Journal
from journal.reading import Day, Event


def days_of(journal: Journal, since_ms: int, until_ms: int) -> list[Day]:
    """The daily records of these calendar days, also those before the first reading; one a day, in order."""
    records = _of(journal, "days", since_ms - 2 * DAY_MS, until_ms + 2 * DAY_MS)
    dates = local_minute(since_ms)[:10], local_minute(until_ms)[:10]
    days = {record.date: record for record in records if isinstance(record, Day)}
    return [day for date, day in sorted(days.items()) if dates[0] <= date <= dates[1]]


def events_of(journal: Journal, since_ms: int, until_ms: int) -> list[Event]:
    """What happened in that time, newest first."""
    events = [event for event in _of(journal, "events", since_ms, until_ms) if isinstance(event, Event)]
    return sorted(events, key=lambda event: event.time_ms, reverse=True)


def _of(journal: Journal, stream: str, since_ms: int, until_ms: int) -> list[Day | Event]:
    return [
        record
        for first, last in journal.id_ranges(stream, since_ms, until_ms)
        for record in journal.records(stream, first, last)
        if isinstance(record, Day | Event)
    ]
