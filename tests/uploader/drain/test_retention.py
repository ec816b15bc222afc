"""What is older than the bucket keeps: counted, told once, no dead letter."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from journal.reading import Day
from tests.scripted_influx import Answer, ScriptedInflux, error
from tests.servers import Database
from tests.uploader.site import EPOCH_MS, Site, influx
from uploader.progress.progress import Progress


def test_a_backlog_beyond_retention_is_expired_in_few_requests_and_no_alarm(site: Site, database: Database) -> None:
    database.server.query(f"CREATE RETENTION POLICY short ON {database.name} DURATION 1h REPLICATION 1 DEFAULT")
    site.append(3000)
    with influx(database.target) as writer:
        steps = site.run(site.drain(writer))
    assert site.progress.dead_letters.count() == 0
    assert site.progress.state().expired == 3000
    assert len(steps) < 20


def test_what_the_server_keeps_no_longer_is_not_sent_once_it_has_said_so(site: Site) -> None:
    """InfluxDB 2.7.12 and later say it; a replay asks again, as it may keep them longer now."""
    times = site.append(5000)
    bound_ms = times[4600] // 1000 * 1000
    bound = datetime.fromtimestamp(bound_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def expired(lines: list[str]) -> Answer | None:
        old = [line for line in lines if int(line.rsplit(" ", 1)[1]) < bound_ms]
        words = f"partial write: dropped {len(old)} points outside retention policy of duration 1h0m0s - oldest point "
        for line in lines if old else ():
            if line not in old:
                server._store(line)
        words += f"{'x' * 400} Retention Policy Lower Bound at {bound} dropped={len(old)} for database: 1"
        return error(422, words, "unprocessable entity") if old else None

    with ScriptedInflux(answers=expired) as server, influx(server.target) as writer:
        drain = site.drain(writer)
        assert sum(step.sent for step in site.run(drain)) == len(server.points) == 400
        assert sum(map(len, server.requests)) < 1000
        assert len(server.requests) < 12
        assert writer.bytes_on_wire < 50_000
        state = site.progress.state()
        assert (state.expired, state.notes) == (
            4600,
            "the bucket keeps 1 h; 4,600 older records stay in the journal only",
        )
        assert site.progress.dead_letters.count() == 0
        server.answers = lambda lines: None
        with Progress.open(site.directory / "uploader.db") as admin:
            admin.requeue("readings", [(1, 5000)])
        site.clock.now += 60
        site.run(drain)
        assert server.times() == times
    assert site.progress.state().expired == 0


@pytest.mark.parametrize("with_sums", [range(10), range(8, 10), range(5, 10)], ids=["all", "new", "old-and-new"])
def test_a_day_of_two_points_that_is_too_old_is_one_record(site: Site, with_sums: range) -> None:
    """The server counts points. So days that it had stored were told, and taken, for too old."""
    for number in range(10):
        day = Day(time_ms=EPOCH_MS + number * 86_400_000, date=f"2023-11-{14 + number}", charge_amp_hours=120.0)
        site.journal.append(replace(day, measured_charge_amp_hours=119.0 if number in with_sums else None))
    bound_ms = EPOCH_MS + 7 * 86_400_000

    def expired(lines: list[str]) -> Answer | None:
        old = [line for line in lines if int(line.rsplit(" ", 1)[1]) < bound_ms]
        for line in lines if old else ():
            if line not in old:
                server._store(line)
        return error(422, f"partial write: points beyond retention policy dropped={len(old)}") if old else None

    with ScriptedInflux(answers=expired) as server, influx(server.target) as writer:
        steps = site.run(site.drain(writer))
        assert sum(step.sent for step in steps) == 3
        assert len(server.requests) == 1
    assert site.progress.state().expired == 7
