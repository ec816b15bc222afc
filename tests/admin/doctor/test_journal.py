import time
from dataclasses import replace
from pathlib import Path

import pytest

from admin.doctor.finding import Finding, Verdict
from admin.doctor.journal import inspect, journal, sqlite_version
from admin.health.health import Disk, Health
from admin.health.survey import survey
from journal import damage
from journal.reading import Event
from tests.admin.conftest import fill

NOW_MS = 1_767_225_600_000
FULL = Disk(free_bytes=0, total_bytes=10**9, journal_bytes=1, journal_bytes_per_day=None)
SILENT = Event(time_ms=1, boot=1, uptime_ms=1, kind="regulator_silent", message="the regulator is silent")


def health(data: Path, age_seconds: float = 9, **values: object) -> Health:
    """Of the journal in `data`, whose newest reading is so old."""
    found = survey(data, is_upload_wanted=False)
    assert found.reading
    return replace(found, now_ms=found.reading.time_ms + int(age_seconds * 1000), **values)  # type: ignore[arg-type]


def named(findings: object, name: str) -> Finding:
    (finding,) = [each for each in findings if each.name == name]  # type: ignore[attr-defined]
    assert isinstance(finding, Finding)
    return finding


def test_fresh_readings_in_a_sound_journal(data: Path) -> None:
    findings = list(journal(health(data, is_logging=True)))
    assert [(finding.name, finding.verdict.value, finding.found) for finding in findings[:2]] == [
        ("readings", "ok", "last one 9 seconds ago, one every 10 seconds; the logger is running"),
        ("journal", "ok", "3 readings since 2026-01-01, no damage"),
    ]


@pytest.mark.parametrize(
    ("age_seconds", "values", "verdict", "remedy"),
    [
        (600, {}, "bad", "start the logger: sudo systemctl start solar-logger"),
        (600, {"trouble": SILENT}, "bad", "the logger says: the regulator is silent"),
        (600, {"is_logging": True}, "bad", "look at the logger's log: journalctl -u solar-logger"),
        (
            600,
            {"is_logging": True, "disk": FULL},
            "bad",
            "free some space, see line 15 (Disk); until then the logger keeps readings in memory",
        ),
        (600, {"interval_seconds": 300.0}, "ok", ""),
        (600, {"is_saving": True}, "ok", ""),
        (
            -600,
            {},
            "look",
            "the computer's clock is wrong, or was wrong when that reading was taken: see line 24 (Computer's clock)",
        ),
    ],
    ids=[
        "no logger",
        "a silent regulator",
        "a logger that brings nothing",
        "a full disk",
        "rare readings",
        "the battery has just become low",
        "the future",
    ],
)
def test_readings_that_are_not_of_now(
    data: Path, age_seconds: float, values: dict[str, object], verdict: str, remedy: str
) -> None:
    found = health(data, age_seconds, **values)
    finding = named(journal(found), "readings")
    assert (finding.verdict.value, finding.remedy) == (verdict, remedy)
    assert found.is_fresh == (verdict == "ok")


def test_without_a_journal_it_says_where_it_looked(tmp_path: Path) -> None:
    findings = list(journal(survey(tmp_path / "data", is_upload_wanted=False)))
    assert [finding.verdict.value for finding in findings] == ["bad", "skipped", "ok"]
    assert findings[0].found == f"there is no journal in {tmp_path}/data"


def test_a_file_that_is_no_journal_is_bad(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_text("Dear diary, " * 1000)
    findings = list(journal(survey(tmp_path, is_upload_wanted=False)))
    assert [finding.verdict.value for finding in findings] == ["bad", "bad", "ok"]
    assert "it is not an SQLite database" in findings[1].found


def test_damage_inside_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path, 2000) / "journal.db"
    before = survey(tmp_path, is_upload_wanted=False)
    content = bytearray(path.read_bytes())
    content[40 * 4096 : 40 * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    finding = named(journal(before), "journal")
    assert (finding.verdict, finding.found) == (Verdict.BAD, f"{path} is damaged")
    assert finding.remedy.endswith("it sets the damaged file aside and begins a new one")
    monkeypatch.setattr(damage, "CHECKED_BYTES", 1000)
    assert named(journal(before), "journal").remedy.startswith("stop the logger; rename journal.db")


def test_a_long_journal_is_looked_through_for_a_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = fill(tmp_path, 8_000) / "journal.db"
    monkeypatch.setattr(damage, "CHECKED_BYTES", 1000)
    assert inspect(path, 60.0) == (None, True)
    began = time.monotonic()
    assert inspect(path, 0.0) == (None, False)
    assert time.monotonic() - began < 1
    finding = named(journal(survey(tmp_path, is_upload_wanted=False), check_seconds=0.0), "journal")
    assert finding.found == "8,000 readings since 2026-01-01, no damage found in the first 0 seconds"


def test_a_journal_that_was_set_aside_is_told(data: Path) -> None:
    (data / "journal-damaged-20260101T000000.000000Z.db").touch()
    finding = named(journal(health(data)), "aside")
    assert finding.verdict is Verdict.LOOK
    assert (
        finding.remedy == f"recover what can be read: solar recover {data}/journal-damaged-20260101T000000.000000Z.db"
    )


def test_another_damaged_file_that_was_set_aside_is_told(data: Path) -> None:
    (data / "alerts-damaged-20260101T000000.000000Z.db").touch()
    finding = named(journal(health(data)), "aside")
    assert (finding.verdict, finding.found) == (
        Verdict.LOOK,
        "a damaged alerts.db was set aside, so what is wrong now is told again",
    )
    assert finding.remedy == f"check the card, then delete {data}/alerts-damaged-20260101T000000.000000Z.db"


@pytest.mark.parametrize(
    ("version", "verdict", "words"),
    [
        ((3, 34, 1), "bad", "version 3.34.1 is too old"),
        ((3, 40, 1), "ok", "version 3.40.1"),
        ((3, 51, 3), "ok", "version 3.51.3"),
    ],
)
def test_versions_of_sqlite(version: tuple[int, ...], verdict: str, words: str) -> None:
    finding = sqlite_version(version)
    assert (finding.verdict.value, finding.found) == (verdict, words)


def test_readings_that_come_too_seldom_are_looked_at(data: Path) -> None:
    slow = replace(SILENT, kind="interval_missed", message="cannot take a reading every 1 s")
    finding = named(journal(health(data, slowness=slow, is_logging=True)), "readings")
    assert (finding.verdict, finding.remedy) == (Verdict.LOOK, "the logger says: cannot take a reading every 1 s")
