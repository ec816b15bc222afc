"""The waiting: as a service it never gives up and stops at once; with --once it ends in bounded time, and says why."""

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from journal.errors import JournalMissing, JournalUnusable
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.servers import Database, InfluxDB1, VictoriaMetrics, free_port, influxdb_1
from tests.uploader.site import Clock, Site, influx
from uploader.drain.drain import Drain
from uploader.drain.loop import ONCE_BACKOFF, Summary, drain, drain_all, first_wait_seconds, open_progress
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress
from uploader.progress.state import State
from uploader.server.outcomes import Outcome, Unreachable
from uploader.server.target import Target


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def once(site: Site, target: Target, *, progress: list[tuple[int, int]] | None = None) -> Summary:
    """`solar upload --once`, in a time that passes only where somebody waits."""
    with influx(target, read_seconds=0.3) as writer:
        return drain_all(
            site.drain(writer, every_seconds=float("inf"), backoff=ONCE_BACKOFF),
            site.clock,
            on_progress=lambda done, total: progress.append((done, total)) if progress is not None else None,
            monotonic=site.clock.monotonic,
        )


def is_complete(summary: Summary) -> bool:
    return not (summary.refused or summary.left)


def test_once_sends_all_and_shows_its_progress(site: Site, database: Database) -> None:
    times = site.append(350)
    progress: list[tuple[int, int]] = []
    assert once(site, database.target, progress=progress) == Summary(sent=350, refused=0, left=0)
    assert progress == [(100, 350), (300, 350), (350, 350)]
    assert [row["time"] for row in database.rows("solar")] == times


def test_once_with_nothing_to_send_makes_no_request(site: Site) -> None:
    with ScriptedInflux() as server:
        assert once(site, server.target) == Summary(sent=0, refused=0, left=0)
        assert server.requests == []


def test_once_against_an_unreachable_server_ends_within_half_a_minute_and_says_why(site: Site) -> None:
    site.append(10)
    began = site.clock.now
    summary = once(site, Target(f"http://127.0.0.1:{free_port()}", "t", "o", "b"))
    assert summary == Summary(sent=0, refused=0, left=10, reason="connection refused")
    assert not is_complete(summary)
    assert 25 < site.clock.now - began < 35


def test_once_with_a_wrong_token_ends_after_three_tries_with_the_remedy(site: Site) -> None:
    site.append(10)
    with ScriptedInflux(token="right") as server:
        wrong = Target(server.url, "wrong", "o", "b")
        summary = once(site, wrong)
        assert len(server.requests) == 3
    assert summary.left == 10
    assert "INFLUXDB_TOKEN" in (summary.reason or "")


def test_once_goes_on_after_a_refused_reading(site: Site) -> None:
    times = site.append(300)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(times[7]))) as server:
        summary = once(site, server.target)
        assert len(server.times()) == 299
    assert (summary.sent, summary.refused, summary.left) == (299, 1, 0)
    assert not is_complete(summary)


def test_once_survives_passing_faults_of_every_kind(site: Site) -> None:
    times = site.append(250)
    script = [
        error(503, "busy", Retry_After="1"),
        Answer(trick="lose", stores=True),
        Answer(trick="cut body"),
        error(429, "busy", Retry_After="2"),
        page(200, "Log in"),
        Answer(delay_seconds=0.5, stores=True),
        error(401, "unauthorized"),
        Answer(),
        error(404, "bucket not found", "not found"),
        error(500, "oops"),
        page(413, "Too Large"),
        page(502, "Bad Gateway"),
        error(422, "partial write"),
        page(504, "Gateway Time-out"),
    ]
    with ScriptedInflux(script) as server:
        assert is_complete(once(site, server.target))
        assert server.times() == times


