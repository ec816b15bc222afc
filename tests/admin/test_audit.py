"""`solar audit` against a real InfluxDB 1.x from which points are deleted, and a double of 2.x."""

import json
import urllib.request
from pathlib import Path

import pytest

from journal.journal import Journal
from tests.admin.conftest import FIRST_MS, Ran, Solar, event, fill, reading
from tests.servers import Database, VictoriaMetrics
from tests.uploader.flux_double import FluxDouble
from tests.uploader.stored import Point, Stored
from uploader.progress import Progress
from uploader.target import Target

HOUR_MS = 3_600_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three hours of readings, one every 10 s, and an event."""
    return fill(tmp_path / "data", 1080, event(1, "started", "logger 0.1.0 started"))


@pytest.fixture(autouse=True)
def in_the_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_DATA", str(data))


def point_to(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"URL": target.url, "TOKEN": target.token or "t", "ORG": target.org, "BUCKET": target.bucket}
    for name, value in settings.items():
        monkeypatch.setenv(f"INFLUXDB_{name}", value)


def delete(database: Database, since_ms: int, until_ms: int, measurement: str = "solar") -> None:
    where = f"time >= {since_ms * 1_000_000} AND time < {until_ms * 1_000_000}"
    database.server.query(f'DELETE FROM "{measurement}" WHERE {where}', database.name)


def pending(data: Path) -> tuple[tuple[int, int], ...]:
    with Journal.open(data / "journal.db") as journal, Progress.read_only(data / "uploader.db") as progress:
        return progress.pending("readings", journal.released("readings")).ranges


def test_a_stretch_that_the_server_has_lost_is_found_and_healed(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    url = database.server.url
    whole = f"1,080 of 1,080 readings at {url}\n1 of 1 event at {url}\n"
    assert solar("audit") == Ran(0, whole, "")

    before = database.rows("solar")
    delete(database, FIRST_MS + 50 * 60_000, FIRST_MS + 2 * HOUR_MS)
    assert solar("audit") == Ran(
        1,
        "2026-01-01T00:00 to 02:00  readings of home: 420 of 720 missing: lost by the server\n"
        f"660 of 1,080 readings at {url}; 420 lost by the server\n"
        f"1 of 1 event at {url}\n"
        "`solar audit --repair` queues what the server has lost to be sent again\n",
        "",
    )
    assert pending(data) == ()

    repaired = solar("audit", "--repair")
    last = "420 records queued to be sent again: by the uploader, or now with `solar upload --once`"
    assert (repaired.code, repaired.out.splitlines()[-1]) == (0, last)
    assert pending(data) == ((301, 720),)
    waiting = solar("audit")
    assert waiting.code == 0
    assert f"660 of 1,080 readings at {url}; 420 waiting to be sent\n" in waiting.out

    solar("upload", "--once")
    assert solar("audit") == Ran(0, whole, "")
    assert database.rows("solar") == before


def test_machines_get_every_hour_that_differs(
    solar: Solar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    delete(database, FIRST_MS + HOUR_MS, FIRST_MS + HOUR_MS + 20_000)
    delete(database, 0, FIRST_MS + HOUR_MS, "solar_event")
    ran = solar("audit", "--json", "--since", "2026-01-01T00:30", "--table", "readings")
    assert ran.code == 1
    reasons = {"lost": 2, "refused": 0, "expired": 0, "held": 0, "pending": 0}
    assert json.loads(ran.out) == {
        "clean": False,
        "server": database.server.url,
        "since": "2026-01-01T00:30:00.000Z",
        "until": None,
        "queued": 0,
        "tables": {"readings": {"in_journal": 900, "missing": reasons, "surplus": 0}},
        "hours": [
            {
                "table": "readings",
                "site": "home",
                "hour": "2026-01-01T01:00:00.000Z",
                "in_journal": 360,
                "at_server": 358,
                "missing": {"lost": 2},
                "surplus": 0,
                "lost_ids": [[361, 362]],
            }
        ],
    }
    everything = json.loads(solar("audit", "--json", "--repair").out)
    assert (everything["clean"], everything["queued"]) == (True, 3)
    assert [hour["table"] for hour in everything["hours"]] == ["readings", "events"]


def test_version_2_is_asked_in_flux(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was refused, what waits, and a stranger's points besides."""
    times = [reading(n).time_ms for n in range(1, 1081)]
    with Progress.open(data / "uploader.db") as progress, Journal.open(data / "journal.db") as journal:
        progress.adopt(journal.identity(), journal.last_ids())
        progress.mark_done("readings", [(1, 1000)])
    strangers = [Point(times[400] + n) for n in range(1, 4)]
    with FluxDouble(Stored([*map(Point, times[3:1000]), *strangers])) as double:
        point_to(double.target, monkeypatch)
        ran = solar("audit", "--repair")
    assert ran == Ran(
        0,
        "2026-01-01T00:00 to 01:00  readings of home: 3 of 360 missing: lost by the server\n"
        "2026-01-01T01:00 to 02:00  readings of home: 3 points that the journal has not: "
        "pruned here, or of another source\n"
        "2026-01-01T02:00 to 03:00  readings of home: 80 of 360 missing: waiting to be sent\n"
        "2026-01-01T00:00 to 01:00  events of home: 1 of 1 missing: waiting to be sent\n"
        f"997 of 1,080 readings at {double.url}; 3 lost by the server; 80 waiting to be sent\n"
        f"0 of 1 event at {double.url}; 1 waiting to be sent\n"
        "3 records queued to be sent again: by the uploader, or now with `solar upload --once`\n",
        "",
    )
    assert pending(data) == ((1, 3), (1001, 1080))


