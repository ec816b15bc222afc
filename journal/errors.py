"""What can go wrong, as one tree. The command line catches its root, prints the message and exits with `exit_code`.

SolarError                 1  something in the surroundings is wrong: fix it, or try again
├── BadSetting             2  the command line or a setting is wrong
├── JournalError           1  journal.db or uploader.db
│   ├── JournalMissing        there is no such file (yet)
│   ├── JournalUnusable       not SQLite, damaged, unreadable, not writable
│   │   └── JournalInUse      another process writes to it
│   ├── JournalTooNew         written by a newer program; left untouched
│   └── JournalFull           the disk is full or has become read-only; may pass
├── RegulatorError         1  no reading this time; the next try may succeed
│   ├── PortMissing           the serial port is missing, not permitted or used by another program
│   ├── PliSilent             nothing answers at the port: cable, power or baud rate
│   └── RegulatorSilent       the PLI answers, the regulator behind it does not
└── UploadError            1  something could not be sent
"""

import errno
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journal.access import FULL, obstacle, state_of_disk


class SolarError(Exception):
    """Root of all our errors; its text is one line for a person."""

    exit_code = 1


class BadSetting(SolarError):
    """An option or environment variable whose value cannot be used; the text names it and says what would be right."""

    exit_code = 2


def extra_missing(verb: str, needed: str, extra: str) -> BadSetting:
    """For a command whose libraries are optional and not installed; says how to install them (pyproject.toml)."""
    source = Path(sys.prefix).parent / "source"  # docs/by-hand.md: /opt/solar/v1.2.0 beside /opt/solar/source
    if (source / "requirements.lock").exists():
        pip = f"sudo {sys.prefix}/bin/pip install --constraint {source}/requirements.lock '{source}[{extra}]'"
    else:
        pip = f"pip install '.[{extra}]' in the project's directory"
    return BadSetting(f"cannot {verb}: it needs {needed}; install with {pip}")


class JournalError(SolarError):
    """Something is wrong with journal.db or uploader.db."""


class JournalMissing(JournalError):
    """The file is not there (yet)."""


class JournalUnusable(JournalError):
    """Not SQLite, damaged, unreadable or not writable."""


class JournalInUse(JournalUnusable):
    """Another process writes to it: the logger is running."""


class JournalTooNew(JournalError):
    """Written by a newer program. The file was left untouched."""


class JournalFull(JournalError):
    """The disk is full, or the file system has become read-only. Worth trying again later."""


class RegulatorError(SolarError):
    """No reading this time; the next try may succeed."""


class PortMissing(RegulatorError):
    """The serial port is missing, not permitted or used by another program."""


class PliSilent(RegulatorError):
    """Nothing answers at the port: cable, power or baud rate."""


class RegulatorSilent(RegulatorError):
    """The PLI answers, the regulator behind it does not."""


class UploadError(SolarError):
    """Something could not be sent; the text says what and why."""


OURS = ("journal.db", "uploader.db", "alerts.db")
"""A file of this name that is none of ours must be moved away; in place of any other, another one can be named."""

# Primary result codes of SQLite (sqlite.org/rescode.html) for causes that may pass.
_PASSING = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: "it cannot be written to; check who owns it",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_BUSY: "another program has locked it; end that program, or wait until it is done",
}


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's result code without its extension; 0 for an error raised by Python's module itself."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


_CAUSES = {
    errno.ENOSPC: FULL,
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk reports an error",
}

_ELSEWHERE = "set SOLAR_DATA to another directory"

# Both programs check their file when they start.
_SET_ASIDE_BY = {"journal.db": "logger", "uploader.db": "uploader"}


@contextmanager
def our_errors(verb: str, path: Path) -> Iterator[None]:
    """Raise errors of SQLite and the operating system about `path` as our own: cannot <verb> <path>: <cause>."""
    try:
        yield
    except sqlite3.Error as error:
        code = primary_code(error)
        cause = _PASSING.get(code)
        if code == sqlite3.SQLITE_CANTOPEN and verb == "write to":  # of the rollback journal: the file itself is open
            cause = "its directory cannot be written to; check who owns it"
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY) and (words := _in_the_way(path)):
            raise (JournalFull if cause else JournalUnusable)(f"cannot {verb} {path}: {words}") from error
        if cause:
            raise JournalFull(f"cannot {verb} {path}: {state_of_disk(path.parent) or cause}") from error
        if code == sqlite3.SQLITE_NOTADB:
            remedy = f"move it away, or {_ELSEWHERE}" if path.name in OURS else "name another file"
            raise JournalUnusable(f"cannot {verb} {path}: it is not an SQLite database; {remedy}") from error
        if code == sqlite3.SQLITE_CORRUPT:
            raise JournalUnusable(f"cannot {verb} {path}: {_damaged(path)}") from error
        raise JournalUnusable(f"cannot {verb} {path}: {error}") from error
    except OSError as error:
        words = None
        if isinstance(error, PermissionError | FileNotFoundError | FileExistsError | NotADirectoryError):
            where = Path(error.filename or path)
            # It exists, but is not a directory.
            words = _in_the_way(where / "journal.db" if isinstance(error, FileExistsError) else where)
        cause = _CAUSES.get(error.errno or 0) or (error.strerror or str(error)).lower()
        words = words or (cause if ";" in cause else f"{cause}; fix that, or {_ELSEWHERE}")
        raise JournalUnusable(f"cannot {verb} {path}: {words}") from error


def _damaged(path: Path) -> str:
    service = _SET_ASIDE_BY.get(path.name)
    remedy = f"; restart the {service}, which sets it aside and begins a new one" if service else ""
    return f"the file is damaged{remedy}"


def _in_the_way(path: Path) -> str | None:
    """Assume writing, because SQLite does not say what it tried: even a reader writes, to the journal's index."""
    return obstacle(path) or obstacle(path, write=True)
