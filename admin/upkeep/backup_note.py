"""When the last backup was made, and where: a note beside the journal, for `solar status`."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = "backup.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupNote:
    """`time_ms`: when the newest copy was made, None if there is none. `trouble`: why the last try failed."""

    place: str
    time_ms: int | None = None
    readings: int = 0
    trouble: str | None = None


def read_note(data: Path) -> BackupNote | None:
    """None if there never was a backup, or if the note cannot be read."""
    try:
        return BackupNote(**json.loads((data / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_note(data: Path, note: BackupNote) -> None:
    draft = data / f".{NAME}.new"
    with draft.open("w") as file:
        json.dump(asdict(note), file)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o660)  # both services share the directory
    draft.replace(data / NAME)
