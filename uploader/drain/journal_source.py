"""JournalSource: the journal as it is now. It may not be there yet, and the logger may replace a damaged one."""

from pathlib import Path
from typing import Self

from journal.journal import Journal


class JournalSource:
    """journal.db at `path`. It is opened read-only at the first call, and again if the file was replaced or has a new
    format."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal: Journal | None = None
        self._inode: tuple[int, int] | None = None
        self._format = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._journal:
            self._journal.close()
        self._journal = None

    def current(self) -> Journal:
        """The journal. Raises JournalMissing (there is none yet), JournalUnusable, JournalTooNew."""
        try:
            status = self.path.stat()
            inode = status.st_dev, status.st_ino
        except OSError:
            inode = None
        if self._journal is None or inode != self._inode or self._format != self._journal.format():
            self.close()
            self._journal, self._inode = Journal.open(self.path), inode
            self._format = self._journal.format()
        return self._journal
