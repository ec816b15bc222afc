"""`solar audit` against a real InfluxDB 1.x from which points are deleted, and a double of 2.x."""

import json
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from journal.journal import Journal
from journal.reading import Day
from journal.writer import JournalWriter
from tests.admin.conftest import FIRST_MS, Ran, Solar, event, fill, point_to, reading
from tests.servers import Database, VictoriaMetrics
from tests.uploader.audit.flux_double import FluxDouble
from tests.uploader.audit.stored import Point, Stored
from uploader.progress.progress import Progress
from uploader.server.target import Target

HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def data(tmp_path: Path) -> Path:
    """Three hours of readings, one every 10 s, and an event."""
    return fill(tmp_path / "data", 1080, event(1, "started", "logger 0.1.0 started"))


def delete(database: Database, since_ms: int, until_ms: int, measurement: str = "solar") -> None:
    where = f"time >= {since_ms * 1_000_000} AND time < {until_ms * 1_000_000}"
    database.server.query(f'DELETE FROM "{measurement}" WHERE {where}', database.name)


def pending(data: Path) -> tuple[tuple[int, int], ...]:
    with Journal.open(data / "journal.db") as journal, Progress.read_only(data / "uploader.db") as progress:
        return progress.pending(journal, "readings").ranges


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
        "to send again what is lost: `solar audit --repair`\n",
        "",
    )
    assert pending(data) == ()

    repaired = solar("audit", "--repair")
    last = "420 records queued for the uploader; to send now: `solar upload --once`"
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
    different = {"changed": 0, "stuck": 0, "refused": 0, "expired": 0, "pending": 0}
    assert json.loads(ran.out) == {
        "clean": False,
        "server": database.server.url,
        "since": "2026-01-01T00:30:00.000Z",
        "until": None,
        "values": False,
        "texts": False,
        "queued": 0,
        "tables": {"readings": {"in_journal": 900, "missing": reasons, "different": different, "surplus": 0}},
        "hours": [
            {
                "table": "readings",
                "site": "home",
                "hour": "2026-01-01T01:00:00.000Z",
                "in_journal": 360,
                "at_server": 358,
                "missing": {"lost": 2},
                "different": {},
                "fields": [],
                "surplus": 0,
                "lost_ids": [[361, 362]],
                "changed_ids": [],
            }
        ],
    }
    everything = json.loads(solar("audit", "--json", "--repair").out)
    assert (everything["clean"], everything["queued"]) == (True, 3)
    assert [hour["table"] for hour in everything["hours"]] == ["readings", "events"]


