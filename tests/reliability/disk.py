"""Disk: the files that a power cut may leave behind, at each point of a recording.

What is certain: all that a file was synced with (fsync, fdatasync), and all names that the directory was synced with.
Of what came since, this much may be there:

    names   a beginning of the changes, in their order, as journalling file systems do it (ext4, f2fs, xfs): none … all
    bytes   all, none, a beginning, all but one write, any of the writes; and a write may be torn: any of its sectors
    size    as the last sector that is there, or as if all were there, with zeros or with old rubbish in the gap
    -shm    anything: it is written through memory, and nothing of it is ever synced

A sync of a file says nothing about its name here, which is less than ext4 gives and all that POSIX does.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.reliability.recording import Create, Marker, Recording, Rename, Sync, SyncDirectory, Truncate, Unlink, Write

SECTOR = 512

Kept = dict[
    int, frozenset[int] | None
]  # number of a step -> the sectors of it that are there, None for the whole of it


@dataclass(frozen=True, slots=True)
class Leftover:
    """Of the steps of one file that were not synced, those that are there, and with what the gap at its end is filled.

    `destroyed`: the size of the sectors, if each one that was being written is rubbish as a whole, its old bytes too.
    """

    kept: Kept
    fill: str = ""  # "zeros" or "rubbish" if the size is there although the bytes are not
    destroyed: int = 0


NOTHING = Leftover({})


@dataclass(slots=True)
class File:
    """One file: its bytes at its last sync, and the steps since, by their numbers in the recording."""

    synced: bytes = b""
    pending: dict[int, Write | Truncate] = field(default_factory=dict)

    def content(self, leftover: Leftover) -> bytes:
        """The bytes that are found after the cut."""
        content = bytearray(self.synced)
        size = len(content)
        for number, step in self.pending.items():
            size = step.size if isinstance(step, Truncate) else max(size, step.offset + len(step.content))
            if number in leftover.kept:
                _apply(content, step, leftover.kept[number])
        if leftover.fill and size > len(content):
            gap = size - len(content)
            content += bytes(gap) if leftover.fill == "zeros" else random.Random(size).randbytes(gap)
        if leftover.destroyed:
            for number, step in self.pending.items():
                for sector in _sectors(step, leftover.destroyed):
                    first = sector * leftover.destroyed
                    length = min(leftover.destroyed, max(0, len(content) - first))
                    content[first : first + length] = random.Random(number).randbytes(length)
        return bytes(content)

    def sync(self) -> None:
        """All that is pending becomes certain."""
        self.synced = self.content(Leftover(dict.fromkeys(self.pending)))
        self.pending.clear()


@dataclass(frozen=True, slots=True)
class Cut:
    """One way in which a cut may turn out: the names and their files, and what is left of each file not synced."""

    names: dict[str, int]
    leftovers: dict[int, Leftover]
    words: str


@dataclass(frozen=True, slots=True)
class State:
    """What a cut leaves behind: files by name, the markers that the process had written, and how it came about."""

    files: dict[str, bytes]
    markers: tuple[str, ...]
    words: str

    def write_to(self, directory: Path) -> None:
        """Lay the files down in a directory."""
        for name, content in self.files.items():
            (directory / name).write_bytes(content)


class Disk:
    """The files of a directory while a recording is played to it. `is_thorough`: every kind of tear at every point."""

    def __init__(self, before: dict[str, bytes], chance: random.Random, *, is_thorough: bool) -> None:
        self._files = {number: File(content) for number, content in enumerate(before.values())}
        self._names = {name: number for number, name in enumerate(before)}
        self._chance = chance
        self._is_thorough = is_thorough
        self._name_changes: list[Create | Rename | Unlink] = []
        self._synced_at: dict[int, int] = {}

    def play(self, number: int, step: object) -> None:
        """Take the next step of the recording."""
        match step:
            case Create(file, _):
                self._files[file] = File()
                self._name_changes.append(step)
            case Rename() | Unlink():
                self._name_changes.append(step)
            case Write(file, _, _) | Truncate(file, _):
                self._files[file].pending[number] = step
            case Sync(file):
                self._files[file].sync()
                self._synced_at[file] = number
            case SyncDirectory():
                self._names = self._names_after(len(self._name_changes))
                self._name_changes.clear()

    def cuts(self, samples: int) -> Iterator[Cut]:
        """The ways in which a cut now may turn out: the systematic ones, and so many at random."""
        unsynced = {number: file for number, file in self._files.items() if file.pending}
        for done in range(len(self._name_changes) + 1):
            names = self._names_after(done)
            place = f"{done} of {len(self._name_changes)} changes of names"
            present = {number: file for number, file in unsynced.items() if number in names.values()}
            for others in ("none", "all"):
                rest = {number: _whole(file, others == "all") for number, file in present.items()}
                yield Cut(names, rest, f"{place}, {others} of the unsynced")
                for number, file in present.items():
                    for leftover, how in self._leftovers(file):
                        yield Cut(names, rest | {number: leftover}, f"{place}, file {number}: {how}; else {others}")
        for _ in range(samples):
            names = self._names_after(self._chance.randint(0, len(self._name_changes)))
            yield Cut(names, {number: self._random(file) for number, file in unsynced.items()}, "at random")

    def destroyed(self, sector: int) -> Cut:
        """Beyond what is promised: a cut now that turns each sector being written into rubbish."""
        leftovers = {number: replace(_whole(file, True), destroyed=sector) for number, file in self._files.items()}
        return Cut(self._names_after(len(self._name_changes)), leftovers, f"sectors of {sector} destroyed")

    def files(self, cut: Cut) -> dict[str, bytes]:
        """The files by name, as such a cut leaves them."""
        return {
            name: self._shm() if name.endswith("-shm") else self._files[file].content(cut.leftovers.get(file, NOTHING))
            for name, file in cut.names.items()
        }

    def key(self, cut: Cut) -> object:
        """The same for two cuts that leave the same behind."""
        parts = []
        for name, file in cut.names.items():
            left = cut.leftovers.get(file, NOTHING)
            if not name.endswith("-shm"):
                parts.append((name, file, self._synced_at.get(file), frozenset(left.kept.items()), left.fill))
        return frozenset(parts)

    def _names_after(self, count: int) -> dict[str, int]:
        names = dict(self._names)
        for step in self._name_changes[:count]:
            match step:
                case Create(file, name):
                    names[name] = file
                case Rename(old, new):
                    names[new] = names.pop(old)
                case Unlink(name):
                    del names[name]
        return names

    def _leftovers(self, file: File) -> Iterator[tuple[Leftover, str]]:
        numbers = list(file.pending)
        for count in range(1, len(numbers)):
            yield Leftover(dict.fromkeys(numbers[:count])), f"the first {count} of {len(numbers)} writes"
        for number in numbers:
            yield Leftover(dict.fromkeys(set(numbers) - {number})), f"all but step {number}"
        newest = numbers[-1]
        sectors = _sectors(file.pending[newest])
        tears = [self._chance.sample(sectors, len(sectors) // 2)]
        befores = [numbers[:-1]]
        if self._is_thorough:
            tears += [sectors[:1], sectors[1:], sectors[:-1], sectors[-1:]]
            befores.append([])
            for fill in ("zeros", "rubbish"):
                yield Leftover({}, fill), f"the size alone, with {fill}"
        for there in tears:
            for before in befores:
                kept: Kept = {**dict.fromkeys(before), newest: frozenset(there)}
                yield Leftover(kept), f"{len(before)} earlier and sectors {sorted(there)} of step {newest}"

    def _random(self, file: File) -> Leftover:
        kept: Kept = {}
        for number, step in file.pending.items():
            sectors = _sectors(step)
            if self._chance.random() < 0.5:
                torn = frozenset(self._chance.sample(sectors, len(sectors) // 2))
                kept[number] = None if self._chance.random() < 0.5 else torn
        return Leftover(kept, self._chance.choice(["", "zeros", "rubbish"]))

    def _shm(self) -> bytes:
        return self._chance.choice([b"", bytes(32768), self._chance.randbytes(32768)])


def states(recording: Recording, seed: int, *, samples: int, is_thorough: bool) -> Iterator[State]:
    """Every different state that a cut after each step may leave behind: systematic ones, and random ones a step."""
    disk = Disk(recording.before, random.Random(seed), is_thorough=is_thorough)
    markers: tuple[str, ...] = ()
    seen = set()
    for number, step in enumerate(recording.steps):
        disk.play(number, step)
        if isinstance(step, Marker):
            markers = (*markers, step.text)
        for cut in disk.cuts(samples):
            key = (len(markers), disk.key(cut))
            if key not in seen:
                seen.add(key)
                yield State(disk.files(cut), markers, f"cut after step {number} (seed {seed}): {cut.words}")


def destroyed_states(recording: Recording, sector: int) -> Iterator[State]:
    """Beyond what is promised: after each write, a cut that turns the sectors being written into rubbish."""
    disk = Disk(recording.before, random.Random(0), is_thorough=False)
    markers: tuple[str, ...] = ()
    for number, step in enumerate(recording.steps):
        disk.play(number, step)
        if isinstance(step, Marker):
            markers = (*markers, step.text)
        if isinstance(step, Write):
            cut = disk.destroyed(sector)
            yield State(disk.files(cut), markers, f"cut after step {number}: {cut.words}")


def _whole(file: File, is_there: bool) -> Leftover:
    return Leftover(dict.fromkeys(file.pending) if is_there else {})


def _sectors(step: Write | Truncate, size: int = SECTOR) -> list[int]:
    if isinstance(step, Truncate):
        return []
    return list(range(step.offset // size, (step.offset + len(step.content) - 1) // size + 1))


def _apply(content: bytearray, step: Write | Truncate, sectors: frozenset[int] | None) -> None:
    if isinstance(step, Truncate):
        del content[step.size :]
        content += bytes(step.size - len(content))
        return
    end = step.offset + len(step.content)
    for sector in _sectors(step) if sectors is None else sorted(sectors):
        first, last = max(step.offset, sector * SECTOR), min(end, (sector + 1) * SECTOR)
        content += bytes(max(0, first - len(content)))
        content[first:last] = step.content[first - step.offset : last - step.offset]
