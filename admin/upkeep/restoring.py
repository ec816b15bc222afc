"""A backup in the journal's place, in steps that may each be the last: at any moment there is a journal, and nothing is
deleted.

1. The copy is written beside the journal, under a draft name.
2. The journal's log is written into the journal, so that it is one file.
3. The journal gets a second name: journal-replaced-….db.
4. The draft takes the journal's name. That is one rename.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from journal import copies, files
from journal.access import FULL
from journal.errors import JournalFull, our_errors
from journal.journal import Journal


def draft_beside(backup: Path, journal: Path) -> Path:
    """Step 1, while the logger still runs. Raises JournalFull."""
    draft = journal.with_name(f"{journal.name}.restored")
    with our_errors("write to", draft):
        draft.parent.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(draft.parent).free < backup.stat().st_size:
            raise JournalFull(f"cannot restore {backup}: {FULL}")
        draft.unlink(missing_ok=True)
        with Journal.open(backup) as source:
            source.backup(draft)  # with an identity of its own, also when the same backup is restored twice
        belongs_to_the_group(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
    return draft


def put_in_place(draft: Path, journal: Path) -> Path | None:
    """Steps 2 to 4; nobody may have the journal open. Returns the old journal's new name, None if there was none."""
    aside = None
    with our_errors("write to", journal):
        if journal.exists():
            _fold_in(journal)
            aside = journal.with_name(f"{journal.stem}-replaced-{files.stamp()}{journal.suffix}")
            os.link(journal, aside)
            if (log := files.log_of(journal)).exists():  # a damaged journal keeps its log
                log.replace(files.log_of(aside))
        journal.with_name(journal.name + "-shm").unlink(missing_ok=True)
        copies.publish(draft, journal)
    return aside


def _fold_in(journal: Path) -> None:
    with suppress(sqlite3.Error), closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def belongs_to_the_group(draft: Path) -> None:
    """As the services make their files: the directory's owner and group, both of whom may write."""
    owner = draft.parent.stat()
    draft.chmod(0o660)
    with suppress(PermissionError):
        os.chown(draft, owner.st_uid, owner.st_gid)
