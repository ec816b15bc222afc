"""The check that the logger makes of itself, every ten minutes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from admin.commands.log import upload_of
from journal.boots import Anchor
from journal.id_ranges import NONE, IdRanges
from journal.reading import STREAMS, Check, Reading
from journal.writer import JournalWriter
from logger.poll import Identity, Poller, poll
from logger.self_check import SelfCheck, Upload
from tests.journals.known import KnownJournal
from tests.lines import line
from tests.logger.bench import Bench
from uploader.progress.batch_size import BatchSize
from uploader.progress.dead_letters import Refusal
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.line_protocol import Line


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalWriter]:
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        yield journal


def checks(journal: JournalWriter) -> list[Check]:
    return [each for each in journal.records("checks", 1, 99) if isinstance(each, Check)]


def run(bench: Bench, journal: JournalWriter, seconds: float, upload: Upload | None = None) -> list[Check]:
    """Poll for so many seconds; the checks that were stored."""
    bench.stop_at = bench.seconds + seconds
    check = SelfCheck(journal, bench, "0.2.0", lambda: upload, throttled=lambda: 0x50000, celsius=lambda: 48.3)
    place = Identity(site="shed", port="/dev/bench", version="0.2.0")
    poller = Poller(journal, bench.regulator, bench, place, interval_seconds=10, self_check=check)
    poll(poller, bench)
    poller.close()
    return checks(journal)


def test_a_minute_after_the_start_and_then_every_ten_minutes_there_is_a_check(journal: JournalWriter) -> None:
    found = run(Bench(), journal, 1300, Upload(pending_records=7, dead_letters=1))
    assert [round(each.uptime_ms / 1000 - 1000, -1) for each in found] == [60, 660, 1260]
    first, second, _ = found
    size, free = first.journal_bytes, first.disk_free_bytes
    assert size
    assert free
    assert second == Check(
        id=2,
        time_ms=second.time_ms,
        boot=3,
        uptime_ms=second.uptime_ms,
        version="0.2.0",
        computer_uptime_seconds=second.uptime_ms // 1000,
        logger_uptime_seconds=second.logger_uptime_seconds,
        pending_records=7,
        held_records=0,
        dead_letters=1,
        journal_bytes=second.journal_bytes,
        disk_free_bytes=second.disk_free_bytes,
        readings=60,
        reading_seconds=second.reading_seconds,
        exchanges=second.exchanges,
        damaged_percent=0.0,
        undervoltage=0,
        undervoltage_since_start=1,
        computer_celsius=48.3,
        clock_trusted=1,
    )
    readings = [each for each in journal.records("readings", 1, 999) if isinstance(each, Reading)]
    of_second = [each.reading_seconds or 0 for each in readings if first.uptime_ms < each.uptime_ms < second.uptime_ms]
    assert second.reading_seconds == pytest.approx(sum(of_second) / 60, rel=0.1)
    assert 60 * 20 < (second.exchanges or 0) < 60 * 100


def test_a_bad_line_shows_as_a_share_of_damaged_exchanges(journal: JournalWriter) -> None:
    bench = Bench()
    sent = 0

    def every_fiftieth_is_lost(request: bytes) -> bytes:
        nonlocal sent
        sent += 1
        return b"" if sent % 50 == 0 else request

    bench.to_pli = every_fiftieth_is_lost
    assert run(bench, journal, 700)[-1].damaged_percent == pytest.approx(2, abs=0.5)


def test_while_the_regulator_is_silent_the_checks_go_on_and_say_so(journal: JournalWriter) -> None:
    """The port is opened again and again; what was asked at each port counts."""
    bench = Bench()
    bench.is_powered = False
    *_, last = run(bench, journal, 700)
    assert (last.readings, last.reading_seconds) == (0, None)
    assert (last.exchanges or 0) > 50


def test_a_check_is_held_and_dated_like_a_reading(journal: JournalWriter) -> None:
    boot = journal.boot_number("here")
    check = Check(time_ms=1000, boot=boot, uptime_ms=60_000, version="0.2.0", readings=6)
    journal.append(check, is_held=True)
    assert (list(journal.held("checks")), list(journal.released("checks"))) == ([(1, 1)], [])
    journal.write_anchor(boot, Anchor(100_000, 1_800_000_100_000, "test"))
    while journal.date(boot):
        pass
    (dated,) = checks(journal)
    assert dated == replace(check, id=1, time_ms=1_800_000_060_000, wall_ms=1000)
    assert (list(journal.held("checks")), list(journal.released("checks"))) == ([], [(1, 1)])
    assert line(dated, "hut") == ("solar_logger,site=hut,version=0.2.0 wall_ms=1000.0,readings=6.0 1800000060000")


def test_what_waits_and_what_was_refused_comes_from_the_uploaders_own_file(journal: JournalWriter) -> None:
    assert upload_of(journal) is None  # nothing was uploaded yet
    journal.append_all(Reading(time_ms=n, boot=1, uptime_ms=n) for n in range(1, 8))
    journal.append(Check(time_ms=1, boot=1, uptime_ms=1, version="0.2.0"))
    with Progress.open(journal.path.with_name("uploader.db")) as progress:
        progress.see(journal)
        refusal = Refusal((Line(4, 4, "solar x=1 4"),), "no", 422, 9)
        settled = Settled("readings", IdRanges.of([(1, 3)]), IdRanges.of_ids([4]), refusal)
        progress.settle(settled, State(), BatchSize(200))
        assert upload_of(journal) == Upload(pending_records=4, dead_letters=1)
        progress.requeue("readings", [(2, 3)])
        pending = sum(progress.pending(journal, stream).count for stream in STREAMS)
        assert upload_of(journal) == Upload(pending_records=pending, dead_letters=1) == (6, 1)
        progress.see(KnownJournal("another journal"))
        progress.settle(Settled("readings", NONE, NONE), State(), BatchSize(200))
    assert upload_of(journal) is None
