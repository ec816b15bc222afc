"""Writes a file that appears whole or not at all: a draft beside it, synced, renamed."""

import gzip
import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from journal import copies
from journal.access import READ_ONLY, obstacle, state_of_disk
from journal.errors import BadSetting, SolarError

OURS = (
    *("journal.db", "uploader.db", "alerts.db", "page.db", "calibration.json", "backup.json"),
    *("journal.lock", "uploader.lock", "alerts.lock"),
)
"""Files in the data directory that only their own service or command writes to."""


@contextmanager
def whole_file(target: Path, data: Path) -> Iterator[Path]:
    """The draft's path, to be filled; it takes the name of `target` when the block ends without an exception.

    Raises BadSetting if no file can be there, or if it is one of the files in the directory `data`.
    """
    target = checked(target, data)
    draft = target.with_name(f".{target.name}.draft")
    try:
        try:
            draft.unlink(missing_ok=True)
            yield draft
            copies.publish(draft, target)
        except (OSError, sqlite3.Error) as error:
            words = str(getattr(error, "strerror", None) or error).lower()
            raise SolarError(f"cannot write {target}: {words}; fix that, or choose another file") from error
    finally:
        for leftover in (draft, draft.with_name(draft.name + "-journal")):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextmanager
def whole_text(target: Path, data: Path) -> Iterator[TextIO]:
    """The same, with the draft open for UTF-8 text; gzipped if the name of `target` ends in .gz."""
    with (
        whole_file(target, data) as draft,
        gzipped(draft) if is_gzip(target) else draft.open("w", encoding="utf-8", newline="") as text,
    ):
        yield text


@contextmanager
def gzipped(draft: Path) -> Iterator[TextIO]:
    """The file, open for UTF-8 text. No name and no time in the header, so the same text gives the same file."""
    with (
        draft.open("wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        yield text


def is_gzip(target: Path) -> bool:
    return target.suffix.lower() == ".gz"


def database_name(target: Path, data: Path) -> Path:
    """`target` as by `checked`, for a database. Raises BadSetting for a name that ends in .gz."""
    if is_gzip(target):
        raise BadSetting(
            f"cannot write {target}: a database is not compressed; leave .gz off the name, and compress it "
            f"afterwards (gzip {target.stem})"
        )
    return checked(target, data)


def checked(target: Path, data: Path) -> Path:
    """`target` with links followed, if a file may be written there. Raises BadSetting."""
    try:
        real = target.resolve()
        if words := obstacle(real.parent):
            raise BadSetting(f"cannot write {target}: {words}, or choose another file")
        if real.is_dir():
            raise BadSetting(f"cannot write {target}: it is a directory; give a file name")
        if not real.parent.is_dir():
            raise BadSetting(
                f"cannot write {target}: there is no directory {real.parent}; create it, or choose another"
            )
        if real.exists() and not real.is_file():
            raise BadSetting(f"cannot write {target}: it is not an ordinary file; choose another name")
        if real.parent == data.resolve() and real.name.removesuffix("-wal").removesuffix("-shm") in OURS:
            raise BadSetting(f"cannot write {target}: the services use this file; choose another")
        if words := obstacle(real.parent, write=True):
            raise BadSetting(f"cannot write {target}: {words}, or choose another file")
        if state_of_disk(real.parent) == READ_ONLY:
            raise BadSetting(f"cannot write {target}: {READ_ONLY}; choose another file")
    except (OSError, RuntimeError, ValueError) as error:
        raise BadSetting(f"cannot write {target}: {error}; choose another name") from error
    return real
