"""The page in a real browser: values, life, gaps, a stopped logger, a replaced journal, and what it must not do."""

import json
import sqlite3
import time
from pathlib import Path

import pytest

from journal.reading import Day
from journal.writer import JournalWriter
from tests.admin.conftest import event, solar_process
from tests.admin.page.conftest import log, now_ms, shown
from tests.admin.page.test_page import HOSTILE
from tests.browser import Browser, Tab
from tests.servers import free_port, tool

pytestmark = pytest.mark.xdist_group("browser")

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


def in_order(tab: Tab, own: str) -> None:
    """Nothing was asked of another host, and the console is silent."""
    assert tab.errors == []
    assert [url for url in tab.requests if not url.startswith((own, "about:", "data:"))] == []


def test_it_shows_the_newest_reading_and_updates_by_itself(tmp_path: Path, browser: Browser) -> None:
    log(tmp_path, 30)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **PHONE)
        assert tab.text(".values .volts dd") == "25.4 V"
        assert tab.text(".verdict") == "Charging, 8 A"
        assert "12.0 A" in tab.text(".values .charge")
        log(tmp_path, 1, battery_volts=26.2, charge_amps=0.0, load_amps=20.0)
        tab.until("document.querySelector('.values .volts dd').textContent === '26.2 V'")
        assert tab.text(".verdict").startswith("Discharging, 20 A")
        assert tab.js("document.title").startswith("home: Discharging")
        # Nothing reaches over the edge of a phone.
        assert tab.js("document.documentElement.scrollWidth <= innerWidth")
        in_order(tab, at.url)


def test_it_is_in_order_under_another_name(tmp_path: Path, browser: Browser) -> None:
    """As from a phone: what a browser ignores without TLS, it says as an error, but not of 127.0.0.1."""
    log(tmp_path, 30)
    with shown(tmp_path, token="long enough") as at:
        tab = browser.tab()
        tab.send("Network.setExtraHTTPHeaders", headers={"Authorization": "Bearer long enough"})
        tab.look(f"http://pi.local:{at[1]}/", **PHONE)
        tab.until("events.readyState === EventSource.OPEN")
        in_order(tab, f"http://pi.local:{at[1]}/")


def test_gaps_are_drawn_and_values_shown_under_the_pointer(tmp_path: Path, browser: Browser) -> None:
    log(tmp_path, 12 * 60)
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("DELETE FROM readings WHERE id BETWEEN 500 AND 620")
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url + "?range=7d", **DESK)
        tab.until("document.querySelectorAll('.chart').length === 3")
        assert tab.js("document.querySelector('path.volts.line').getAttribute('d').split('M').length - 1") == 2
        box = tab.js("(({x, y, width, height}) => [x, y, width, height])"
                     "(document.querySelector('.chart > svg').getBoundingClientRect())")  # fmt: skip
        tab.send("Input.dispatchMouseEvent", type="mouseMoved", x=box[0] + box[2] - 2, y=box[1] + 50)
        tab.until("document.querySelector('.value')?.textContent.includes('battery 25.4 V')")
        tab.js("document.querySelectorAll('.chart')[2].focus()")
        tab.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
        tab.until("document.querySelectorAll('.value')[1].textContent.includes('charge 12.0 A, load 4.5 A')")
        in_order(tab, at.url)


def test_it_survives_a_stopped_logger_and_a_replaced_journal(tmp_path: Path, browser: Browser) -> None:
    log(tmp_path, 30)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **DESK)
        with sqlite3.connect(tmp_path / "journal.db") as file:
            file.execute("UPDATE readings SET time_ms = time_ms - 7200000")
        tab.until("document.querySelector('.verdict').classList.contains('stale')")
        assert "2 hours ago" in tab.text(".verdict")
        assert "the logger is not running here" in tab.text(".attention")
        for file_ in tmp_path.glob("journal.db*"):
            file_.unlink()
        log(tmp_path, 5, site="the cabin", battery_volts=13.1)
        tab.until("document.querySelector('.values .volts dd').textContent === '13.1 V'")
        assert tab.js("document.querySelector('.attention')") is None
        assert tab.text("h1") == "the cabin"
        in_order(tab, at.url)


