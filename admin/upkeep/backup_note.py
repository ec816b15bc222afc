"""When the last backup was made, and where: a note beside the journal, for `solar status`."""

from contextlib import suppress
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
        text = (data / NAME).read_text()
        import json  # which `solar status` does without where there is no note

        return BackupNote(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None


def write_note(data: Path, note: BackupNote) -> None:
    """As far as that is possible: a full disk must not hide what the backup itself has to say."""
    import json

    draft = data / f".{NAME}.new"
    with suppress(OSError):
        draft.write_text(json.dumps(asdict(note)))
        draft.chmod(0o660)  # both services share the directory
        draft.replace(data / NAME)
