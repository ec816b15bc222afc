import errno
import os
from pathlib import Path

import pytest

from admin.doctor import disk as disk_check
from admin.doctor.disk import append_seconds, card, disk, room, speed
from admin.health.health import Disk, Health
from tests.admin.conftest import contents


def test_a_real_disk_is_measured_and_nothing_is_left_behind(data: Path) -> None:
    before = contents(data)
    findings = list(disk(Health(now_ms=0, data=str(data))))
    assert [finding.name for finding in findings] == ["disk", "card"]
    assert findings[1].found.startswith("writing a reading takes ")
    assert contents(data) == before


def test_a_directory_that_is_not_there_yet_is_on_its_parents_disk(tmp_path: Path) -> None:
    assert len(list(disk(Health(now_ms=0, data=str(tmp_path / "a" / "b"))))) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "per_day", "verdict", "words"),
    [
        (10e9, None, "ok", "10 GB of 32 GB free"),
        (10e9, 2e6, "ok", "10 GB of 32 GB free, enough for more than ten years at this pace"),
        (1e9, 4e7, "look", "1.0 GB of 32 GB free, enough for 25 days at this pace"),
        (150e6, None, "look", "150 MB of 32 GB free"),
        (10e6, 2e6, "bad", "10 MB of 32 GB free, enough for 5 days at this pace"),
    ],
)
def test_room(free: float, per_day: float | None, verdict: str, words: str) -> None:
    finding = room(Disk(free_bytes=int(free), total_bytes=10**9 * 32, journal_bytes=1, journal_bytes_per_day=per_day))
    assert (finding.verdict.value, finding.found) == (verdict, words)


@pytest.mark.parametrize(
    ("seconds", "verdict", "words"),
    [
        ([0.0002, 0.0003, 0.0004], "ok", "writing a reading takes under 1 ms"),
        ([0.02, 0.03, 0.4], "ok", "writing a reading takes 30 ms, at most 400 ms"),
        ([0.02, 0.03, 7.0], "look", "writing a reading takes 30 ms, at most 7.0 seconds"),
        ([2.0, 2.0], "look", "writing a reading takes 2.0 seconds, at most 2.0 seconds"),
        ([6.5], "bad", "writing a reading takes 6.5 seconds, at most 6.5 seconds"),
    ],
)
def test_speed(seconds: list[float], verdict: str, words: str) -> None:
    finding = speed(seconds)
    assert (finding.verdict.value, finding.found) == (verdict, words)


@pytest.mark.parametrize(
    ("number", "verdict", "words"),
    [
        (errno.EROFS, "bad", "the disk has become read-only"),
        (errno.EIO, "bad", "the disk reports an error when it is written to"),
        (errno.ENOSPC, "skipped", "not measured: the disk is full"),
        (errno.EACCES, "skipped", "this user may not write to data"),
    ],
)
def test_a_disk_that_refuses(number: int, verdict: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(directory: Path) -> list[float]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk_check, "append_seconds", refuse)
    finding = card(Path("data"))
    assert (finding.verdict.value, finding.found) == (verdict, words)


def test_a_slow_disk_is_given_fewer_appends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_check, "APPENDS_SECONDS", 0.0)
    assert len(append_seconds(tmp_path)) == 1
