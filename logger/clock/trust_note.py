"""A note in the data directory by which a person confirms the wall clock to a running logger.

`solar clock trust` cannot write to the journal while the logger runs, so it leaves this note. The file appears whole or
not at all, and counts only in the boot in which it was left. The logger takes it away at its next look.
"""

import json
import logging
import os
from contextlib import suppress
from pathlib import Path

from journal.boots import Anchor
from logger.clock.host_clock import Moment

log = logging.getLogger(__name__)

NAME = "clock-trust.json"
PERSON = "a person said so"


def leave(directory: Path, boot_id: str, moment: Moment) -> None:
    """Leave a note that the wall clock was right at this moment."""
    draft = directory / f".{NAME}.{os.getpid()}"
    words = {"boot_id": boot_id, "uptime_ms": moment.uptime_ms, "time_ms": moment.time_ms}
    draft.write_text(json.dumps(words))
    # The logger is another user, in the group that owns the directory.
    draft.chmod(0o664)
    draft.replace(directory / NAME)


class TrustNotes:
    """Looks for such notes."""

    def __init__(self, directory: Path, boot_id: str) -> None:
        self._path = directory / NAME
        self._boot_id = boot_id
        self._failed: str | None = None

    def take(self) -> Anchor | None:
        """The note's time, once; None when there is no note for this boot."""
        taken = self._path.with_suffix(".taken")
        try:
            self._path.replace(taken)
            text = taken.read_text()
        except FileNotFoundError:
            return None
        except OSError as error:
            if self._failed != str(error):
                self._failed = str(error)
                log.warning("cannot read %s: %s; `solar clock trust` has no effect", self._path, error)
            return None
        finally:
            with suppress(OSError):
                taken.unlink(missing_ok=True)
        return self._understand(text)

    def _understand(self, text: str) -> Anchor | None:
        try:
            words = json.loads(text)
            boot_id, uptime_ms, time_ms = words["boot_id"], int(words["uptime_ms"]), int(words["time_ms"])
        except (ValueError, TypeError, KeyError) as error:
            log.warning("cannot understand %s: %s; it is deleted", self._path, error)
            return None
        return Anchor(uptime_ms, time_ms, PERSON) if boot_id == self._boot_id else None
