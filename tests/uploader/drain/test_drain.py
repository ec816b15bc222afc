"""The drain: newest first, each record once, whatever happens."""

import itertools
import os
import shutil
import sqlite3
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from journal.errors import JournalFull
from journal.id_ranges import IdRanges
from journal.reading import Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.uploader.site import EPOCH_MS, Site, at, influx, times_of
from uploader.server.outcomes import Misconfigured, Rejected, Sent, Unreachable


def test_after_an_outage_the_first_request_carries_the_newest_then_the_backlog_goes_oldest_first(site: Site) -> None:
    times = site.append(1000)
    with ScriptedInflux([error(503, "busy")] * 3) as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        sent = [times_of(lines) for lines in server.requests[3:]]
    assert sent[0] == times[-100:]
    assert list(itertools.chain(*sent[1:])) == times[:-100]


def test_the_newest_at_the_moment_of_the_first_success_go_first(site: Site) -> None:
    site.append(300)
    with ScriptedInflux([error(503, "busy")] * 2) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(2):
            drain.drain_once()
            site.append(10)
        last = site.append(5)[-1]
        drain.drain_once()
        assert times_of(server.requests[2])[-1] == last


def test_while_the_backlog_drains_new_readings_go_out_every_minute_and_no_more_often(site: Site) -> None:
    backlog = site.append(4000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, every_seconds=60)
        new: list[int] = []
        for _ in range(7):
            drain.drain_once()
            site.clock.now += 15
            new += site.append(1)
        sent = [times_of(lines) for lines in server.requests]
    assert sent[0] == backlog[-100:]
    assert sent[4] == new[:4]
    assert list(itertools.chain(*sent[1:4], *sent[5:])) == backlog[: sum(map(len, sent)) - 104]


def test_after_hours_offline_the_very_newest_go_first(site: Site) -> None:
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.append(1)
        drain.drain_once()
        server.script = [error(503, "busy")] * 200
        while server.script:
            times = site.append(6)
            site.clock.now += max(drain.drain_once().wait_seconds, 60.0)
        for _ in range(2):  # what has just failed again and again waits until something else is taken
            drain.drain_once()
        assert times[-1] in {times_of(lines)[-1] for lines in server.requests[-2:]}


def test_when_all_is_sent_it_waits_for_the_next_minute(site: Site) -> None:
    site.append(10)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.append(3)
        idle = drain.drain_once()
        assert idle.is_idle
        assert idle.wait_seconds == 60
        site.clock.now += idle.wait_seconds
        drain.drain_once()
        assert [len(lines) for lines in server.requests] == [10, 3]


def test_a_new_site_name_holds_for_what_is_taken_from_then_on(site: Site) -> None:
    times = site.append(30)
    with ScriptedInflux([Answer(trick="lose", stores=True)]) as server, influx(server.target) as writer:
        site.drain(writer).drain_once()
        site.journal.close()
        site.journal = JournalWriter.create(site.directory / "journal.db", "cabin")
        site.restart()
        drain = site.drain(writer)
        site.run(drain)
        new = site.append(5)
        site.clock.now += 60
        site.run(drain)
        assert sorted(server.points) == sorted(
            [("solar,model=PL80,site=home", time) for time in times]
            + [("solar,model=PL80,site=cabin", time) for time in new]
        )


def test_what_was_replayed_is_sent_again_over_itself(site: Site) -> None:
    times = site.append(30)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.progress.requeue("readings", [(10, 12)])
        site.clock.now += 60
        site.run(drain)
        assert times_of(server.requests[-1]) == times[9:12]
        assert server.times() == times


def test_ids_that_were_pruned_are_passed_over(site: Site) -> None:
    site.append(50)
    site.journal.prune([(1, 50)], EPOCH_MS * 2, 45)
    with ScriptedInflux() as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert len(server.times()) == site.journal.count("readings") < 50
    assert site.progress.done.of("readings") == IdRanges(((1, 50),))


def test_readings_without_a_single_value_are_passed_over(site: Site) -> None:
    site.append(3)
    connection = sqlite3.connect(site.directory / "journal.db")
    connection.execute(
        "UPDATE readings SET battery_volts = NULL, charge_amps = NULL, regulator_state = NULL WHERE id = 2"
    )
    connection.commit()
    connection.close()
    with ScriptedInflux() as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert len(server.requests[0]) == 2
    assert site.progress.done.of("readings") == IdRanges(((1, 3),))


def test_a_journal_that_was_replaced_is_sent_as_a_whole(site: Site) -> None:
    old = site.append(20)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer)
        site.run(drain)
        site.journal.close()
        (site.directory / "journal.db").rename(site.directory / "journal-damaged.db")
        site.journal = JournalWriter.create(site.directory / "journal.db")
        site.journal.boot_number("boot")
        new = site.append(20)
        site.run(drain)
        assert server.times() == old + new