def test_what_the_server_has_refused_needs_attention_but_is_not_queued(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{database.server.url}/write?db={database.name}&precision=ms"
    with urllib.request.urlopen(url, f'solar,site=hut load_amps="text" {FIRST_MS}'.encode(), timeout=10) as answer:
        assert answer.status == 204
    with Journal.create(data / "journal.db") as journal:
        journal.append(reading(1081, load_amps=1.0))
        journal.append(reading(1082, battery_volts=None, charge_amps=None))
    point_to(database.target, monkeypatch)
    assert solar("upload", "--once").code == 1
    delete(database, FIRST_MS, FIRST_MS + 1)
    ran = solar("audit", "--repair", "--table", "readings")
    assert ran == Ran(
        1,
        "2026-01-01T00:00 to 01:00  readings of home: 1 of 360 missing: lost by the server\n"
        "2026-01-01T03:00 to 04:00  readings of home: 1 of 2 missing: refused by the server "
        "(`solar dead-letters list`)\n"
        f"1,080 of 1,082 readings at {database.server.url}; 1 lost by the server; "
        "1 refused by the server (`solar dead-letters list`)\n"
        "1 record queued to be sent again: by the uploader, or now with `solar upload --once`\n",
        "",
    )
    assert pending(data) == ((1, 1),)


def test_what_is_there_to_be_compared_may_be_nothing(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    words = "nothing of this journal has been uploaded in that time, so there is nothing to compare\n"
    assert solar("audit") == Ran(0, words, "")
    assert json.loads(solar("audit", "--json").out)["clean"] is True


def test_a_server_that_cannot_be_asked_is_one_line(
    solar: Solar, database: Database, victoria_metrics: VictoriaMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    monkeypatch.setenv("INFLUXDB_URL", victoria_metrics.url)
    ran = solar("audit", "--json", "--repair")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.endswith("VictoriaMetrics, for one, takes readings but cannot be audited\n")
    monkeypatch.setenv("INFLUXDB_BUCKET", "nowhere")
    monkeypatch.setenv("INFLUXDB_URL", database.server.url)
    assert "database not found: nowhere" in solar("audit").err


def test_bad_settings_exit_2(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = solar("audit")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("cannot audit: INFLUXDB_URL, INFLUXDB_TOKEN, INFLUXDB_ORG, INFLUXDB_BUCKET are not set")
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    assert solar("audit", "--table", "nights").code == 2
    assert solar("audit", "--since", "1d", "--until", "2d").code == 2