@pytest.mark.long
def test_it_says_when_its_server_is_away_and_comes_back(tmp_path: Path, browser: Browser) -> None:
    log(tmp_path, 5)
    port = free_port()
    with shown(tmp_path, port=port) as at:
        tab = browser.tab().look(at.url, **DESK)
        tab.until("events.readyState === EventSource.OPEN")
        assert tab.text("#connection") == ""
    tab.js("heard -= SILENT_MS")
    tab.until("document.querySelector('#connection').textContent.startsWith('Not live')")
    with shown(tmp_path, port=port):
        tab.until("document.querySelector('#connection').textContent === ''", seconds=30)


def test_what_a_person_looks_at_stays_when_the_page_is_drawn_again(tmp_path: Path, browser: Browser) -> None:
    """The value under the pointer, the chart that has the keyboard, the open table."""
    log(tmp_path, 30)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url + "?range=7d", **DESK)
        tab.js("document.querySelectorAll('.chart')[1].focus(); document.querySelector('details').open = true")
        for _ in range(3):
            tab.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
        tab.until("document.querySelector('.value')")
        old = tab.text(".value")
        tab.js("old = document.querySelectorAll('.chart')[1]; drawAgain()")
        assert tab.js("old.isConnected") is False
        assert tab.text(".value")[:8] == old[:8]
        assert tab.js("document.activeElement === document.querySelectorAll('.chart')[1]")
        tab.js("document.querySelector('summary').focus(); show({energy: byId('energy').innerHTML})")
        assert tab.js("[document.activeElement.tagName, document.querySelector('details').open]") == ["SUMMARY", True]
        in_order(tab, at.url)


def test_charts_are_asked_for_once_at_a_time(tmp_path: Path, browser: Browser) -> None:
    """However long a slow computer takes to draw them."""
    log(tmp_path, 30)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **DESK)
        tab.js(
            "fetches = 0; window.fetch = () => { fetches++; return new Promise(() => {}); };drawAgain(); drawAgain(); 0"
        )
        assert tab.js("fetches") == 1


