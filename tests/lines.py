"""One record's line, made as the uploader makes it."""

from dataclasses import replace

from journal.reading import STREAMS, Record
from journal.sites import SiteStretch
from uploader.server.line_protocol import COLUMNS, lines


def line(record: Record, site: str) -> str | None:
    """The line, or a day's two; None if the record has nothing to send."""
    (stream,) = (stream for stream, kind in STREAMS.items() if isinstance(record, kind))
    row = [getattr(replace(record, id=1), name) for name in COLUMNS[stream]]
    return next((each.text for each in lines([row], stream, [SiteStretch(0, 2**62, site)])), None)
