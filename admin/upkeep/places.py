"""Where backups go: a directory, a USB stick by its label, or another computer by rsync.

/mnt/nas/solar               a directory
usb:BACKUPS                  the file system with this label, mounted for as long as it is needed
pi@backup.example:solar      a directory on another computer, by rsync over ssh; also rsync://host/module/path
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from admin.upkeep.programs import said
from journal.access import obstacle
from journal.errors import BadSetting, SolarError

AGAIN = "it is tried again next time"
LABELS = Path("/dev/disk/by-label")
MOUNT = Path("/run/solar-backup")


@contextmanager
def opened(place: str) -> "Iterator[Place]":
    """The place that a person has named. Raises BadSetting, or SolarError if it cannot be reached now."""
    if place.startswith("usb:"):
        with mounted(place.removeprefix("usb:")) as directory:
            yield Directory(directory)
    elif place.startswith("/"):
        if not os.path.isdir(place):
            missing = "there is no such directory; plug the disk in, or create the directory"
            raise SolarError(f"cannot write a backup to {place}: {obstacle(Path(place)) or missing}")
        yield Directory(Path(place))
    elif ":" in place:
        with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="solar-backup-") as staging:  # the disk
            yield Remote(place.rstrip("/") + "/", Path(staging))
    else:
        raise BadSetting(
            f"cannot write a backup to {place}: give a directory such as /mnt/backup, a USB stick as usb:LABEL, or "
            "an rsync target such as user@host:directory"
        )


@contextmanager
def mounted(label: str) -> Iterator[Path]:
    """The directory where the file system with this label is mounted; unmounted afterwards if it was not before."""
    device = LABELS / label
    if not label or "/" in label or not device.exists():
        known = ", ".join(sorted(path.name for path in LABELS.glob("*"))) or "none"
        raise SolarError(f"cannot write a backup to usb:{label}: no such stick; plug it in (labels found: {known})")
    for line in Path("/proc/mounts").read_text().splitlines():
        source, target, *_ = line.split()
        if source.startswith("/dev/") and os.path.realpath(source) == os.path.realpath(device):
            yield Path(target.replace("\\040", " "))
            return
    MOUNT.mkdir(parents=True, exist_ok=True)
    said(f"cannot mount usb:{label}", AGAIN, "mount", "-o", "nosuid,nodev,noexec", str(device), str(MOUNT))
    try:
        yield MOUNT
    finally:
        said(f"cannot unmount usb:{label}", AGAIN, "umount", str(MOUNT))


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory on this computer."""

    path: Path

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())

    def draft(self, name: str) -> Path:
        return self.path / f".{name}.new"

    def publish(self, draft: Path, name: str) -> None:
        draft.replace(self.path / name)
        os.sync()  # a stick is soon pulled out

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Remote:
    """A directory on another computer. `staging`: an empty one here."""

    target: str
    staging: Path

    def names(self) -> list[str]:
        listed = self._rsync("--list-only", self.target)
        return [line.split(maxsplit=4)[-1] for line in listed.splitlines() if line[:1] == "-"]

    def draft(self, name: str) -> Path:
        return self.staging / name

    def publish(self, draft: Path, name: str) -> None:
        # --fuzzy: what has not changed since the copy before need not go over the line again.
        self._rsync("--times", "--partial", "--fuzzy", str(draft), self.target)
        if self._rsync("--checksum", "--dry-run", "--itemize-changes", str(draft), self.target):
            raise SolarError(f"cannot write a backup to {self.target}: what arrived there differs; {AGAIN}")

    def remove(self, name: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.staging) as empty:
            choice = (f"--include=/{name}", "--exclude=*")
            self._rsync("--recursive", "--delete", *choice, f"{empty}/", self.target)

    def _rsync(self, *arguments: str) -> str:
        command = ["rsync", "--rsh=ssh -o BatchMode=yes -o ConnectTimeout=20", "--timeout=300", *arguments]
        return said(f"cannot write a backup to {self.target}", AGAIN, *command)


Place = Directory | Remote
"""An opened place. `draft` says where to write a copy before `publish` gives it its name, which it gets whole or not at
all; it may be on another disk."""
