"""The whole way against the InfluxDB 2 that INFLUXDB_TEST_URL names: upload, count, send again, audit."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.cli import run
from admin.terminal.moments import iso
from journal.journal import Journal
from journal.reading import Day, Event, Reading
from journal.writer import JournalWriter
from tests.servers import InfluxDB2
from uploader.progress.progress import Progress

READINGS, EVERY_MS = 300, 10_000
COUNT = """
from(bucket: "{bucket}")
    |> range(start: -1d)
    |> filter(fn: (r) => r._measurement == "solar" and r._field == "battery_volts" and r.site == "hut")
    |> count()
"""


def use(influxdb: InfluxDB2, directory: Path, monkeypatch: pytest.MonkeyPatch, readings: int) -> None:
    """A site with this many readings, of which the last is some seconds old, and the settings to send them there."""
    for name in ("url", "token", "org", "bucket"):
        monkeypatch.setenv(f"INFLUXDB_{name.upper()}", getattr(influxdb, name))
    monkeypatch.setenv("SOLAR_DATA", str(directory))
    first_ms = int(time.time() * 1000) - readings * EVERY_MS
    with JournalWriter.create(directory / "journal.db", "hut") as journal:
        journal.append_all(
            Reading(
                time_ms=first_ms + number * EVERY_MS,
                boot=1,
                uptime_ms=number,
                model="PL80",
                battery_volts=27.4,
                regulator_state="float" if number % 7 else "boost",
            )
            for number in range(readings)
        )
        noon_ms = first_ms // 86_400_000 * 86_400_000 + 43_200_000
        journal.append(Day(time_ms=noon_ms, date=iso(noon_ms)[:10], measured_load_watt_hours=40.5))
        journal.append(Event(time_ms=first_ms, boot=1, uptime_ms=1, kind="started", message='it said "hi"'))


@pytest.fixture
def influxdb(influxdb_2_server: InfluxDB2, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InfluxDB2]:
    with influxdb_2_server.with_bucket() as influxdb:
        use(influxdb, tmp_path, monkeypatch, READINGS)
        yield influxdb


def stored(influxdb: InfluxDB2) -> int:
    return sum(int(row["_value"]) for row in influxdb.rows(COUNT.format(bucket=influxdb.bucket)))


def test_what_its_bucket_keeps_no_longer_is_a_note_and_costs_few_requests(
    influxdb_2_server: InfluxDB2,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """5,000 readings in 13.9 hours; the bucket keeps the last 360."""
    with influxdb_2_server.with_bucket(keeps_seconds=3600) as influxdb:
        use(influxdb, tmp_path, monkeypatch, 5000)
        assert run(["upload", "--once"]) == 0
        assert "the bucket keeps 1 h; 4,6" in capsys.readouterr().err
        assert stored(influxdb) in range(355, 361)
        assert run(["status"]) == 0
        assert "Dead letters  none" in capsys.readouterr().out
    with Progress.open(tmp_path / "uploader.db") as progress:
        assert progress.traffic.this_month(int(time.time() * 1000)) < 10_000


def test_every_reading_arrives_once_however_often_it_is_sent_and_the_audit_says_so(influxdb: InfluxDB2) -> None:
    assert run(["upload", "--once"]) == 0
    assert stored(influxdb) == READINGS
    assert run(["audit", "--values"]) == 0
    assert run(["replay", "--since", "1d"]) == 0
    assert run(["upload", "--once"]) == 0
    assert stored(influxdb) == READINGS


def test_a_wrong_token_loses_nothing(influxdb: InfluxDB2, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as wrong:
        wrong.setenv("INFLUXDB_TOKEN", "no-such-token")
        assert run(["upload", "--once"]) == 1
    assert stored(influxdb) == 0
    assert run(["upload", "--once"]) == 0
    assert stored(influxdb) == READINGS


@pytest.mark.parametrize(
    ("stream", "point"),
    [
        ("readings", "solar,model=PL80,site=hut battery_volts=27.5"),
        ("readings", 'solar,model=PL80,site=hut regulator_state="boost"'),
        ("days", "solar_energy_day,site=hut load_watt_hours=41"),
        ("events", 'solar_event,kind=started,site=hut message="it said ho"'),
    ],
)
def test_a_changed_value_is_found_and_healed(influxdb: InfluxDB2, tmp_path: Path, stream: str, point: str) -> None:
    assert run(["upload", "--once"]) == 0
    with Journal.open(tmp_path / "journal.db") as journal:
        (time_ms,) = next(journal.values(stream, ("time_ms",), 7 if stream == "readings" else 1, 7))
    path = f"/api/v2/write?org={influxdb.org}&bucket={influxdb.bucket}&precision=ms"
    influxdb.ask(path, f"{point} {time_ms}".encode(), "text/plain")
    assert run(["audit"]) == 0
    assert run(["audit", "--values"]) == 1
    assert run(["audit", "--values", "--repair"]) == 0
    assert run(["upload", "--once"]) == 0
    assert run(["audit", "--values"]) == 0


def test_a_wrong_organisation_is_named(
    influxdb: InfluxDB2, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["upload", "--once"]) == 0
    monkeypatch.setenv("INFLUXDB_ORG", "no-such-org")
    assert run(["audit"]) == 1
    assert "organisation no-such-org not found; check INFLUXDB_ORG" in capsys.readouterr().err


def test_a_field_that_another_program_wrote_as_text_is_named(
    influxdb: InfluxDB2, capsys: pytest.CaptureFixture[str]
) -> None:
    """InfluxDB then refuses all numbers of that field for as long as a shard covers, a week."""
    path = f"/api/v2/write?org={influxdb.org}&bucket={influxdb.bucket}&precision=s"
    influxdb.ask(path, f'solar,model=PL80,site=hut battery_volts="high" {int(time.time())}'.encode(), "text/plain")
    assert run(["upload", "--once"]) == 1
    capsys.readouterr()
    assert run(["dead-letters", "list"]) == 0
    assert 'input field "battery_volts"' in capsys.readouterr().out
    assert run(["audit", "--values"]) == 1
    assert "holds a field as text" in capsys.readouterr().err
