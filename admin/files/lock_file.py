"""A lock file: of two processes that would do everything twice, the second one does not start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journal.errors import SolarError, our_errors


@contextmanager
def only_one(path: Path, refusal: SolarError) -> Iterator[None]:
    """Hold the lock file; raise `refusal` if another process does. The kernel frees it even after a crash."""
    with our_errors("write to", path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Opened for reading, so that it does not matter who made it.
        file = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o664)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal from None
        yield
    finally:
        os.close(file)