def test_what_a_full_disk_kept_from_being_written_down_is_tried_again(site: Site) -> None:
    times = site.append(500)
    (pages,) = site.progress._connection.execute("PRAGMA page_count").fetchone()
    bad = at(*times)
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad) as server, influx(server.target) as writer:
        site.progress._connection.execute(f"PRAGMA max_page_count = {pages}")
        drain = site.drain(writer)
        with pytest.raises(JournalFull):
            site.run(drain)
        site.progress._connection.execute("PRAGMA max_page_count = 100000")
        site.run(drain)
    assert site.progress.dead_letters.count() == 500


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system")
def test_a_disk_with_hardly_any_room_does_not_have_the_same_readings_sent_again_and_again(tmp_path: Path) -> None:
    """One free block is enough to write down how the upload fares, but not to write down what was sent."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", tmp_path], check=True)
    try:
        with (
            Site(tmp_path) as site,
            ScriptedInflux() as server,
            influx(server.target) as writer,
            (tmp_path / "fill").open("wb") as fill,
        ):
            site.append(10)
            site.run(site.drain(writer))
            times = site.append(100)
            os.posix_fallocate(fill.fileno(), 0, shutil.disk_usage(tmp_path).free - 4096)
            drain = site.drain(writer)
            before = len(server.requests)
            for _ in range(5):
                with pytest.raises(JournalFull, match="the disk is full"):
                    drain.drain_once()
            assert len(server.requests) == before + 1
            fill.truncate(0)
            site.run(drain)
            assert len(server.requests) == before + 2
            assert server.times()[-100:] == times
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_reading_revised_while_a_refused_batch_is_halved_goes_out_as_it_is_now(site: Site) -> None:
    times = site.append(50)
    bad = at(times[40])
    with ScriptedInflux(refuses=lambda line: line.rsplit(" ")[-1] in bad, refusal="400") as server:
        with influx(server.target) as writer:
            drain = site.drain(writer)
            drain.drain_once()
            drain.drain_once()
            readings = [each for each in site.journal.records("readings", 1, 50) if isinstance(each, Reading)]
            site.journal.revise([replace(each, charge_amps=99.0) for each in readings], Decoding("other"))
            site.run(drain)
            site.clock.now += 60
            site.run(drain)
        assert {fields["charge_amps"] for fields in server.points.values()} == {"99.0"}
    (letter,) = site.progress.dead_letters.all()
    assert "charge_amps=99.0" in letter.line


ANSWERS = [
    Answer(),
    Answer(trick="lose", stores=True),
    Answer(trick="lose"),
    Answer(trick="cut body"),
    Answer(trick="cut answer", status=503, body="x" * 50),
    error(401, "unauthorized"),
    error(403, "forbidden"),
    error(404, "bucket not found", "not found"),
    page(413, "Too Large"),
    error(429, "busy", Retry_After="1"),
    error(500, "oops"),
    error(503, "busy", Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    page(200, "Log in"),
    page(302, "Found", Location="http://portal.example"),
    Answer(200, "{}"),
    page(502, "Bad Gateway"),
    error(422, "partial write"),
]


@settings(
    max_examples=50,
    phases=set(Phase) - {Phase.shrink, Phase.explain},
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    script=st.lists(st.sampled_from(ANSWERS), max_size=20),
    count=st.integers(1, 200),
    bad=st.frozensets(st.integers(0, 199), max_size=3),
    refusal=st.sampled_from(["422", "400", "400 partial"]),
    restarts=st.integers(0, 3),
)
def test_whatever_the_server_answers_each_reading_is_stored_once_or_is_a_dead_letter(  # noqa: PLR0917
    script: list[Answer],
    count: int,
    bad: frozenset[int],
    refusal: str,
    restarts: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Site(tmp_path_factory.mktemp("site")) as site:
        times = site.append(count)
        refused = {times[n] for n in bad if n < count}
        ends = at(*refused)
        with ScriptedInflux(script, refuses=lambda line: line.rsplit(" ", 1)[-1] in ends, refusal=refusal) as server:  # type: ignore[arg-type]
            with influx(server.target) as writer:
                for _ in range(restarts):
                    drain = site.drain(writer)
                    for _ in range(3):
                        site.clock.now += drain.drain_once().wait_seconds
                    site.restart()
                site.run(site.drain(writer))
            letters = {letter.time_ms for letter in site.progress.dead_letters.all()}
            assert set(server.times()) | letters == set(times)
            assert refused <= letters
            assert refused.isdisjoint(server.times())
            assert letters == refused or _refuses_twice_in_a_row(script)
        assert site.progress.done.of("readings") == IdRanges(((1, count),))


def _refuses_twice_in_a_row(script: list[Answer]) -> bool:
    """Then a reading alone may be taken for a bad one; it is kept all the same."""
    statuses = [answer.status for answer in script if answer.status in {413, 422}]
    return any(before == after for before, after in itertools.pairwise(statuses))


def test_each_outcome_has_a_step_that_says_so(site: Site) -> None:
    site.append(2)
    script = [error(401, "no"), error(503, "busy"), error(422, "partial write"), page(413, "Too Large")]
    with ScriptedInflux(script) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        outcomes = [type(drain.drain_once().outcome) for _ in range(5)]
    # A proxy that does not take even one reading has a wrong setting.
    assert outcomes == [Misconfigured, Unreachable, Rejected, Misconfigured, Sent]