def test_once_waits_as_long_as_the_server_asks_but_not_for_ever(site: Site) -> None:
    site.append(5)
    with ScriptedInflux([error(503, "busy", Retry_After="100")]) as server:
        assert is_complete(once(site, server.target))
    site.append(5)
    with ScriptedInflux([error(503, "busy", Retry_After="3600")]) as server:
        summary = once(site, server.target)
        assert len(server.requests) == 1
    assert (summary.left, "busy" in (summary.reason or "")) == (5, True)


def test_once_leaves_what_comes_meanwhile_for_the_next_time(site: Site) -> None:
    site.append(300)
    with ScriptedInflux() as server, influx(server.target) as writer:
        one = site.drain(writer, every_seconds=float("inf"), backoff=ONCE_BACKOFF)
        summary = drain_all(one, site.clock, on_progress=lambda done, total: site.append(1) and None)
    assert is_complete(summary)
    assert summary.sent < 310


def test_once_finds_the_reading_that_the_server_stumbles_over_and_sends_the_others(site: Site) -> None:
    times = site.append(120)
    bad = str(times[60])
    with ScriptedInflux(
        answers=lambda lines: error(500, "oops") if any(line.endswith(bad) for line in lines) else None
    ) as server:
        summary = once(site, server.target)
        assert len(server.times()) == 119
    assert (summary.sent, summary.left) == (119, 1)
    assert "an internal error" in (summary.reason or "")


@pytest.mark.parametrize("count", [1, 40, 120, 700])
@pytest.mark.parametrize(
    "answer",
    [page(403, "Forbidden"), page(413, "Too Large"), Answer(400, "Bad Request"), Answer(trick="lose")],
    ids=["403 of a proxy", "413 of a proxy", "400 of a proxy", "reset"],
)
def test_once_sends_all_but_the_reading_that_a_proxy_does_not_let_through(
    site: Site, answer: Answer, count: int
) -> None:
    times = site.append(count)
    bad = times[count // 2]
    with ScriptedInflux(
        answers=lambda lines: answer if any(line.endswith(str(bad)) for line in lines) else None
    ) as server:
        summary = once(site, server.target)
        assert server.times() == [each for each in times if each != bad]
        assert len(server.requests) < 100
    assert (summary.sent, summary.refused + summary.left) == (count - 1, 1)
    assert summary.refused or summary.reason


def test_once_goes_on_while_it_learns_over_a_slow_line_how_much_a_proxy_takes(site: Site) -> None:
    times = site.append(1000)

    def answers(lines: list[str]) -> Answer | None:
        site.clock.now += 20
        return page(413, "Too Large") if len(lines) > 60 else None

    with ScriptedInflux(answers=answers) as server, influx(server.target) as writer:
        one = site.drain(writer, every_seconds=float("inf"), backoff=ONCE_BACKOFF, first_size=1000)
        summary = drain_all(one, site.clock, monotonic=site.clock.monotonic)
        assert server.times() == times
    assert summary == Summary(sent=1000, refused=0, left=0)


def test_once_sends_all_of_very_many_letters_that_are_to_be_tried_again(site: Site) -> None:
    times = site.append(1200)
    with ScriptedInflux(refuses=lambda line: True) as server:
        assert once(site, server.target).refused == 1200
        server.refuses = lambda line: False
        site.progress.dead_letters.retry()
        assert once(site, server.target) == Summary(sent=1200, refused=0, left=0)
        assert server.times() == times


def test_once_without_a_journal_is_an_error(tmp_path: Path) -> None:
    class Nobody:
        bytes_on_wire = 0

        def write(self, lines: object) -> Outcome:
            raise AssertionError(lines)

    with Progress.open(tmp_path / "uploader.db") as progress:
        one = Drain(tmp_path / "journal.db", Nobody(), progress, reporter=Reporter("http://x"))
        with pytest.raises(JournalMissing):
            drain_all(one, Clock())


def test_the_service_waits_for_a_journal_and_then_sends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        ExitStack() as later,
        ScriptedInflux() as server,
        influx(server.target) as writer,
        Progress.open(tmp_path / "uploader.db") as progress,
    ):

        class Waiter(Clock):
            def wait(self, timeout: float) -> bool:
                if len(self.waits) == 3:
                    later.enter_context(Site(tmp_path)).append(5)
                return super().wait(timeout)

        drain(Drain(tmp_path / "journal.db", writer, progress, reporter=Reporter("http://x")), Waiter(steps=6))
        assert len(server.times()) == 5
    assert len([r for r in caplog.records if "no such file" in r.message]) == 1


