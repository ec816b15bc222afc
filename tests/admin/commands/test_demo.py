"""The demonstration, which is the first thing that anybody runs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from admin.commands.demo import summary
from journal.journal import Journal
from journal.reading import Reading
from tests.admin.conftest import Solar, command, contents, fill, point_to
from tests.admin.typist import typing
from tests.servers import Database
from uploader.server.target import Target

SECONDS = "3"


@pytest.fixture(autouse=True)
def temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def test_it_needs_nothing_and_shows_readings_journal_and_chart(solar: Solar, tmp_path: Path) -> None:
    before = contents(fill(tmp_path / "data", 1))
    ran = solar("demo", "--seconds", SECONDS)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert max(len(line) for line in lines if "SOLAR_DATA" not in line) <= 80
    assert lines[0] == "Logging a day of a simulated PL80 in 3 s."
    assert "battery volts" in ran.out
    (shown,) = re.findall(r"^(\d+) readings, 06:00 to 19:00 by the regulator's clock", ran.out, re.MULTILINE)
    (data,) = re.findall(r"SOLAR_DATA=(\S+) \S+ export", ran.out)
    with Journal.open(Path(data) / "journal.db") as journal:
        assert journal.count("readings") == int(shown) > 5
    assert "Nothing was uploaded: INFLUXDB_URL is not set" in ran.out
    assert contents(tmp_path / "data") == before
    assert len(solar("export", "--data", data).out.splitlines()) == int(shown) + 1


def test_with_influxdb_it_uploads_too_under_a_site_of_its_own(
    solar: Solar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    ran = solar("demo", "--seconds", SECONDS)
    (shown,) = re.findall(r"^(\d+) readings", ran.out, re.MULTILINE)
    rows = database.rows("solar")
    assert ran.code == 0
    assert len(rows) == int(shown)
    assert {row["site"] for row in rows} == {"demo"}
    assert f"records uploaded to {database.server.url}, as site demo" in ran.out


def test_a_server_that_is_away_is_said_and_the_chart_is_shown_all_the_same(
    solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    ran = solar("demo", "--seconds", "2")
    assert ran.code == 1
    assert "battery volts" in ran.out
    assert "Not everything was uploaded: connection refused" in ran.out


def test_on_a_terminal_one_line_shows_each_reading_and_goes_away() -> None:
    with typing(command("demo", "--seconds", "2")) as typist:
        assert typist.ends() == 0
    live, rest = typist.screen.split("\n", 1)[1].split(f"\r{'':199}\r")
    assert all(len(line) == 199 for line in live.split("\r") if line)
    assert re.search(r"06:00, \d s left: PL80, 2\d\.\d V, \d+ % full, charge \d+\.\d A, load \d+\.\d A, \w+ ", live)
    assert "\x1b[" in rest


READING = Reading(time_ms=1, boot=1, uptime_ms=1, battery_volts=25.4, charge_amp_hours=12.0)


@pytest.mark.parametrize(
    ("readings", "line"),
    [
        ([READING], "Battery 25.4 to 25.4 V; charged 12 Ah, used: not known"),
        ([READING, replace(READING, charge_amp_hours=None)], "Battery 25.4 to 25.4 V; charged 12 Ah, used: not known"),
        ([replace(READING, load_amp_hours=0.0)], "Battery 25.4 to 25.4 V; charged 12 Ah, used 0 Ah"),
        (
            [replace(READING, battery_volts=None, charge_amp_hours=None)],
            "Battery: no voltage could be read; charged: not known, used: not known",
        ),
    ],
    ids=["never", "not at last", "truly 0", "nothing at all"],
)
def test_what_was_not_counted_is_not_zero(readings: list[Reading], line: str) -> None:
    assert summary(readings, 0, 1000, 1000)[1] == line


def test_it_shows_the_page_and_says_where(solar: Solar) -> None:
    """Not at a terminal: it ends by itself."""
    ran = solar("demo", "--seconds", "2", "--serve")
    assert ran.code == 0
    assert re.search(r"^Watch it in a browser: http://127\.0\.0\.1:\d+/$", ran.out, re.MULTILINE)
    assert re.search(r"^  SOLAR_DATA=\S+ \S+ serve$", ran.out, re.MULTILINE)
