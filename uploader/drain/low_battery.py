"""Careful with the battery: how much rarer uploads are to be, by the step that the logger's newest event tells."""

from journal.journal import Journal
from journal.saving import newest_step, rarer


class LowBattery:
    """Looks only at events that are new since the last time."""

    def __init__(self) -> None:
        self._journal: str | None = None
        self._seen = 0
        self._step = 0

    def rarer(self, journal: Journal, seconds: float) -> float:
        """How long to wait between uploads, instead of so many seconds."""
        if (identity := journal.identity()) != self._journal:
            self._journal, self._seen, self._step = identity, 0, 0
        last_id = journal.last_id("events")
        if (step := newest_step(journal, self._seen)) is not None:
            self._step = step
        self._seen = last_id
        return rarer(seconds, self._step)
