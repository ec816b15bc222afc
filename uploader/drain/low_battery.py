"""Low battery: how much longer to wait between uploads, by the step in the logger's newest event."""

from journal.journal import Journal
from journal.saving import newest_step, rarer


class LowBattery:
    """Looks only at events that are new since the last call."""

    def __init__(self) -> None:
        self._journal: str | None = None
        self._seen = 0
        self._step = 0

    def rarer(self, journal: Journal, seconds: float) -> float:
        """How long to wait between uploads; `seconds`: the wait with a good battery."""
        if (identity := journal.identity()) != self._journal:
            self._journal, self._seen, self._step = identity, 0, 0
        last_id = journal.last_id("events")
        if (step := newest_step(journal, self._seen)) is not None:
            self._step = step
        self._seen = last_id
        return rarer(seconds, self._step)
