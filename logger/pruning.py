"""Makes room: deletes what was sent and is older than the days that are to be kept, in small steps.

Which readings were sent is told by a function that is handed in: the logger does not know who sends them.
"""

from collections.abc import Callable, Sequence

from journal.journal import Journal
from journal.reading import Reading

DAY_MS = 86_400_000
ROWS_AT_ONCE = 2000
"""About 120 pages of 4 kB; every hour, that is more than is taken at one reading in two seconds."""


class Pruning:
    """Prunes one journal. `sent` gives the ranges of ids that need not be kept, asked anew each time."""

    def __init__(self, journal: Journal, keep_days: float, sent: Callable[[], Sequence[tuple[int, int]]]) -> None:
        self._journal = journal
        self._keep_ms = int(keep_days * DAY_MS)
        self._sent = sent

    def prune(self) -> int:
        """Delete some; how many it were. Days count back from the newest reading whose time is trusted, not from today.

        Raises JournalFull when even deleting finds no room.
        """
        released = self._journal.released("readings")
        newest = self._journal.get("readings", released[-1][1]) if released else None
        if not isinstance(newest, Reading):
            return 0
        return self._journal.prune(self._sent(), newest.time_ms - self._keep_ms, ROWS_AT_ONCE)
