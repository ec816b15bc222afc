"""`solar replay`: sends a period again."""

from admin.terminal import options
from admin.terminal.period import Since, Until, check_period, how_many, ids_in_period
from admin.terminal.words import count
from journal.errors import BadSetting
from journal.journal import Journal
from journal.reading import STREAMS
from journal.side_file import is_begun


def replay(*, since: Since = None, until: Until = None, data: options.Data = options.DATA) -> None:
    """Re-send a period (overwrites, no duplicates)."""
    from uploader.progress.progress import Progress

    if since is None:
        raise BadSetting("cannot replay without --since: give the start, such as 7d or 2026-01-05")
    check_period(since, until)
    path = data / "uploader.db"
    with Journal.open(data / "journal.db") as journal:
        ranges = {stream: ids_in_period(journal, stream, since, until) for stream in STREAMS}
        if not is_begun(path):
            print("nothing has been uploaded from here yet, so everything is still waiting to be sent")
            return
        with Progress.open(path) as progress:
            for stream, of_stream in ranges.items():
                progress.requeue(stream, of_stream)
    counts = {stream: how_many(of_stream) for stream, of_stream in ranges.items()}
    parts = ", ".join(count(number, stream[:-1]) for stream, number in counts.items() if number)
    if not parts:
        print("nothing queued: the journal has nothing from that period")
        return
    print(f"queued {parts}; the uploader sends them again")
