"""The page's answers, without a browser: who gets them, what is in them, and what they never hold."""

import json
import re
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from admin.energy.sums import Sums
from admin.page.charts import Charts
from admin.page.server import Address
from admin.page.site import Site
from journal.journal import Journal
from journal.reading import Reading
from journal.revisions import Decoding
from journal.writer import JournalWriter
from logger.energy.quarters import QUARTER_MS
from tests.admin.conftest import Solar, event, start
from tests.admin.page.conftest import log, now_ms, shown


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


def get(at: Address, path: str = "", method: str = "GET", **headers: str) -> Answer:
    request = urllib.request.Request(at.url + path, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read().decode())


def test_what_it_tells_is_what_the_journal_has(tmp_path: Path) -> None:
    newest = log(tmp_path, 90)
    with shown(tmp_path) as at:
        told = json.loads(get(at, "api/reading").body)
        wanted = {"id": 90, "battery_volts": 25.4, "charge_amps": 12.0, "load_amps": 4.5, "regulator_state": "boost"}
        assert {name: told[name] for name in wanted} == wanted
        assert (told["is_stale"], told["is_held"], told["site"]) == (False, False, "home")
        days = json.loads(get(at, "api/days").body)
        total = sum(day["charge_amp_hours"] for day in days["days"])
        assert total == pytest.approx(12.0 * 89 / 60, abs=0.2)
        assert days["energy"]["this_week"]["load_watt_hours"] <= 114.3 * 1.5
        page = get(at).body
        for words in ("25.4 V", "81 %", "12.0 A", "305 W", "4.5 A", "114 W", "boost", "Nothing needs attention"):
            assert words in page
        metrics = get(at, "metrics").body
        assert 'solar_battery_volts{site="home"} 25.4' in metrics
        (at_seconds,) = re.findall(r'solar_last_reading_timestamp_seconds\{site="home"\} (\S+)', metrics)
        assert float(at_seconds) == newest.time_ms / 1000
        assert (get(at, "healthz").status, get(at, "healthz").body) == (200, '{"healthy":true}')


def test_nothing_is_called_well_while_the_regulator_alarms(tmp_path: Path) -> None:
    """What needs attention is about the logging, as in `solar status`; the battery is in the verdict."""
    for flag in ("alarm", "load_disconnected"):
        log(tmp_path, 3, **{flag: 1})
        with shown(tmp_path) as at:
            page = get(at).body
        assert "class='verdict fresh alarm'" in page
        assert "Nothing needs attention" not in page


def test_a_little_less_than_nothing_is_zero(tmp_path: Path) -> None:
    log(tmp_path, 3, load_amps=-0.04, load_watts=-0.4)
    with shown(tmp_path) as at:
        page = get(at).body
    assert "<dd>0.0 A</dd><dd class='below'>0 W</dd>" in page