def test_the_service_waits_while_the_server_is_away_and_delivers_each_point_once(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A real InfluxDB, started only while the uploader has been at it for some time."""
    caplog.set_level(logging.INFO)
    times, port = site.append(500), free_port()
    directory = tmp_path / "influxdb"
    directory.mkdir()
    with ExitStack() as later, influx(Target(f"http://127.0.0.1:{port}", "", "o", "db")) as writer:
        one = site.drain(writer)
        servers: list[InfluxDB1] = []

        class World:
            """The stop event of a simulated time, in which the server comes up after five minutes."""

            def wait(self, timeout: float) -> bool:
                if not servers and site.clock.now > 1300:
                    servers.append(later.enter_context(influxdb_1(directory, port)))
                    servers[0].query("CREATE DATABASE db")
                site.clock.wait(timeout)
                return self.is_set()

            def is_set(self) -> bool:
                return site.progress.done.of("readings").count == 500

        drain(one, World())
        rows = servers[0].query("SELECT * FROM solar", "db")
    assert [row["time"] for row in rows] == times
    messages = [record.message for record in caplog.records if record.name == "uploader"]
    assert "connection refused" in messages[0]
    assert "again, after" in messages[-1]


def test_stopping_ends_a_long_wait_at_once(site: Site) -> None:
    site.append(1)
    stop = threading.Event()
    with ScriptedInflux([error(401, "unauthorized")] * 9) as server, influx(server.target) as writer:

        def stop_after_the_first_attempt() -> None:
            while not server.requests:
                threading.Event().wait(0.01)
            threading.Event().wait(0.1)
            stop.set()

        thread = threading.Thread(target=stop_after_the_first_attempt)
        thread.start()
        began = time.monotonic()
        drain(site.drain(writer), stop)
        thread.join()
        assert time.monotonic() - began < 2
        assert len(server.requests) == 1


def test_a_heartbeat_comes_with_every_attempt_and_during_long_waits(site: Site) -> None:
    site.append(1)
    beats: list[str] = []
    with ScriptedInflux([error(401, "unauthorized")] * 9) as server, influx(server.target) as writer:
        one = site.drain(writer)
        one.reporter.heartbeat = beats.append
        stop = Clock(steps=20)
        drain(one, stop)
    assert len(beats) >= 20
    assert max(stop.waits) <= 10


def test_failures_are_logged_once_a_minute_at_most(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.append(1)

    class Offline:
        bytes_on_wire = 0

        def write(self, lines: object) -> Outcome:
            return Unreachable("no network")

    one = site.drain(Offline())
    began = site.clock.now
    attempts = 0
    while site.clock.now < began + 3600:
        site.clock.now += one.drain_once().wait_seconds
        attempts += 1
    assert attempts > 60
    assert 30 <= len(caplog.records) <= 61
    assert caplog.records[0].message.startswith(
        "cannot upload 1 readings to http://influx.example: no network; trying again in "
    )


@pytest.mark.parametrize(
    ("state", "uptime_seconds", "is_spread"),
    [
        (State(), 1e6, False),
        (State(last_upload_ms=1_000_000), 1e6, False),
        (State(last_upload_ms=1_000_000), 30, True),
        (State(last_upload_ms=1_000), 1e6, True),
        (State(last_upload_ms=1_000_000, failing_since_ms=1_000_000), 1e6, True),
    ],
    ids=["fresh", "restarted", "power came back", "long ago", "network was away"],
)
def test_the_first_attempt_after_an_outage_is_spread(state: State, uptime_seconds: float, is_spread: bool) -> None:
    waits = [first_wait_seconds(state, 1_060_000, uptime_seconds, random.Random(n).random) for n in range(20)]
    assert (len(set(waits)) == 20) is is_spread
    assert all(0 <= wait <= 15 for wait in waits)


def test_kill_9_between_the_write_and_the_record_repeats_one_request_unchanged(
    site: Site, victoria_metrics: VictoriaMetrics
) -> None:
    """The child is killed after the server has answered, before it is written down; a new one delivers the rest."""
    site.journal.site = "killed"
    times = site.append(250)
    script = f"""
import os, pathlib, signal, sys
from uploader.drain.drain import Drain
from uploader.progress.progress import Progress
from uploader.drain.reporter import Reporter
from uploader.server.influx import Influx
from uploader.server.target import Target

class Killed(Progress):
    def settle(self, *args):
        if os.environ["KILL"] == "1":
            os.kill(os.getpid(), signal.SIGKILL)
        super().settle(*args)

directory = pathlib.Path({str(site.directory)!r})
with (
    Influx(Target({victoria_metrics.url!r}, "t", "o", "b")) as influx,
    Killed.open(directory / "uploader.db") as progress,
):
    drain = Drain(directory / "journal.db", influx, progress, reporter=Reporter("x"))
    while not drain.drain_once().is_idle:
        pass
"""
    results = [
        subprocess.run([sys.executable, "-c", script], env={**os.environ, "KILL": kill}, check=False).returncode
        for kill in ("1", "0")
    ]
    assert results == [-signal.SIGKILL, 0]
    assert victoria_metrics.samples("killed") == sorted(times + times[-100:])


def test_uploader_db_locked_by_somebody_does_not_end_the_service(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.append(5)
    site.progress._connection.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(site.directory / "uploader.db", isolation_level=None)
    with ScriptedInflux() as server, influx(server.target) as writer:
        one = site.drain(writer)
        other.execute("BEGIN EXCLUSIVE")

        class Waiter(Clock):
            def wait(self, timeout: float) -> bool:
                if len(self.waits) == 2:
                    other.execute("COMMIT")
                return super().wait(timeout)

        drain(one, Waiter(steps=6))
        assert len(server.times()) == 5
    other.close()
    assert "another program has locked it; end that program, or wait until it is done; trying again" in caplog.text


@pytest.mark.parametrize("is_replaced", [False, True], ids=["removed", "replaced"])
@pytest.mark.parametrize("is_idle", [False, True], ids=["with something to send", "with nothing to send"])
def test_the_service_ends_where_uploader_db_is_gone_so_that_it_starts_with_what_is_there(
    site: Site, *, is_replaced: bool, is_idle: bool
) -> None:
    """It would wait for ever, or note what it sends in a file that nobody reads."""
    site.append(5)
    Progress.open(site.directory / "other.db").close()
    with ScriptedInflux() as server, influx(server.target) as writer:
        one = site.drain(writer)
        if is_idle:
            site.run(one)
        if is_replaced:
            (site.directory / "other.db").rename(site.directory / "uploader.db")
        else:
            (site.directory / "uploader.db").unlink()
        requests = len(server.times())
        with pytest.raises(JournalUnusable, match=r"uploader\.db was removed or replaced"):
            drain(one, Clock(steps=6))
        assert len(server.times()) == requests


def test_a_first_start_without_room_waits_for_some(tmp_path: Path) -> None:
    path = tmp_path / "uploader.db"
    path.touch()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    class Waiter(Clock):
        def wait(self, timeout: float) -> bool:
            if len(self.waits) == 1:
                other.execute("COMMIT")
            return super().wait(timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("journal.side_file.BUSY_SECONDS", 0.0)
        progress = open_progress(path, Reporter("http://x"), Waiter())
        assert progress is not None
        progress.close()
        other.close()
        stopped = Clock(steps=0)
        assert open_progress(path, Reporter("http://x"), stopped) is None
