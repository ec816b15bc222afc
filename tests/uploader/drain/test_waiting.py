"""How much at once, how long to wait, and the month's allowance."""

import pytest

from journal.id_ranges import NONE, IdRanges
from tests.fault_proxy import Fault, FaultProxy
from tests.scripted_influx import Answer, ScriptedInflux, error, page
from tests.servers import Database
from tests.uploader.site import Site, influx
from uploader.progress.batch_size import BatchSize
from uploader.progress.progress import Progress, Settled
from uploader.progress.state import State
from uploader.server.target import Target


def test_413_halves_until_it_fits_and_remembers_across_a_restart(site: Site) -> None:
    times = site.append(3000)
    with ScriptedInflux(largest_body_bytes=2000) as server, influx(server.target) as writer:
        site.run(site.drain(writer))
        assert server.times() == times
        assert server.statuses.count(413) <= 5
        learnt = site.progress.batch_size()
        site.restart()
        site.append(3000)
        before = len(server.statuses)
        site.run(site.drain(writer))
        assert server.statuses[before] == 204
    assert learnt.size >= 100
    assert site.progress.dead_letters.count() == 0


def test_a_link_that_breaks_under_large_requests_still_makes_progress(site: Site, database: Database) -> None:
    """Whatever is longer than 900 bytes is cut, every time."""
    times = site.append(400)
    with (
        FaultProxy(database.target.url, then=Fault(cut_request_after=900)) as proxy,
        influx(Target(proxy.url, "", "o", database.name)) as writer,
    ):
        site.run(site.drain(writer, first_size=400))
    assert [row["time"] for row in database.rows("solar")] == times


def test_two_kilobytes_a_second_cut_again_and_again(site: Site, database: Database) -> None:
    """The same in small: 20 kB/s, every connection cut after 0.4 s; no request may take longer than that."""
    times = site.append(1200)
    with (
        FaultProxy(database.target.url, then=Fault(bytes_per_second=20_000, cut_after_seconds=0.4)) as proxy,
        influx(Target(proxy.url, "", "o", database.name), read_seconds=1) as writer,
    ):
        site.run(site.drain(writer, first_size=1200))
    assert [row["time"] for row in database.rows("solar")] == times


@pytest.mark.parametrize(("answer", "bounds"), [
    (error(401, "unauthorized"), (240, 360)),
    (error(403, "forbidden"), (240, 360)),
    (error(404, "bucket not found", "not found"), (240, 360)),
    (error(503, "busy", Retry_After="30"), (30, 32)),
    (error(429, "busy", Retry_After="5000"), (900, 900)),
    (error(503, "busy"), (0, 2)),
    (page(502, "Bad Gateway"), (0, 2)),
], ids=lambda value: str(getattr(value, "status", value)))  # fmt: skip
def test_it_waits_as_the_table_says(answer: Answer, bounds: tuple[float, float], site: Site) -> None:
    site.append(5)
    with ScriptedInflux([answer]) as server, influx(server.target) as writer:
        step = site.drain(writer).drain_once()
    assert bounds[0] <= step.wait_seconds <= bounds[1]
    state = site.progress.state()
    assert state.trouble == ("misconfigured" if answer.status in {401, 403, 404} else "unreachable")
    assert state.failing_since_ms == site.clock.now_ms()


def test_failing_is_written_down_once_and_ends_with_a_success(site: Site) -> None:
    site.append(5)
    with ScriptedInflux([error(503, "busy")] * 5) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        began = site.clock.now_ms()
        changes = []
        for _ in range(5):
            site.clock.now += drain.drain_once().wait_seconds
            changes.append(site.progress._connection.total_changes)
        assert site.progress.state().failing_since_ms == began
        assert len(set(changes)) == 1
        site.run(drain)
    state = site.progress.state()
    assert (state.trouble, state.reason, state.failing_since_ms) == (None, None, None)
    assert state.last_upload_ms == site.clock.now_ms()


def test_the_months_allowance_slows_the_backlog_but_not_the_newest(site: Site) -> None:
    site.append(10_000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.01)
        new: list[int] = []
        for _ in range(200):
            step = drain.drain_once()
            site.clock.now += step.wait_seconds
            new += site.append(1)
        stored = set(server.times())
        assert stored >= set(new[:-6])
        assert 1000 < len(stored) < 9000
    assert "0.01 MB" in (site.progress.state().note or "")


def test_that_the_backlog_waits_for_the_months_allowance_is_written_down_though_nothing_is_sent(site: Site) -> None:
    site.append(300)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        assert [drain.drain_once().is_idle for _ in range(3)] == [False, True, True]
        changes = site.progress._connection.total_changes
        assert "MB are used" in (site.progress.state().note or "")
        site.clock.now += 60
        assert drain.drain_once().is_idle
        assert site.progress._connection.total_changes == changes
        site.clock.now += 40 * 86400
        site.run(drain)
        assert drain.drain_once().is_idle
    assert site.progress.state().note is None


OLD = IdRanges.of([(1, 7)])


def test_writing_down_that_the_backlog_waits_does_not_undo_a_replay(site: Site) -> None:
    site.append(300)
    site.progress.settle(Settled("readings", NONE, OLD, expired=OLD), State(keeps="1 h"), BatchSize())
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        drain.drain_once()
        with Progress.open(site.directory / "uploader.db") as other:
            other.requeue("readings", OLD)
        assert drain.drain_once().is_idle
    state = site.progress.state()
    assert (state.expired, state.keeps, bool(state.note)) == (0, None, True)


def test_without_a_backlog_nobody_is_told_that_it_goes_out_slowly(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    times: list[int] = []
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.0001)
        for _ in range(20):
            times += site.append(1)
            while not (step := drain.drain_once()).is_idle:
                pass
            assert step.wait_seconds == 60
            site.clock.now += step.wait_seconds
        assert server.times() == times
    assert site.progress.state().note is None
    assert not [record for record in caplog.records if "slowly" in record.message]


def test_the_allowance_is_looked_at_again_when_the_clock_is_put_right(site: Site) -> None:
    """It used to wait for the end of the month that a wrong clock had shown: 30 days."""
    site.append(10_000)
    with ScriptedInflux() as server, influx(server.target) as writer:
        drain = site.drain(writer, monthly_megabytes=0.01)
        for _ in range(60):
            site.clock.now += drain.drain_once().wait_seconds
        sent = len(server.times())
        assert sent < 9000
        site.clock.wall_ms = 40 * 86_400_000  # another month, with nothing used
        for _ in range(5):
            site.clock.now += drain.drain_once().wait_seconds
        assert len(server.times()) > sent + 50


def test_a_wrong_token_does_not_use_up_the_month_with_large_requests(site: Site) -> None:
    site.append(3000)
    site.progress.note(site.progress.state(), BatchSize(5000))
    sizes: list[int] = []

    def refuse(lines: list[str]) -> Answer:
        sizes.append(len(lines))
        return error(401, "unauthorized access", "unauthorized")

    with ScriptedInflux(answers=refuse) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        for _ in range(20):
            site.clock.now += drain.drain_once().wait_seconds
    assert sizes[0] == 3000
    assert max(sizes[1:]) <= 100