def test_changed_values_are_found_by_values_and_healed(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number, a text that turns up in that hour anyway, and an event's words; and a reading that is lost."""
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append_all(reading(n, regulator_state="float", charge_watts=0.1 * n) for n in range(1081, 1101))
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    url = database.server.url
    same = f"1,100 of 1,100 readings at {url}, with the same values\n1 of 1 event at {url}, with the same values\n"
    assert solar("audit", "--values") == Ran(0, same, "")

    before = {measurement: database.rows(measurement) for measurement in ("solar", "solar_event")}
    lines = [
        f"solar,model=PL80,site=home battery_volts=25.5 {reading(400).time_ms}",
        f'solar,model=PL80,site=home regulator_state="boost" {reading(1090).time_ms}',
        f'solar_event,kind=started,site=home message="logger 0.2.0 started" {FIRST_MS}',
    ]
    write = f"{url}/write?db={database.name}&precision=ms"
    with urllib.request.urlopen(write, "\n".join(lines).encode(), timeout=10) as answer:
        assert answer.status == 204
    delete(database, FIRST_MS, FIRST_MS + 1)
    assert solar("audit", "--table", "events").code == 0
    found = (
        "2026-01-01T00:00 to 01:00  readings of home: 1 of 360 missing: lost by the server\n"
        "2026-01-01T01:00 to 02:00  readings of home: 1 of 360 with different values (battery_volts): "
        "changed at the server\n"
        "2026-01-01T03:00 to 04:00  readings of home: 1 of 20 with different values (regulator_state): "
        "changed at the server\n"
        "2026-01-01T00:00 to 01:00  events of home: 1 of 1 with different values (message): changed at the server\n"
        f"1,099 of 1,100 readings at {url}, 2 of them with different values (2 changed at the server); "
        "1 lost by the server\n"
        f"1 of 1 event at {url}, 1 of them with different values (1 changed at the server)\n"
    )
    hint = "to send again what is lost or changed: `solar audit --values --repair`\n"
    assert solar("audit", "--values") == Ran(1, found + hint, "")
    machine = json.loads(solar("audit", "--values", "--json").out)
    assert (machine["clean"], machine["queued"], machine["values"], machine["texts"]) == (False, 0, True, True)
    assert machine["tables"]["readings"]["different"]["changed"] == 2
    assert [hour["changed_ids"] for hour in machine["hours"]] == [[], [[400, 400]], [[1090, 1090]], [[1, 1]]]

    queued = "4 records queued for the uploader; to send now: `solar upload --once`\n"
    assert solar("audit", "--values", "--repair") == Ran(0, found + queued, "")
    assert pending(data) == ((1, 1), (400, 400), (1090, 1090))
    assert "1 of them with different values (1 waiting to be sent)" in solar("audit", "--values").out
    solar("upload", "--once")
    assert solar("audit", "--values") == Ran(0, same, "")
    assert {measurement: database.rows(measurement) for measurement in before} == before


def test_losses_in_each_of_many_hours_are_found(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InfluxDB 1.x shortens an answer of more than 10,000 rows, which is no answer."""
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append_all(reading(n) for n in range(1081, 10_801))
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    for hour in range(30):
        delete(database, FIRST_MS + hour * HOUR_MS, FIRST_MS + hour * HOUR_MS + 10_000)
    ran = solar("audit", "--repair")
    assert (ran.code, ran.err) == (0, "")
    assert "30 of 10,800 missing: lost by the server" in ran.out
    assert pending(data) == tuple((n, n) for n in range(1, 10_801, 360))


def test_a_days_second_point_is_compared_and_healed(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    time_ms = FIRST_MS + 24 * HOUR_MS
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(Day(time_ms=time_ms, date="2026-01-02", measured_load_watt_hours=40.5, days_since_full=2.0))
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    before = database.rows("solar_energy_day")
    assert [row["load_watt_hours"] for row in before] == [40.5]
    delete(database, time_ms, time_ms + 1, "solar_energy_day")
    ran = solar("audit", "--values", "--repair", "--table", "days")
    words = "1 of 1 with different values (solar_energy_day.days_since_full, solar_energy_day.load_watt_hours)"
    assert ran.code == 0
    assert words in ran.out
    solar("upload", "--once")
    assert solar("audit", "--values").code == 0
    assert database.rows("solar_energy_day") == before


def test_victoriametrics_is_audited_but_for_what_it_does_not_keep(
    solar: Solar, tmp_path: Path, victoria_metrics: VictoriaMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(victoria_metrics.target, monkeypatch)
    data = fill(tmp_path / "audited", 1080, event(1, "started", "logger 0.1.0 started"), site="audited")
    monkeypatch.setenv("SOLAR_DATA", str(data))
    solar("upload", "--once")
    victoria_metrics.samples("audited")
    url = victoria_metrics.url
    note = "texts such as regulator_state were not compared: this server does not keep them\n"
    same = (
        f"1,080 of 1,080 readings at {url}, with the same values\n1 of 1 event at {url}, with the same values\n{note}"
    )
    assert solar("audit", "--values") == Ran(0, same, "")

    solar("replay", "--since", "2026-01-01T01:00", "--until", "2026-01-01T01:30")
    solar("upload", "--once")
    assert len(victoria_metrics.samples("audited")) == 1080 + 180
    assert solar("audit", "--values") == Ran(0, same, "")

    with JournalWriter.create(data / "journal.db", "audited") as journal:
        journal.append_all(reading(n) for n in range(1081, 1101))
    with Progress.open(data / "uploader.db") as progress:
        progress.mark_done("readings", [(1081, 1090)])
    odd = f"solar,model=PL80,site=audited battery_volts=99 {reading(5).time_ms}"
    with urllib.request.urlopen(f"{url}/write?precision=ms", odd.encode(), timeout=10) as answer:
        assert answer.status == 204
    victoria_metrics.samples("audited")
    assert solar("audit", "--values", "--repair") == Ran(
        1,
        "2026-01-01T00:00 to 01:00  readings of audited: 1 of 360 with different values (battery_volts): "
        "that sending again does not fix\n"
        "2026-01-01T03:00 to 04:00  readings of audited: 20 of 20 missing: 10 lost by the server, "
        "10 waiting to be sent\n"
        f"1,080 of 1,100 readings at {url}, 1 of them with different values (1 that sending again does not fix); "
        "10 lost by the server; 10 waiting to be sent\n"
        f"1 of 1 event at {url}, with the same values\n{note}"
        "1 record cannot be fixed by sending again: the old value stays beside the new one; "
        "delete it at the server, then run `solar audit --values --repair`\n"
        "10 records queued for the uploader; to send now: `solar upload --once`\n",
        "",
    )
    solar("upload", "--once")
    victoria_metrics.samples("audited")
    assert f"1,100 of 1,100 readings at {url}" in solar("audit").out
    assert solar("audit").code == 0


@pytest.mark.parametrize("text", ["new\nline", "a\tb", "\x07"])
def test_a_text_is_asked_for_as_it_was_sent(
    text: str, solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(replace(reading(1081), regulator_state=text))
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    ran = solar("audit", "--values")
    assert (ran.code, ran.err) == (0, "")


def test_version_2_is_asked_in_flux(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was refused, what waits, and a stranger's points besides."""
    times = [reading(n).time_ms for n in range(1, 1081)]
    with Progress.open(data / "uploader.db") as progress, Journal.open(data / "journal.db") as journal:
        progress.see(journal)
        progress.mark_done("readings", [(1, 1000)])
    strangers = [Point(times[400] + n) for n in range(1, 4)]
    with FluxDouble(Stored([*map(Point, times[3:1000]), *strangers])) as double:
        point_to(double.target, monkeypatch)
        ran = solar("audit", "--repair")
    assert ran == Ran(
        0,
        "2026-01-01T00:00 to 01:00  readings of home: 3 of 360 missing: lost by the server\n"
        "2026-01-01T01:00 to 02:00  readings of home: 3 points that the journal does not have: "
        "deleted here, or from another source\n"
        "2026-01-01T02:00 to 03:00  readings of home: 80 of 360 missing: waiting to be sent\n"
        "2026-01-01T00:00 to 01:00  events of home: 1 of 1 missing: waiting to be sent\n"
        f"997 of 1,080 readings at {double.url}; 3 lost by the server; 80 waiting to be sent\n"
        f"0 of 1 event at {double.url}; 1 waiting to be sent\n"
        "3 records queued for the uploader; to send now: `solar upload --once`\n",
        "",
    )
    assert pending(data) == ((1, 3), (1001, 1080))


def test_what_the_server_has_refused_needs_attention_but_is_not_queued(
    solar: Solar, data: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{database.server.url}/write?db={database.name}&precision=ms"
    with urllib.request.urlopen(url, f'solar,site=hut load_amps="text" {FIRST_MS}'.encode(), timeout=10) as answer:
        assert answer.status == 204
    with JournalWriter.create(data / "journal.db") as journal:
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
        "1 record queued for the uploader; to send now: `solar upload --once`\n",
        "",
    )
    assert pending(data) == ((1, 1),)


def test_who_asks_the_wrong_server_is_told_so(
    solar: Solar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    database.server.query("CREATE DATABASE other")
    monkeypatch.setenv("INFLUXDB_BUCKET", "other")
    assert solar("audit", "--values", "--table", "readings") == Ran(
        1,
        "2026-01-01T00:00 to 03:00  readings of home: 1,080 of 1,080 missing: lost by the server\n"
        f"0 of 1,080 readings at {database.server.url}; 1,080 lost by the server\n"
        "the server has none of these records: are INFLUXDB_URL and INFLUXDB_BUCKET right?\n"
        "to send again what is lost: `solar audit --repair`\n",
        "",
    )


def test_what_is_there_to_be_compared_may_be_nothing(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    words = "nothing to compare: no records of this journal from that period have been uploaded\n"
    assert solar("audit") == Ran(0, words, "")
    assert json.loads(solar("audit", "--json").out)["clean"] is True


def test_a_server_that_cannot_be_asked_is_one_line(
    solar: Solar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    solar("upload", "--once")
    monkeypatch.setenv("INFLUXDB_BUCKET", "nowhere")
    ran = solar("audit", "--json", "--repair")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "database not found: nowhere" in ran.err


def test_bad_settings_exit_2(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = solar("audit")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("cannot audit: INFLUXDB_URL, INFLUXDB_TOKEN, INFLUXDB_ORG, INFLUXDB_BUCKET are not set")
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    assert solar("audit", "--table", "nights").code == 2
    assert solar("audit", "--since", "1d", "--until", "2d").code == 2
