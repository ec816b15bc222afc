import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from admin.commands.alert import situation
from journal.boots import Anchor
from journal.errors import JournalUnusable
from journal.files import only_one
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, boot_id
from tests.admin.conftest import Solar, contents, event, fill, reading
from tests.scripted_influx import ScriptedInflux, error
from tests.uploader.site import influx
from uploader.drain.drain import Drain
from uploader.drain.reporter import Reporter
from uploader.progress.progress import Progress


@pytest.fixture
def now_ms() -> int:
    return time.time_ns() // 1_000_000


def fill_now(data: Path, now_ms: int, readings: int = 12) -> None:
    """So many readings, the newest 5 s old."""
    with JournalWriter.create(data / "journal.db") as journal:
        moment = Clock(0).now()
        anchor = Anchor(moment.uptime_ms, now_ms, "a person said so")
        journal.write_anchor(journal.boot_number(boot_id()), anchor)
        journal.append_all(
            replace(reading(number), time_ms=now_ms - 5000 - (readings - number) * 10_000)
            for number in range(1, readings + 1)
        )


def point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"URL": url, "TOKEN": "t", "ORG": "o", "BUCKET": "b"}.items():
        monkeypatch.setenv(f"INFLUXDB_{name}", value)


def plain(shown: str) -> str:
    """Without what differs from machine to machine and second to second."""
    shown = re.sub(r"\d+ seconds? ago|just now", "AGO", shown)
    shown = re.sub(r"since \d{4}-\d\d-\d\d", "since DAY", shown)
    return re.sub(r"[\d.,]+ ([kMG]B|bytes)", "SIZE", shown)


def test_a_site_that_only_logs_is_well(solar: Solar, now_ms: int) -> None:
    fill_now(Path("data"), now_ms)
    ran = solar("status")
    assert (ran.code, ran.err) == (0, "")
    assert plain(ran.out) == (
        "All is well.\n"
        "\n"
        "Last reading  AGO: PL80, 25.4 V, charge 12.0 A, boost\n"
        "Journal       12 readings since DAY, one every 10 s, in data\n"
        "Upload        not set up; `solar upload` says what is missing\n"
        "Clock         trusted: a person said so\n"
        "Disk          SIZE of SIZE free; the journal uses SIZE\n"
    )


