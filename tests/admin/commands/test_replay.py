from pathlib import Path

import pytest

from journal.journal import Journal
from tests.admin.conftest import FIRST_MS, Ran, Solar, contents, point_to
from tests.scripted_influx import ScriptedInflux
from uploader.progress.progress import Progress
from uploader.server.target import Target


@pytest.fixture(autouse=True)
def in_the_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)


def pending(data: Path) -> dict[str, tuple[tuple[int, int], ...]]:
    with Journal.open(data / "journal.db") as journal, Progress.read_only(data / "uploader.db") as progress:
        return {name: progress.pending(journal, name).ranges for name in ("readings", "days", "events")}


def test_a_stretch_of_time_is_sent_again_over_itself(solar: Solar, data: Path) -> None:
    with ScriptedInflux() as influx:
        solar("upload", "--once", "--url", influx.url)
        sent = dict(influx.points)
        ran = solar("replay", "--since", "2026-01-01T00:00:05Z", "--until", "2026-01-01T00:00:15Z")
        assert ran == Ran(0, "queued 1 reading; the uploader sends them again\n", "")
        assert pending(data) == {"readings": ((2, 2),), "days": (), "events": ()}
        solar("upload", "--once", "--url", influx.url)
        assert influx.points == sent
        assert [line.split()[-1] for line in influx.requests[-1]] == [str(FIRST_MS + 10_000)]
    assert pending(data) == {"readings": (), "days": (), "events": ()}


def test_everything_of_every_table_is_queued(solar: Solar, data: Path) -> None:
    with ScriptedInflux() as influx:
        solar("upload", "--once", "--url", influx.url)
    ran = solar("replay", "--since", "2025-12-31")
    assert ran.out == "queued 3 readings, 1 event; the uploader sends them again\n"
    assert pending(data) == {"readings": ((1, 3),), "days": (), "events": ((1, 1),)}


def test_a_time_without_readings_queues_nothing(solar: Solar, data: Path) -> None:
    with ScriptedInflux() as influx:
        solar("upload", "--once", "--url", influx.url)
    ran = solar("replay", "--since", "2026-02-01")
    assert ran == Ran(0, "nothing queued: the journal has nothing from that period\n", "")


def test_before_the_first_upload_all_is_pending_anyway(solar: Solar, data: Path) -> None:
    before = contents(data)
    ran = solar("replay", "--since", "7d")
    assert ran == Ran(0, "nothing has been uploaded from here yet, so everything is still waiting to be sent\n", "")
    assert contents(data) == before
