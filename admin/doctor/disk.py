"""Checks the journal's disk: free space, how long it lasts, how long writing a reading takes."""

import errno
import logging
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import NamedTemporaryFile

from admin.doctor.finding import Finding, bad, look, ok, see, skipped
from admin.health.health import Disk, Health
from admin.terminal.words import size

log = logging.getLogger(__name__)

FULL_BYTES = 20_000_000
APPEND_BYTES = 4600
"""What one reading writes to the disk."""
APPENDS = 12
APPENDS_SECONDS = 6.0
SLOW_SECONDS, HOPELESS_SECONDS = 1.0, 5.0


def disk(health: Health) -> Iterator[Finding]:
    """Free space, then speed, of the nearest directory that exists."""
    directory = Path(health.data).resolve()
    while not os.path.exists(directory):  # also False if this user may not look
        directory = directory.parent
    usage = shutil.disk_usage(directory)
    yield room(
        health.disk or Disk(free_bytes=usage.free, total_bytes=usage.total, journal_bytes=0, journal_bytes_per_day=None)
    )
    yield card(directory)


def room(disk: Disk) -> Finding:
    """How much is free, and how long it lasts."""
    found = f"{size(disk.free_bytes)} of {size(disk.total_bytes)} free"
    if disk.lasts:
        found += f", enough for {disk.lasts} at this pace"
    remedy = "free some space, or set SOLAR_KEEP_DAYS: sent readings older than that are deleted"
    if disk.free_bytes < FULL_BYTES:
        return bad("disk", found, remedy)
    return look("disk", found, remedy) if disk.is_low else ok("disk", found)


def card(directory: Path) -> Finding:
    """How long the disk takes to write a reading. The test file is removed."""
    try:
        seconds = append_seconds(directory)
    except OSError as error:
        if error.errno == errno.EROFS:
            remedy = "restart the computer; if it is the same, the card is worn out: replace it"
            return bad("card", "the disk has become read-only", remedy)
        if error.errno in {errno.EACCES, errno.EPERM}:
            return skipped("card", f"this user may not write to {directory}", "run it with sudo")
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return skipped("card", "not measured: the disk is full", f"free some space, {see('disk')}")
        log.debug("cannot write a test file to %s: %s", directory, error)
        remedy = "copy the journal to another disk (solar backup FILE), then replace the card"
        return bad("card", "the disk reports an error when it is written to", remedy)
    return speed(seconds)


def speed(seconds: list[float]) -> Finding:
    """The finding for `seconds`, the time of each append."""
    usual, worst = median(seconds), max(seconds)
    found = f"writing a reading takes {_ms(usual)}" + (f", at most {_ms(worst)}" if worst >= 0.001 else "")
    if usual > HOPELESS_SECONDS:
        return bad(
            "card",
            found,
            "the card is worn out or failing: copy the journal to another disk (solar backup FILE), then replace it",
        )
    if usual > SLOW_SECONDS or worst > HOPELESS_SECONDS:
        return look(
            "card", found, "the card is slow or worn: keep a spare one ready, and make a backup (solar backup FILE)"
        )
    return ok("card", found)


def append_seconds(directory: Path) -> list[float]:
    """The seconds of a few appends of a reading's size, each synced to the disk; fewer on a slow disk."""
    began = time.monotonic()
    seconds: list[float] = []
    with NamedTemporaryFile(dir=directory, prefix=".solar-doctor-", buffering=0) as file:
        while not seconds or (len(seconds) < APPENDS and time.monotonic() - began < APPENDS_SECONDS):
            before = time.monotonic()
            file.write(bytes(APPEND_BYTES))
            os.fdatasync(file.fileno())
            seconds.append(time.monotonic() - before)
    return seconds


def _ms(seconds: float) -> str:
    if seconds < 0.001:
        return "under 1 ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} seconds"
