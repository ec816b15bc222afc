"""Writes journal.db and uploader.db of the present format as text, for the versions to come.

python -m tests.journals.write: to be run once for each format, before its first release. What is written is never
changed afterwards: it stands for the files that are out in the field (tests/journal/test_formats.py).
"""

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from journal.boots import Anchor
from journal.id_ranges import IdRanges
from journal.journal import Journal
from journal.reading import Check, Day, Event, Reading
from journal.schema import JOURNAL
from journal.writer import JournalWriter
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.progress_file import SCHEMA
from uploader.progress.state import State
from uploader.server.line_protocol import Line

FIRST_MS = 1_767_225_600_000


def reading(number: int, boot: int, **quantities: object) -> Reading:
    stored: dict[str, object] = {"model": "PL80", "battery_volts": 25.4, "charge_amps": 12.0, "load_amps": 3.4}
    stored |= {"regulator_state": "boost", "alarm": 0, "raw": bytes((50, 127, 101, 4))}
    time_ms = FIRST_MS + number * 10_000
    return Reading(time_ms=time_ms, boot=boot, uptime_ms=number * 10_000, **(stored | quantities))  # type: ignore[arg-type]


def write_journal(path: Path) -> None:
    """Two boots, the second held; a reading without quantities; a day; an event; a check."""
    with JournalWriter.create(path, "home") as journal:
        first = journal.boot_number("11111111-1111-4111-8111-111111111111")
        journal.write_anchor(first, Anchor(5_000, FIRST_MS + 5_000, "ntp", 0.5))
        journal.append_all(reading(number, first) for number in range(1, 6))
        journal.append(Reading(time_ms=FIRST_MS + 60_000, boot=first, uptime_ms=60_000, raw=b"\x00\xde"))
        journal.append(Event(time_ms=FIRST_MS, boot=first, uptime_ms=0, kind="started", message="logger 0.1.0 started"))
        journal.append(
            Day(time_ms=FIRST_MS, date="2025-12-31", model="PL80", charge_amp_hours=283.0, raw=bytes((46, 27)))
        )
        journal.append(Check(time_ms=FIRST_MS + 60_000, boot=first, uptime_ms=60_000, version="0.1.0", readings=6))
        second = journal.boot_number("22222222-2222-4222-8222-222222222222")
        journal.append(reading(20, second), is_held=True)


def write_progress(path: Path, journal: JournalWriter) -> None:
    """Readings 1 to 3 sent, 4 refused, the rest pending."""
    with Progress.open(path) as progress:
        progress.see(journal)
        line = Line(4, FIRST_MS + 40_000, f"solar,site=home battery_volts=25.4 {FIRST_MS + 40_000}")
        refusal = Refusal((line,), "field type conflict", 422, FIRST_MS + 70_000)
        settled = Settled("readings", IdRanges.of([(1, 3)]), IdRanges.of_ids([4]), refusal)
        progress.settle(settled, State(last_upload_ms=FIRST_MS + 70_000), BatchSize(200))


def dump(path: Path, version: int) -> str:
    """The file as SQL; `iterdump` leaves the version out."""
    with closing(sqlite3.connect(path)) as connection:
        return "".join(f"{line}\n" for line in (*connection.iterdump(), f"PRAGMA user_version = {version};"))


def main() -> None:
    beside = Path(__file__).parent
    with tempfile.TemporaryDirectory() as directory:
        journal, progress = Path(directory) / "journal.db", Path(directory) / "uploader.db"
        write_journal(journal)
        with Journal.open(journal) as opened:
            write_progress(progress, opened)
        for path, version in ((journal, len(JOURNAL)), (progress, len(SCHEMA))):
            (beside / f"{path.stem}-v{version}.sql").write_text(dump(path, version))


if __name__ == "__main__":
    main()