def test_it_becomes_live_again_after_a_refusal(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser does not ask again by itself after an error such as 503. Until then nothing looks as if it were new."""
    log(tmp_path, 5)
    monkeypatch.setattr("admin.page.app.MOST_WATCHERS", 0)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **DESK)
        tab.until("document.querySelector('#connection').textContent.startsWith('Not live')")
        assert tab.js("getComputedStyle(document.querySelector('.values div')).borderTopStyle") == "dashed"
        assert tab.js("document.title") == "Not live: home"
        monkeypatch.setattr("admin.page.app.MOST_WATCHERS", 20)
        tab.js("asked -= RETRY_MS")
        tab.until("document.querySelector('#connection').textContent === ''")
        tab.until("document.title.startsWith('home: Charging')")
        assert tab.js("getComputedStyle(document.querySelector('.values div')).borderTopStyle") == "solid"


def test_a_hidden_page_is_not_live_and_a_shown_one_is_again(tmp_path: Path, browser: Browser) -> None:
    """A browser has six connections for a server: six hidden pages would keep the seventh from opening."""
    log(tmp_path, 5)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **PHONE)
        tab.until("events.readyState === EventSource.OPEN")
        hide = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}}); "
        hide += "document.dispatchEvent(new Event('visibilitychange'))"
        tab.js(hide.format("true"))
        assert tab.js("[events.readyState === EventSource.CLOSED, document.title]") == [True, "home"]
        log(tmp_path, 1, battery_volts=26.2)
        tab.js(hide.format("false"))
        tab.until("document.querySelector('.values .volts dd').textContent === '26.2 V'")
        assert tab.text("#connection") == ""
        in_order(tab, at.url)


def test_a_hostile_name_or_event_is_text(tmp_path: Path, browser: Browser) -> None:
    log(tmp_path, 5, event(1, "regulator_silent", HOSTILE), site=HOSTILE, every_seconds=1)
    with sqlite3.connect(tmp_path / "journal.db") as file:
        file.execute("UPDATE readings SET time_ms = time_ms - 7200000")
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **DESK)
        tab.until("document.querySelector('.attention')")
        assert tab.text("h1") == HOSTILE
        assert HOSTILE in tab.text(".attention")
        tab.until("events.readyState === EventSource.OPEN")
        assert tab.js("[document.scripts.length, document.images.length]") == [1, 0]
        in_order(tab, at.url)


LIGHT, DARK, CONTRAST = (
    {"prefers-color-scheme": "light"},
    {"prefers-color-scheme": "dark"},
    {"prefers-contrast": "more"},
)
LOOKS = {
    "phone, light": (PHONE, LIGHT),
    "desk, dark": (DESK, DARK),
    "desk, light": (DESK, LIGHT),
    "phone, dark": (PHONE, DARK),
    "high contrast": (DESK, CONTRAST | LIGHT),
    "high contrast, dark": (PHONE, CONTRAST | DARK),
}
QUICK = ("phone, light", "desk, dark")


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in LOOKS]
)
def test_axe_finds_nothing_wrong(tmp_path: Path, browser: Browser, name: str) -> None:
    size, features = LOOKS[name]
    log(tmp_path, 200, event(1, "regulator_silent", "the regulator is silent"), charge_amps=0.1, every_seconds=600)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append(Day(time_ms=now_ms(), date=time.strftime("%Y-%m-%d"), charge_amp_hours=120.0))
    report = tmp_path / "report.html"
    assert solar_process("report", "--data", tmp_path, "--output", report).code == 0
    with shown(tmp_path) as at:
        for page in (at.url + "?range=7d", report.as_uri()):
            tab = browser.tab().look(page, features=features, **size)
            tab.js("document.querySelector('details').setAttribute('open', '')")
            assert tab.js("document.querySelectorAll('.chart').length") == 4
            assert violations(tab) == []


def violations(tab: Tab) -> list[tuple[str, list[str]]]:
    """What axe finds, and where.."""
    tab.js(tool("node_modules/axe-core/axe.min.js", "npm").read_text() + "; 0")
    told = json.loads(tab.js("axe.run().then((found) => JSON.stringify(found.violations))"))
    return [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in told]


def test_the_report_is_whole_on_a_phone(tmp_path: Path, browser: Browser) -> None:
    """Its table of days has six columns, and none may be cut off."""
    log(tmp_path, 30)
    with JournalWriter.create(tmp_path / "journal.db") as journal:
        journal.append(
            Day(time_ms=now_ms(), date=time.strftime("%Y-%m-%d"), battery_min_volts=24.2, battery_max_volts=28.8,
                charge_amp_hours=1234.0, load_amp_hours=1180.0, state_of_charge_percent=100.0, date_is_estimated=1)
        )  # fmt: skip
    page = tmp_path / "report.html"
    assert solar_process("report", "--data", tmp_path, "--output", page).code == 0
    tab = browser.tab().look(page.as_uri(), **PHONE)
    assert tab.js("document.documentElement.scrollWidth <= innerWidth")
    tab.js("document.querySelector('details').setAttribute('open', '')")
    widths = tab.js("[...document.querySelectorAll('.wide')].map((wide) => wide.scrollWidth <= wide.clientWidth)")
    assert widths == [True] * 3  # energy, its days, the regulator's days; there is no night
    assert tab.errors == []


def test_the_report_shows_values_under_the_pointer_too(tmp_path: Path, browser: Browser) -> None:
    """It is a file, without a server; its policy lets the one script run."""
    log(tmp_path, 30)
    page = tmp_path / "report.html"
    assert solar_process("report", "--data", tmp_path, "--output", page).code == 0
    tab = browser.tab().look(page.as_uri(), **DESK)
    tab.js("document.querySelectorAll('.chart')[2].focus()")
    tab.send("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
    tab.until("document.querySelector('.value').textContent.includes('charge 12.0 A, load 4.5 A')")
    assert tab.errors == []


@pytest.mark.long
def test_a_page_that_stays_open_does_not_grow(tmp_path: Path, browser: Browser) -> None:
    """However often its values and charts are replaced."""
    log(tmp_path, 600)
    with shown(tmp_path) as at:
        tab = browser.tab().look(at.url, **PHONE)
        tab.until("events.readyState === EventSource.OPEN")
        sizes = []
        for number in range(60):
            log(tmp_path, 1, battery_volts=20 + number / 10)
            tab.until(f"document.querySelector('.values .volts dd').textContent === '{20 + number / 10:.1f} V'")
            tab.js("drawAgain()")
            sizes.append(tab.js("document.querySelectorAll('*').length"))
        assert max(sizes) - min(sizes) < 30  # a label of an axis, a gap
        in_order(tab, at.url)
