"""What a reading costs, in counts that are the same on every computer: more than this is a regression.

`make bench` measures the rest; docs/performance.md says what a user gets from it.
"""

import gzip
import subprocess
import sys
from pathlib import Path

from admin.commands.status import status
from benchmarks import counts
from benchmarks.journals import make, readings
from journal.journal import Journal
from journal.writer import JournalWriter
from tests.servers import program
from uploader.server.influx import compressed
from uploader.server.line_protocol import COLUMNS, lines

GROWTH = """
import os, sys
from pathlib import Path
from benchmarks.journals import readings
from benchmarks.process import resident_megabytes
from journal.writer import JournalWriter
with JournalWriter.create(Path(sys.argv[1])) as journal:
    journal.append_all(readings(100, journal.boot_number("boot")))
    before = resident_megabytes(os.getpid())
    journal.append_all(readings(int(sys.argv[2]), journal.boot_number("boot")))
    print(resident_megabytes(os.getpid()) - before)
"""
CERTIFICATE = Path(__file__).parents[1] / "uploader" / "certificates" / "valid.pem"


def test_a_reading_is_one_sync_and_a_page_or_two(tmp_path: Path) -> None:
    """500 against 100. The floor of SQLite's log is a page of 4,120 bytes for each reading."""
    program("strace", "strace")
    syncs, size = counts.per_reading(tmp_path, 100, 500)
    assert syncs == 1.0
    assert size < 4900


def test_a_reading_in_which_nothing_changes_asks_each_register_once_or_twice() -> None:
    first, *later = counts.exchanges()
    assert (first, set(later)) == (79, {27})


def test_a_backlog_goes_out_in_few_and_small_requests(tmp_path: Path) -> None:
    requests, lines, size = counts.drained(tmp_path, 2000)
    assert (requests, lines) == (5, 2000)
    assert size / lines < 16.5


def test_a_large_request_is_smaller_than_gzip_9_makes_it(tmp_path: Path) -> None:
    with Journal.open(make(tmp_path / "journal.db", 5000)) as journal:
        rows = journal.values("readings", COLUMNS["readings"], 1, 5000)
        texts = [line.text for line in lines(rows, "readings", journal.sites("readings"))]
    assert len(compressed(texts)) < len(gzip.compress("\n".join(texts).encode(), 9))


def test_six_readings_go_out_as_one_piece_with_few_headers(tmp_path: Path) -> None:
    """1,440 of these are a day's traffic. TLS: one record for the request, one for the answer, 22 bytes each."""
    secure, plain = counts.request_bytes(tmp_path, CERTIFICATE)
    assert plain < 820
    assert secure - plain == 44


def test_a_journal_at_rest_has_no_room_to_spare(tmp_path: Path) -> None:
    path = make(tmp_path / "journal.db", 5000)
    assert path.stat().st_size / 5000 < 210


def test_what_was_written_does_not_stay_in_memory(tmp_path: Path) -> None:
    """15,000 readings are almost 3 MB. Their ids alone, as they are returned, take 0.6."""
    command = [sys.executable, "-c", GROWTH, str(tmp_path / "journal.db"), "15000"]
    assert float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) < 1.5


def test_nothing_that_runs_often_goes_through_a_whole_table(tmp_path: Path) -> None:
    with counts.statements() as executed:
        counts.drained(tmp_path, 300)
        status(data=tmp_path)
        with JournalWriter.create(tmp_path / "journal.db") as journal:
            for reading in readings(3, journal.boot_number("another")):
                journal.append(reading)
    assert len(executed) > 50
    assert counts.scans(tmp_path / "journal.db", executed) == []