def test_after_an_upload_it_tells_when_and_how_much(solar: Solar, now_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_now(Path("data"), now_ms)
    with ScriptedInflux() as influx:
        point_to(influx.url, monkeypatch)
        solar("upload", "--once")
    ran = solar("status")
    assert ran.code == 0
    assert plain(ran.out) == (
        "All is well.\n"
        "\n"
        "Last reading  AGO: PL80, 25.4 V, charge 12.0 A, boost\n"
        "Journal       12 readings since DAY, one every 10 s, in data\n"
        "Last upload   AGO; SIZE today, SIZE this month\n"
        "To be sent    nothing\n"
        "Last error    none\n"
        "Dead letters  none\n"
        "Clock         trusted: a person said so\n"
        "Disk          SIZE of SIZE free; the journal uses SIZE\n"
    )


def test_trouble_and_backlog_come_in_plain_words(solar: Solar, now_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_now(Path("data"), now_ms)
    with ScriptedInflux([error(404, 'bucket "b" not found', "not found")] * 5) as influx:
        point_to(influx.url, monkeypatch)
        solar("upload", "--once")
    ran = solar("status")
    assert ran.code == 1
    assert ran.out.startswith("Needs attention:\n  - InfluxDB has refused the settings for ")
    assert 'bucket "b" not found' in ran.out
    to_be_sent = next(line for line in ran.out.splitlines() if line.startswith("To be sent"))
    assert to_be_sent.startswith("To be sent    12 readings; the oldest reading from 2 minutes ago; ")
    assert max(map(len, ran.out.splitlines())) <= 80


def upload_some(data: Path, now_ms: int, *, monthly_megabytes: float | None = None) -> None:
    """Send the newest 100, and the rest if no limit forbids it: all this at a certain time."""
    with ScriptedInflux() as server, influx(server.target) as writer, Progress.open(data / "uploader.db") as progress:
        drain = Drain(
            data / "journal.db",
            writer,
            progress,
            reporter=Reporter("http://influx.example"),
            monthly_megabytes=monthly_megabytes,
            now_ms=lambda: now_ms,
        )
        while not drain.drain_once().is_idle:
            pass


def append_one(data: Path, time_ms: int) -> None:
    with JournalWriter.create(data / "journal.db") as journal:
        journal.append(replace(reading(1), id=None, time_ms=time_ms))


@pytest.mark.parametrize(
    ("new_ms", "is_told"),
    [(None, False), (5000, False), (20 * 60_000, True)],
    ids=["the logger has stood", "the logger has just come back", "new readings wait too"],
)
def test_a_backlog_that_waits_for_the_monthly_limit_does_not_say_that_no_uploader_runs(
    solar: Solar, now_ms: int, new_ms: int | None, *, is_told: bool
) -> None:
    data, uploaded_ms = Path("data"), now_ms - 30 * 60_000
    fill_now(data, uploaded_ms, readings=300)
    upload_some(data, uploaded_ms, monthly_megabytes=0.0001)
    if new_ms:
        append_one(data, now_ms - new_ms)
    shown = " ".join(solar("status").out.split())
    assert "MB are used, so the backlog goes out slowly" in shown
    assert ("no uploader sends them" in shown) == is_told
    since_ms, _ = situation(data, is_upload_wanted=True).upload or (None, "")
    assert since_ms == (now_ms - new_ms if new_ms else None)


def test_an_uploader_that_runs_may_send_rarely(solar: Solar, now_ms: int) -> None:
    """SOLAR_UPLOAD_EVERY may be some hours, which status does not know."""
    data, then_ms = Path("data"), now_ms - 3_600_000
    fill_now(data, now_ms)
    upload_some(data, then_ms)
    append_one(data, then_ms)
    assert "no uploader sends them" in solar("status").out.replace("\n    ", " ")
    with only_one(data / "uploader.lock", JournalUnusable("it is locked")):
        assert "readings are waiting" not in solar("status").out


def test_a_damaged_uploader_db_that_was_set_aside_is_told(
    solar: Solar, now_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path("data")
    fill_now(data, now_ms)
    (data / "uploader.db").write_bytes(b"\0" * 4096)
    with ScriptedInflux() as server:
        point_to(server.target.url, monkeypatch)
        assert "uploader.db was damaged; a new one was started, the old one is kept as" in solar("upload", "--once").err
    (aside,) = data.glob("uploader-damaged-*.db")
    told = "a damaged uploader.db was set aside, so all is sent again (no duplicates): check the card, then delete"
    shown = json.loads(solar("status", "--json").out)
    assert (shown["attention"], shown["journals_set_aside"]) == ([f"{told} {aside}"], [])
    assert situation(data, is_upload_wanted=True).disk == f"{told} {aside}"
    journal_aside = data / "journal-damaged-20260101T000000.000000Z.db"
    journal_aside.touch()
    disk = situation(data, is_upload_wanted=True).disk or ""
    assert disk.startswith(f"a damaged journal was set aside: `solar recover {journal_aside}`")
    assert disk.endswith(f"; {told} {aside}")
    journal_aside.unlink()
    aside.unlink()
    assert solar("status").code == 0


@pytest.mark.parametrize("name", ["nothing at all", "no database", "an uploader.db that is no database"])
def test_files_that_are_missing_or_wrong_are_said_and_left_alone(solar: Solar, tmp_path: Path, name: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    if name == "no database":
        (data / "journal.db").write_text("Dear diary, " * 1000)
    elif name == "an uploader.db that is no database":
        fill(data, 3)
        (data / "uploader.db").write_text("Dear diary, " * 1000)
    before = contents(data)
    ran, as_json = solar("status"), solar("status", "--json")
    expected = {
        "nothing at all": "cannot open data/journal.db: there is no such file",
        "no database": "cannot open data/journal.db: it is not an SQLite database",
        "an uploader.db that is no database": "cannot open data/uploader.db: it is not an SQLite database",
    }[name]
    assert (ran.code, as_json.code, ran.err, as_json.err) == (1, 1, "", "")
    assert expected in re.sub(r"\s+", " ", ran.out)
    assert json.loads(as_json.out)["attention"][-1].startswith(expected)
    assert ("Last reading" in ran.out) == (name == "an uploader.db that is no database")
    assert contents(data) == before


def test_a_silent_regulator_is_told_with_the_loggers_words(solar: Solar, tmp_path: Path) -> None:
    fill(tmp_path / "data", 3, event(1, "started", "started"), event(2, "regulator_silent", "nothing answers"))
    assert "nothing answers" in solar("status").out
    assert json.loads(solar("status", "--json").out)["regulator_trouble"] == "nothing answers"
    with JournalWriter.create(tmp_path / "data" / "journal.db") as journal:
        journal.append(event(9, "regulator_back", "it is back"))
    assert json.loads(solar("status", "--json").out)["regulator_trouble"] is None


def test_whether_the_logger_runs_is_known_without_disturbing_it(solar: Solar, tmp_path: Path) -> None:
    fill(tmp_path / "data", 3)
    assert json.loads(solar("status", "--json").out)["logger_runs"] is False
    with JournalWriter.create(tmp_path / "data" / "journal.db"):
        assert json.loads(solar("status", "--json").out)["logger_runs"] is True
        with pytest.raises(JournalUnusable, match="another logger is writing to it"):
            JournalWriter.create(tmp_path / "data" / "journal.db")


def test_the_keys_for_machines(solar: Solar, now_ms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys are a contract."""
    fill_now(Path("data"), now_ms)
    with ScriptedInflux() as influx:
        point_to(influx.url, monkeypatch)
        solar("upload", "--once")
    shown = json.loads(solar("status", "--json").out)
    last = shown.pop("last_reading")
    assert (last["battery_volts"], last["charge_amps"], last["load_amps"]) == (25.4, 12.0, None)
    assert 5 <= shown.pop("last_reading_age_seconds") < 60
    for name in ("time", "last_upload_time"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", shown.pop(name))
    for name in ("disk_free_bytes", "disk_total_bytes", "journal_bytes", "bytes_sent_today", "bytes_sent_this_month"):
        assert shown.pop(name) > 0
    energy = shown.pop("energy")
    assert energy["today"]["charge_amp_hours"] == pytest.approx(0.37, abs=0.05)
    assert energy["today"]["load_amp_hours"] is None
    assert shown == {
        "verdict": "Charge 12 A, load not known",
        "healthy": True,
        "attention": [],
        "data": "data",
        "logger_runs": False,
        "regulator_trouble": None,
        "readings": 12,
        "interval_seconds": 10.0,
        "interval_trouble": None,
        "pending": {"readings": 0, "days": 0, "events": 0, "checks": 0},
        "oldest_pending_time": None,
        "drain_seconds": 0.0,
        "upload_trouble": None,
        "upload_reason": None,
        "upload_failing_since": None,
        "note": None,
        "expired": 0,
        "dead_letters": 0,
        "dead_letters_waiting": 0,
        "journal_bytes_per_day": None,
        "disk_days_left": None,
        "clock_trusted": True,
        "clock": "trusted: a person said so",
        "held": {"readings": 0, "events": 0, "checks": 0},
        "held_reason": None,
        "journals_set_aside": [],
        "backup_time": None,
        "backup_place": None,
        "backup_trouble": None,
    }


def test_growth_is_told_from_the_journal_itself(solar: Solar, now_ms: int) -> None:
    fill_now(Path("data"), now_ms, readings=2000)
    shown = json.loads(solar("status", "--json").out)
    size = Path("data/journal.db").stat().st_size
    assert shown["journal_bytes_per_day"] == pytest.approx(size / 2000 * 8640)
    assert shown["disk_days_left"] == pytest.approx(shown["disk_free_bytes"] / shown["journal_bytes_per_day"])


def test_the_time_of_the_oldest_that_waits_is_known(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    shown = json.loads(solar("status", "--json").out)
    assert shown["oldest_pending_time"] == "2026-01-01T00:00:00.000Z"
    assert shown["pending"] == {"readings": 3, "days": 0, "events": 1, "checks": 0}


def test_every_key_stands_in_the_documentation(solar: Solar, data: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "status.md").read_text()
    documented = [
        name for cell in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE) for name in re.findall(r"\w+", cell)
    ]
    assert documented == list(json.loads(solar("status", "--json").out))


def test_an_interval_that_is_not_kept_is_told_until_it_is_or_the_logger_begins_anew(solar: Solar, now_ms: int) -> None:
    fill_now(Path("data"), now_ms)
    words = "cannot take a reading every 1 s: the line brings one every 10 s"
    for kind, message, told in [
        ("started", "started", None),
        ("interval_missed", words, words),
        ("regulator_back", "back", words),
        ("interval_kept", "again", None),
        ("interval_missed", words, words),
        ("started", "started", None),
    ]:
        with JournalWriter.create(Path("data/journal.db")) as journal:
            journal.append(event(1, kind, message))
        ran = solar("status")
        assert ran.code == 0
        assert (f"Interval      {words}\n" in ran.out) == bool(told)
        assert json.loads(solar("status", "--json").out)["interval_trouble"] == told


def test_what_cannot_be_looked_at_is_not_zero(solar: Solar, data: Path) -> None:
    (data / "uploader.db").write_bytes(b"no database" * 1000)
    shown = json.loads(solar("status", "--json").out)
    names = ("dead_letters", "dead_letters_waiting", "bytes_sent_today", "bytes_sent_this_month")
    assert [shown[name] for name in names] == [None] * 4
    assert json.loads(solar("status", "--json", "--data", "nowhere").out)["readings"] is None
