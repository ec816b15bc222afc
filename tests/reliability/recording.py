"""Recording: the calls by which a real process changes the files of one directory, in their order, as strace saw them.

Whatever changes a file there and is not understood here raises, so that nothing is overlooked. One exception, by its
nature: the memory-mapped `-shm` file, whose content SQLite throws away after a restart.

What the process writes to its standard output is recorded among the calls: a marker says how far it had come.
"""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# -f is needed by --seccomp-bpf, which stops the process at the wanted calls alone.
STRACE = (
    "strace",
    "-f",
    "--seccomp-bpf",
    "-qq",
    "-xx",
    "-s",
    "1000000",
    "-e",
    "trace=%file,%desc",
    "-e",
    "signal=none",
)

# fmt: off
HARMLESS = frozenset({
    "access", "chdir", "chmod", "chown", "execve", "faccessat2", "fchmod", "fchmodat", "fchown", "fcntl", "flock",
    "fstat", "fstatfs", "getcwd", "getdents64", "ioctl", "lseek", "lstat", "newfstatat", "pread64", "read", "readlink",
    "stat", "statfs", "statx", "utime", "utimensat",
})
# fmt: on
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?|0x[0-9a-f]+)(?: .*)?$")


@dataclass(frozen=True, slots=True)
class Create:
    """A name appears in the directory; `file` is the number of the file behind it."""

    file: int
    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A file takes another name, and the place of whatever had that name."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """A name goes from the directory."""

    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes are written into a file."""

    file: int
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file is cut or extended to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Everything written to a file so far is on the disk."""

    file: int


@dataclass(frozen=True, slots=True)
class SyncDirectory:
    """Every change of names so far is on the disk."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The process said on its standard output how far it had come."""

    text: str


Step = Create | Rename | Unlink | Write | Truncate | Sync | SyncDirectory | Marker


@dataclass(frozen=True, slots=True)
class Recording:
    """The files that were in the directory before, safely on the disk, in the order of their numbers; and the steps."""

    before: dict[str, bytes]
    steps: list[Step]


def record(directory: Path, command: Sequence[str], cwd: Path, log: Path) -> Recording:
    """Run a command that works in `directory`; what it did there. Raises when the command fails."""
    before = {file.name: file.read_bytes() for file in directory.iterdir()}
    subprocess.run([*STRACE, "-o", str(log), *command], cwd=cwd, check=True, stdout=subprocess.PIPE, timeout=120)
    return Recording(before, parse(log.read_text().splitlines(), directory, list(before)))


def parse(lines: list[str], directory: Path, before: Sequence[str] = ()) -> list[Step]:
    """The steps in strace's lines. Raises ValueError for a change that is not understood."""
    reader = _Reader(directory, before)
    for line in lines:
        found = CALL.match(line)
        if not found:
            if "+++" in line:
                continue
            raise ValueError(f"not a finished call: {line[:200]}")
        name, arguments, result = found.groups()
        if result.startswith("-") or result == "?":
            continue  # it failed, and so changed nothing
        reader.call(name, arguments.split(", "), int(result, 0), line[:200])
    return reader.steps


class _Reader:
    """Follows the file descriptors and names of one directory through the calls."""

    def __init__(self, directory: Path, before: Sequence[str]) -> None:
        self.steps: list[Step] = []
        self._directory = str(directory)
        self._open: dict[int, int | None] = {}  # descriptor -> file; None is the directory itself
        self._places: dict[int, int] = {}  # descriptor open for nothing but writing -> where the next write goes
        self._names = {name: number for number, name in enumerate(before)}
        self._count = len(before)

    def call(self, name: str, arguments: list[str], result: int, line: str) -> None:
        if name == "lseek" and int(arguments[0]) in self._places:
            self._places[int(arguments[0])] = result
        if name in HARMLESS:
            return
        descriptor = int(arguments[4 if name == "mmap" else 0]) if _is_number(arguments, name) else None
        inside = [text for text in map(_path, arguments) if text and f"{text}/".startswith(f"{self._directory}/")]
        if name == "write" and descriptor == 1 and 1 not in self._open:
            self.steps += [Marker(text) for text in _bytes(arguments[1]).decode().splitlines()]
        elif name in ("openat", "open", "creat") and inside:
            self._opened(name, inside[0], arguments, result)
        elif name == "close" and descriptor is not None:
            self._open.pop(descriptor, None)
        elif name in ("rename", "renameat", "renameat2") and inside:
            old, new = map(self._name, inside)  # both, or this raises: moving in or out is not understood
            self._names[new] = self._names.pop(old)
            self.steps.append(Rename(old, new))
        elif name in ("unlink", "unlinkat") and inside:
            del self._names[self._name(inside[0])]
            self.steps.append(Unlink(self._name(inside[0])))
        elif descriptor is not None and descriptor in self._open:
            self._changed(name, descriptor, arguments, result, line)
        elif inside and not (name == "mkdir" and inside == [self._directory]):
            raise ValueError(f"a call that is not understood: {line}")

    def _name(self, path: str) -> str:
        return path.removeprefix(f"{self._directory}/")

    def _opened(self, call: str, path: str, arguments: list[str], result: int) -> None:
        if path == self._directory:
            self._open[result] = None
            return
        name = self._name(path)
        if name not in self._names:
            self._names[name] = self._count
            self._count += 1
            self.steps.append(Create(self._names[name], name))
        self._open[result] = self._names[name]
        flags = " ".join(arguments[1:])
        self._places.pop(result, None)
        if call == "creat" or ("O_WRONLY" in flags and "O_APPEND" not in flags):
            self._places[result] = 0
        if call == "creat" or "O_TRUNC" in flags:
            self.steps.append(Truncate(self._names[name], 0))

    def _changed(self, name: str, descriptor: int, arguments: list[str], result: int, line: str) -> None:
        file = self._open[descriptor]
        if name in ("fsync", "fdatasync"):
            self.steps.append(SyncDirectory() if file is None else Sync(file))
        elif file is not None and name == "pwrite64":
            self.steps.append(Write(file, int(arguments[3]), _bytes(arguments[1])[:result]))
        elif file is not None and name == "write" and descriptor in self._places:
            self.steps.append(Write(file, self._places[descriptor], _bytes(arguments[1])[:result]))
            self._places[descriptor] += result
        elif file is not None and name == "ftruncate":
            self.steps.append(Truncate(file, int(arguments[1])))
        elif name == "mmap" and (file in self._mappable() or "MAP_SHARED" not in line or "PROT_WRITE" not in line):
            pass
        else:
            raise ValueError(f"a call that is not understood: {line}")

    def _mappable(self) -> set[int]:
        return {number for name, number in self._names.items() if name.endswith("-shm")}


def _is_number(arguments: list[str], name: str) -> bool:
    place = 4 if name == "mmap" else 0
    return len(arguments) > place and arguments[place].isdigit()


def _bytes(argument: str) -> bytes:
    if argument.endswith("..."):
        raise ValueError("strace cut a string short")
    return bytes.fromhex(argument.strip('"').replace("\\x", ""))


def _path(argument: str) -> str | None:
    return _bytes(argument).decode(errors="replace") if argument.startswith('"') else None
