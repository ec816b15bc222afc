"""weewx, which logs weather stations as this program logs regulators: what it writes for a record of its simulator."""

import os
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import counts
from benchmarks.figure import Figure, Place
from benchmarks.process import PEERS, until

RECORDS = 30


def weewx(place: Place) -> Iterator[Figure]:
    """Counts, of records that weewx's simulator makes without waiting, and without reports."""
    root, log = place.directory / "weewx", place.directory / "weewx.strace"
    create = ["station", "create", root, "--driver=weewx.drivers.simulator", "--no-prompt"]
    subprocess.run([PEERS / "weectl", *create, f"--config={root}/weewx.conf"], check=True, capture_output=True)
    config = root / "weewx.conf"
    text = re.sub(r"(?m)^( *(restful|report)_services =).*", r"\1 ,", config.read_text())
    config.write_text(re.sub(r"(?m)^( *mode =) simulator", r"\1 generator", text))
    database = root / "archive" / "weewx.sdb"
    command = counts.traced([PEERS / "weewxd", config], log)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        try:
            until(lambda: _records(database) >= RECORDS, f"{RECORDS} records of weewx")
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # strace alone would wait for it
    syncs, size = counts.written_to(database.parent, log)
    records = _records(database)
    peer = f"weewx, a record: {syncs / records:.0f} fdatasync"
    yield Figure("bytes written a record by weewx's simulator", size / records, "B", None, peer)


def _records(database: Path) -> int:
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM archive").fetchone()[0])
        except sqlite3.OperationalError:  # it is just being made
            return 0