def test_whoever_asks_once_gets_what_is_true_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody watches, it looks only every 30 s by itself."""
    log(tmp_path, 3)
    with shown(tmp_path) as at:
        assert json.loads(get(at, "api/reading").body)["battery_volts"] == 25.4
        log(tmp_path, 1, battery_volts=27.0)
        monkeypatch.setattr("admin.page.site.WATCHED_SECONDS", 0.0)
        assert json.loads(get(at, "api/reading").body)["battery_volts"] == 27.0
        assert 'solar_battery_volts{site="home"} 27.0' in get(at, "metrics").body


def test_every_range_is_drawn(tmp_path: Path) -> None:
    log(tmp_path, 300, every_seconds=600)
    with shown(tmp_path) as at:
        for chosen in ("today", "7d", "30d", "year", "nonsense"):
            page = get(at, f"?range={chosen}")
            assert page.status == 200
            assert page.body.count("class='chart'") == 3 or "No readings" in page.body


def test_the_pace_of_a_low_battery_is_no_gap(tmp_path: Path) -> None:
    """A reading every ten minutes (journal/saving.py), then the usual pace again."""
    log(tmp_path, 12, every_seconds=600)
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("UPDATE readings SET time_ms = time_ms - 2000000")
    log(tmp_path, 200, every_seconds=10)
    with shown(tmp_path) as at:
        (volts,) = re.findall(r'<path class="volts line" d="([^"]+)"', get(at, "?range=7d").body)
        assert volts.count("M") == 1


def test_nights_are_shaded_where_they_can_be_told_apart(tmp_path: Path) -> None:
    log(tmp_path, 300, every_seconds=600, charge_amps=0.1)
    log(tmp_path, 1, charge_amps=0.1)
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("UPDATE readings SET time_ms = time_ms - ? WHERE id < 10", [40 * 24 * 3_600_000])
    with shown(tmp_path) as at:
        for chosen, is_shaded in (("7d", True), ("30d", True), ("year", False)):
            page = get(at, f"?range={chosen}").body
            assert ('class="night"' in page, "Grey: night" in page) == (is_shaded, is_shaded), chosen


def test_an_old_reading_is_shown_as_old(tmp_path: Path) -> None:
    log(tmp_path, 3)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        last = journal.get("readings", 3)
        assert isinstance(last, Reading)
        journal.append(replace(last, id=None, time_ms=last.time_ms + 1))
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("UPDATE readings SET time_ms = time_ms - 3600000")
    with shown(tmp_path) as at:
        page = get(at).body
        assert "Not known: the last reading was 1 hour ago" in page
        assert "class='verdict stale'" in page
        assert "Needs attention" in page
        assert json.loads(get(at, "api/reading").body)["is_stale"] is True
        assert get(at, "healthz").status == 503
        assert "solar_battery_volts" not in get(at, "metrics").body


def test_held_readings_are_shown_as_held(tmp_path: Path) -> None:
    log(tmp_path, 1)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append(
            Reading(time_ms=now_ms() - 10**9, boot=journal.boot_number("earlier"), uptime_ms=1, battery_volts=24.0,
                    charge_amps=3.0, load_amps=1.0),
            is_held=True,
        )  # fmt: skip
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("UPDATE boots SET anchor_source = NULL, anchor_time_ms = NULL, anchor_uptime_ms = NULL")
    with shown(tmp_path) as at:
        page = get(at).body
        assert "class='verdict held'" in page
        assert "its time is not confirmed yet" in page
        assert json.loads(get(at, "api/reading").body)["is_held"] is True
        assert "solar_battery_volts" not in get(at, "metrics").body


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\" ' &amp; </p>"


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_hostile_name_is_text(tmp_path: Path) -> None:
    log(tmp_path, 3, event(1, "regulator_silent", HOSTILE), site=HOSTILE, regulator_state=HOSTILE)
    with shown(tmp_path) as at:
        for path in ("", "charts"):
            tags = Tags(get(at, path).body).found
            assert [attributes.get("src") for tag, attributes in tags if tag in ("script", "img")] == (
                ["/page.js"] if not path else []
            )
            assert [
                name for _, attributes in tags for name in attributes if name.startswith("on") or name == "style"
            ] == []
        assert json.loads(get(at, "api/reading").body)["site"] == HOSTILE
        assert get(at, "metrics").status == 200


def test_every_answer_is_guarded(tmp_path: Path) -> None:
    log(tmp_path, 3)
    with shown(tmp_path) as at:
        for path in ("", "charts", "page.js", "page.css", "icon.svg", "api/reading", "metrics", "healthz", "nowhere"):
            headers = get(at, path).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
            assert "unsafe" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in {name.lower() for name in headers}
        assert get(at, "", "POST").status == 405
        assert get(at, "nowhere").status == 404
        assert "http" not in get(at, "page.js").body.replace("http://www.w3.org/2000/svg", "")


def test_no_other_web_site_can_read_along(tmp_path: Path) -> None:
    """Its own name may point to 127.0.0.1; the browser then sends that name."""
    log(tmp_path, 3)
    with shown(tmp_path) as at:
        assert get(at, Host="attacker.example").status == 421
        assert get(at, Host=f"localhost:{at[1]}").status == 200


def test_a_token_is_asked_for_and_taken_in_both_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.page.guard.WRONG_SECONDS", 0.01)
    log(tmp_path, 3)
    with shown(tmp_path, token="a long pass:word") as at:
        refused = get(at)
        assert (refused.status, refused.headers["www-authenticate"][:5]) == (401, "Basic")
        assert get(at, Authorization="Bearer a long pass:wor").status == 401
        assert get(at, Authorization="Basic ???").status == 401
        assert get(at, "api/reading", Authorization="Bearer a long pass:word").status == 200
        basic = b64encode(b"anybody:a long pass:word").decode()
        assert get(at, Authorization=f"Basic {basic}", Host="pi.local").status == 200
        assert get(at, "healthz").status == 200
        assert get(at, "live").status == 401


@pytest.mark.parametrize(
    ("listen", "token", "words"),
    [
        ("0.0.0.0:8642", "", "everybody on the network could see the page; set SOLAR_PAGE_TOKEN"),
        ("192.168.1.5:8642", "short", "fewer than 8 characters"),
        ("8642", "", "give HOST:PORT"),
        ("127.0.0.1:99999", "", "give HOST:PORT"),
    ],
)
def test_it_opens_to_others_only_with_a_token(
    solar: Solar, monkeypatch: pytest.MonkeyPatch, listen: str, token: str, words: str
) -> None:
    monkeypatch.setenv("SOLAR_PAGE_TOKEN", token)
    ran = solar("serve", "--listen", listen)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert words in ran.err


def test_without_the_extra_it_says_what_to_install(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "admin.page.server", raising=False)
    ran = solar("serve")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "; install with pip install '.[page]' in the project's directory" in ran.err


def test_a_journal_that_is_missing_or_comes_later_is_no_end(tmp_path: Path) -> None:
    with shown(tmp_path) as at:
        assert "there is no such file" in get(at).body
        assert get(at, "api/reading").status == 503
        assert get(at, "api/days").status == 503
        assert get(at, "charts").status == 200


def test_it_changes_nothing_in_the_journal(tmp_path: Path) -> None:
    log(tmp_path, 30)
    before = (tmp_path / "journal.db").read_bytes()
    with shown(tmp_path) as at:
        get(at, "?range=30d")
        with Journal.open(tmp_path / "journal.db") as journal:
            assert journal.last_id("readings") == 30
    assert (tmp_path / "journal.db").read_bytes() == before


def test_the_command_says_where_the_page_is_and_stops_when_asked(tmp_path: Path) -> None:
    log(tmp_path / "data", 3)
    with start("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", PYTHONUNBUFFERED="1") as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("The page is at http://127.0.0.1:")
        port = int(line.strip().rstrip("/").rpartition(":")[2])
        assert get(Address(("127.0.0.1", port)), "healthz").status == 200
        process.terminate()
        assert process.wait(20) == 0


def test_after_the_logger_stopped_todays_charts_show_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours of readings, then two hours of nothing."""
    noon_ms = int(time.mktime((2026, 6, 15, 12, 0, 0, 0, 0, -1)) * 1000)
    monkeypatch.setattr("tests.admin.page.conftest.now_ms", lambda: noon_ms)
    monkeypatch.setattr("admin.health.survey.time.time_ns", lambda: (noon_ms + 7_200_000) * 1_000_000)
    log(tmp_path, 121)
    drawn = Charts(Site(tmp_path, is_upload_wanted=False)).draw("today")
    (line,) = re.findall('class="volts line" d="([^"]*)"', drawn)
    assert float(re.split("[ L]", line)[-2]) == pytest.approx(400, abs=5)


