"""The files of settings in /etc/solar: read, changed line by line, and written all together or not at all."""

import errno
import os
import re
import signal
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from journal.errors import SolarError

OPEN_TO_ALL = "solar.env"
"""Any other file may hold a password and gets mode 600: systemd reads it as root."""
_PLAIN = re.compile(r"[\w@%+=:,./~-]+( [\w@%+=:,./~-]+)*")
_LINE = re.compile(r"^\s*(\w+)=(.*)$")


def read(path: Path) -> dict[str, str]:
    """The settings in a file; none if it is not there."""
    lines = (_LINE.match(line) for line in _text(path).splitlines())
    return {line[1]: line[2].strip().strip("\"'") for line in lines if line}


def stray_line(path: Path) -> int | None:
    """The number of the first line that is neither a setting nor a comment."""
    numbered = enumerate(_text(path).splitlines(), start=1)
    return next((number for number, line in numbered if not re.match(r"\s*(#|$|\w+=)", line)), None)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise SolarError(f"cannot read {path}: {error}; run it with sudo") from error


@dataclass(frozen=True, slots=True)
class Change:
    """One file's new text, and what is different in it."""

    path: Path
    text: str
    before: Mapping[str, str]
    after: Mapping[str, str]

    def overwritten(self) -> list[str]:
        """A line for each setting that has another value now; of a secret only that it has."""
        return [
            f"{name}: changed"
            if name.endswith(("TOKEN", "ALERT_URLS", "MQTT_URL"))
            else f"{name}: {self.before[name]} -> {value}"
            for name, value in self.after.items()
            if name in self.before and self.before[name] != value
        ]


def changed(path: Path, values: Mapping[str, str]) -> Change:
    """With these values; comments and other settings stay."""
    left = dict(values)
    lines = []
    for line in _text(path).splitlines():
        found = _LINE.match(line)
        lines.append(f"{found[1]}={_quoted(left.pop(found[1]))}" if found and found[1] in left else line)
    lines += [f"{name}={_quoted(value)}" for name, value in left.items()]
    return Change(path, "".join(f"{line}\n" for line in lines), read(path), values)


def _quoted(value: str) -> str:
    """As systemd and the command for people both read it."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" in value:
        raise SolarError("cannot write a value with ' in it: a file of settings cannot hold that; choose another one")
    return f"'{value}'"


def write_all(changes: Iterable[Change]) -> None:
    """First all drafts, then all names: a full disk or Ctrl-C changes nothing. Raises SolarError."""
    drafts: list[tuple[Path, Path]] = []
    try:
        for change in changes:
            change.path.parent.mkdir(parents=True, exist_ok=True)
            draft = change.path.with_name(f".{change.path.name}.new")
            drafts.append((draft, change.path))
            _write(draft, change.text, 0o644 if change.path.name == OPEN_TO_ALL else 0o600)
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        try:
            for draft, path in drafts:
                draft.replace(path)
            os.sync()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "fix that and try again"
        raise SolarError(f"cannot write {drafts[-1][1] if drafts else 'the settings'}: {words}; {remedy}") from error
    finally:
        for draft, _ in drafts:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _write(draft: Path, text: str, mode: int) -> None:
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
