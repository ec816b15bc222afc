"""Finds the processes that have a file or a device open or locked, as far as /proc shows them to this user."""

import os
from dataclasses import dataclass
from pathlib import Path

from admin.health.survey import PROC, lock_holders


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this computer, by its number and the kernel's name for it."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.number})"


def processes_using(path: Path, proc: Path = PROC) -> list[Process]:
    """The other processes that have it open or locked, by number.

    For a pseudo-terminal only locks count: the program that made it, such as a simulator, keeps it open too.
    """
    real = path.resolve()
    numbers = lock_holders(path, proc) or set()
    if real.parent.name != "pts":
        numbers |= {int(each.name) for each in proc.glob("[0-9]*") if _has_open(each, str(real))}
    return [Process(number, _name(number, proc)) for number in sorted(numbers - {os.getpid()})]


def _has_open(process: Path, path: str) -> bool:
    """Also False if this user may not look."""
    try:
        return any(os.readlink(each) == path for each in (process / "fd").iterdir())
    except OSError:
        return False


def _name(number: int, proc: Path) -> str:
    try:
        return (proc / str(number) / "comm").read_text().strip()
    except OSError:
        return "a program"
