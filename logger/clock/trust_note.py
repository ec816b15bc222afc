"""A person's word that the wall clock is right, and the note that brings it to a running logger.

`solar clock trust` cannot write to the journal while the logger runs, so it leaves a note in the data directory. The
file appears whole or not at all, and counts only in the boot in which it was left. The logger removes it when it next
looks.
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
TO_THE_MINUTE_SECONDS = 60.0
"""A person who compares the clock with a watch, or sets it to the minute, does not look at the seconds."""
TO_THE_SECOND_SECONDS = 5.0
"""The time until the person presses the return key."""


def word(moment: Moment, uncertainty_seconds: float) -> Anchor:
    """A person's word, given at this moment, that the wall clock is right."""
    return Anchor(moment.uptime_ms, moment.time_ms, PERSON, uncertainty_seconds)


def leave(directory: Path, boot_id: str, said: Anchor) -> None:
    """Leave a note of what a person said in this boot."""
    draft = directory / f".{NAME}.{os.getpid()}"
    note = {"boot_id": boot_id, "uptime_ms": said.uptime_ms, "time_ms": said.time_ms}
    draft.write_text(json.dumps(note | {"uncertainty_seconds": said.uncertainty_seconds}))
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
            uncertainty = float(words.get("uncertainty_seconds", TO_THE_MINUTE_SECONDS))
        except (ValueError, TypeError, KeyError) as error:
            log.warning("cannot understand %s: %s; it is deleted", self._path, error)
            return None
        return Anchor(uptime_ms, time_ms, PERSON, uncertainty) if boot_id == self._boot_id else None
