"""Which processes have a file or a device locked or open, as far as the kernel shows them to this user in /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
ALL_PROCESSES = "pid:[4026531836]"
"""The namespace in which all processes are seen (PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h)."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this computer, by its number and the kernel's name for it."""

    number: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.number})"


def is_locked(path: Path, proc: Path = PROC) -> bool | None:
    """Whether a process holds the lock on `path`; None if that cannot be seen, for example from a container."""
    holders = lock_holders(path, proc)
    return None if holders is None else bool(holders)


def lock_holders(path: Path, proc: Path = PROC) -> list[Process] | None:
    """The processes that hold the lock (flock) on `path`, this one too; None if that cannot be seen.

    Trying the lock could disturb its owner. The kernel lists only the locks of processes that this one can see.
    """
    try:
        inode = f"{_disk(path, proc)}:{path.stat().st_ino}"
        locks = [line.split() for line in (proc / "locks").read_text().splitlines()]
        found = {int(lock[4]) for lock in locks if len(lock) > 5 and lock[1] == "FLOCK" and lock[5].endswith(inode)}
        are_all_seen = found or (proc / "self/ns/pid").readlink().name == ALL_PROCESSES
        return _named(found, proc) if are_all_seen else None
    except FileNotFoundError:
        return None if path.exists() else []
    except OSError:
        return None


def _disk(path: Path, proc: Path) -> str:
    """The file system that it is on, as the kernel's list of locks names it; "" if that cannot be seen.

    On btrfs and in containers os.stat names another one.
    """
    try:
        mounts = [line.split() for line in (proc / "self/mountinfo").read_text().splitlines()]
    except FileNotFoundError:
        return ""
    by_place = {mount[4].replace("\\040", " "): mount[2] for mount in mounts}
    real = path.resolve()
    device = next((by_place[str(each)] for each in (real, *real.parents) if str(each) in by_place), ":")
    return ":".join(f"{int(number):02x}" for number in device.split(":") if number)


def users_of(path: Path, proc: Path = PROC) -> list[Process]:
    """The other processes that have it open or locked.

    For a pseudo-terminal only locks count: the program that made it, such as a simulator, keeps it open too.
    """
    real = path.resolve()
    numbers = {each.number for each in lock_holders(path, proc) or ()}
    if real.parent.name != "pts":
        numbers |= {int(each.name) for each in proc.glob("[0-9]*") if _has_open(each, str(real))}
    return _named(numbers - {os.getpid()}, proc)


def _has_open(process: Path, path: str) -> bool:
    """Also False if this user may not look."""
    try:
        return any(os.readlink(each) == path for each in (process / "fd").iterdir())
    except OSError:
        return False


def _named(numbers: set[int], proc: Path) -> list[Process]:
    return [Process(number, _name(proc / str(number))) for number in sorted(numbers)]


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a program"