@pytest.mark.long
def test_a_year_is_drawn_in_a_second_on_a_tenth_of_a_core(tmp_path: Path) -> None:
    """As after a year of readings every 10 s: the sums are there, the readings are not asked for."""
    log(tmp_path, 3)
    with Sums.open(tmp_path / "page.db") as sums, Journal.open(tmp_path / "journal.db") as journal:
        sums.update(journal)
    with sqlite3.connect(tmp_path / "page.db") as file:
        columns = [row[1] for row in file.execute("PRAGMA table_info(quarters)")][1:]
        (*values,) = file.execute(f"SELECT {', '.join(columns)} FROM quarters").fetchone()
        newest = now_ms() // QUARTER_MS * QUARTER_MS
        file.executemany(
            f"INSERT OR IGNORE INTO quarters VALUES (?{', ?' * len(columns)})",
            (
                (began, began, began + QUARTER_MS - 10_000, *values[2:])
                for began in range(newest - 364 * 96 * QUARTER_MS, newest, QUARTER_MS)
            ),
        )
    charts = Charts(Site(tmp_path, is_upload_wanted=False))
    began = time.process_time()
    drawn = charts.draw("year")
    assert time.process_time() - began < 0.1
    assert len(re.findall(r"\[0\.\d+,", drawn)) > 3 * 360


def test_while_readings_are_recalculated_it_waits_without_hurry(tmp_path: Path) -> None:
    """That may last hours; the sums are made again when it is done."""
    log(tmp_path, 5)
    site = Site(tmp_path, is_upload_wanted=False)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.note_decoding(Decoding("new", readings_undone=3))
    log(tmp_path, 1)
    assert (site.look_again().left, site.look_again().health.readings) == (0, 6)
