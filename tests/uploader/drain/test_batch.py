"""What is put into a request, while the logger goes on."""

from contextlib import closing
from pathlib import Path

import pytest

from journal.id_ranges import ALL
from journal.journal import Journal
from journal.reading import Event
from journal.writer import JournalWriter
from uploader.drain.batch import Batches
from uploader.progress.progress import Progress


@pytest.mark.parametrize("site_before", ["home", None])
def test_a_record_that_comes_while_the_uploader_looks_has_its_own_site(tmp_path: Path, site_before: str | None) -> None:
    """The sites used to be read before the ids: what came in between was sent as of the site before, or not at all."""
    with (
        closing(JournalWriter.create(tmp_path / "journal.db", "hut")) as writer,
        Journal.open(tmp_path / "journal.db") as journal,
        Progress.open(tmp_path / "uploader.db") as progress,
    ):
        boot = writer.boot_number("a boot")
        if site_before:
            writer.append(Event(time_ms=1, boot=boot, uptime_ms=1, kind="old", message=""), site=site_before)

        def meanwhile(statement: str) -> None:
            if "FROM spans" in statement and writer.last_id("events") < 2:
                writer.append(Event(time_ms=2, boot=boot, uptime_ms=2, kind="new", message=""))

        journal._connection.set_trace_callback(meanwhile)
        batch = Batches(journal, progress).pick("newest", "events", ALL, 10)
    assert batch is not None
    *_, newest = batch.lines
    assert newest.text.startswith("solar_event,kind=new,site=hut ")
