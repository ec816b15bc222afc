"""Makes the pictures of README.md and docs/ (make pictures): a simulated month, always the same, seen by Chromium.

page.png, page-phone.png   the site's own page on a desk, and on a phone in the dark
report.png                 the last week as `solar report` draws it
terminal.png               `solar watch`
doctor.png                 `solar doctor` with a simulated regulator
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from unittest.mock import patch

from rich.console import Console

from admin.commands.watch import screen_of
from admin.energy.energy import FILE
from admin.energy.sums import Sums
from admin.page.site import Site
from journal.boots import Anchor
from journal.journal import Journal
from journal.reading import Day, Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, boot_id
from logger.regulator.registers import decode
from simulator import HandClock, RunningSimulator, Simulator, SimulatorOptions
from tests.admin.page.conftest import shown
from tests.browser import Browser, chromium

DOCS = Path(__file__).parent.parent / "docs"
DAYS, READING_SECONDS, SEED = 30, 120, 7
NOW = datetime(2026, 6, 15, 10, 40, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY_MS = 86_400_000
WEEK = ("--since", "2026-06-08T10:40Z", "--until", "2026-06-15T10:40Z")
LARGEST_BYTES = 150_000
SOLAR = Path(sys.executable).with_name("solar")
TERMINAL = """<!DOCTYPE html><meta charset="utf-8"><body style="margin:0;background:#15181b"><pre style="margin:0;
padding:16px;color:#e8eaec;font:14px/1.35 'DejaVu Sans Mono',monospace;display:inline-block">{}</pre>"""


def log_a_month(data: Path) -> None:
    """Readings, and the regulator's record of each whole day."""
    clock = HandClock()
    simulator = Simulator(SimulatorOptions(start_hour=NOW.hour + NOW.minute / 60, seed=SEED), clock=clock)
    readings: list[Reading] = []
    with JournalWriter.create(data / "journal.db") as journal:
        moment = Clock(0).now()
        boot = journal.boot_number(boot_id())
        journal.write_anchor(boot, Anchor(moment.uptime_ms, NOW_MS, "the kernel is synchronised with a time server"))
        for age_ms in range(DAYS * DAY_MS, 0, -READING_SECONDS * 1000):
            clock.advance(READING_SECONDS)
            time_ms = NOW_MS - age_ms + READING_SECONDS * 1000 - 4000
            ram = dict(enumerate(simulator.ram()))
            readings.append(decode(ram, time_ms=time_ms, boot=boot, uptime_ms=moment.uptime_ms - age_ms))
        journal.append_all(readings)
        # At the simulator's midnight its counters begin anew: the reading before it has the day's.
        lasts = [
            before
            for before, reading, after in zip(readings, readings[1:], readings[2:], strict=False)
            if reading.time_ms // DAY_MS != after.time_ms // DAY_MS
        ]
        journal.append_all(map(day_of, lasts))


def day_of(last: Reading) -> Day:
    """The record of the day that ends with this reading."""
    began_ms = last.time_ms - last.time_ms % DAY_MS
    return Day(
        time_ms=began_ms + DAY_MS // 2,
        date=time.strftime("%Y-%m-%d", time.gmtime(began_ms / 1000)),
        model=last.model,
        began_ms=began_ms,
        ended_ms=began_ms + DAY_MS,
        battery_max_volts=last.battery_max_volts,
        battery_min_volts=last.battery_min_volts,
        state_of_charge_percent=last.state_of_charge_percent,
        charge_amp_hours=last.charge_amp_hours,
        load_amp_hours=last.load_amp_hours,
    )


def of_page(browser: Browser, data: Path) -> None:
    with Journal.open(data / "journal.db") as journal, Sums.open(data / FILE) as sums:
        sums.update(journal)  # the page itself does it a second at a time, and says meanwhile what is left
    with shown(data) as at:
        desk = browser.tab().look(f"{at.url}?range=7d", width=1000, height=900)
        desk.until("events.readyState === EventSource.OPEN")
        desk.picture(DOCS / "page.png")
        phone = browser.tab().look(at.url, width=390, height=844, features={"prefers-color-scheme": "dark"})
        phone.until("events.readyState === EventSource.OPEN")
        phone.picture(DOCS / "page-phone.png")


def of_report(browser: Browser, data: Path) -> None:
    page = data / "report.html"
    subprocess.run([SOLAR, "report", "--data", data, *WEEK, "--output", page], check=True)
    browser.tab().look(page.as_uri(), width=1000, height=800).picture(DOCS / "report.png")


def of_terminal(browser: Browser, data: Path) -> None:
    console = Console(record=True, width=82, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    site = Site(data, is_upload_wanted=False, keeps_sums=False)
    while site.look.left:
        site.look = site.look_again()
    console.print(screen_of(site.look, console.width))
    photograph(browser, console.export_html(inline_styles=True, code_format="{code}"), data, "terminal.png")


def of_doctor(browser: Browser, data: Path) -> None:
    """Of this computer, while a logger runs: its disk and clock are in it."""
    now = time.localtime()
    options = SimulatorOptions(seed=SEED, start_hour=now.tm_hour + now.tm_min / 60, speed=20)
    fresh = data / "fresh"
    fresh.mkdir()
    environ = os.environ | {"COLUMNS": "90", "SOLAR_CLOCK": "trust", "SOLAR_INTERVAL": "2"}
    with RunningSimulator(options, clock=HandClock()) as simulator:  # only its line is faster, not its clock
        settings = ("--port", simulator.port, "--data", ".")
        with subprocess.Popen([SOLAR, "log", *settings], cwd=fresh, env=environ, stderr=subprocess.DEVNULL) as logger:
            watched = [SOLAR, "watch", "--count", "8", "--data", "."]
            while not (fresh / "journal.db").exists():
                time.sleep(0.1)
            subprocess.run(watched, cwd=fresh, env=environ, stdout=subprocess.DEVNULL, check=True)
            ran = subprocess.run(
                [SOLAR, "doctor", *settings], cwd=fresh, env=environ, capture_output=True, text=True, check=False
            )
            logger.terminate()
    photograph(browser, escape(f"$ solar doctor\n{ran.stdout}"), data, "doctor.png")


def photograph(browser: Browser, html: str, data: Path, name: str) -> None:
    """A text as on a terminal, as large as it is."""
    page = data / f"{name}.html"
    page.write_text(TERMINAL.format(html))
    tab = browser.tab().look(page.as_uri(), width=900, height=300)
    width, height = tab.js(
        "(({width, height}) => [width, height])(document.querySelector('pre').getBoundingClientRect())"
    )
    tab.look(page.as_uri(), width=int(width) + 1, height=int(height) + 1).picture(DOCS / name)


def main() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as directory, chromium(Path(directory) / "profile") as browser:
        data = Path(directory) / "data"
        data.mkdir()
        log_a_month(data)
        with patch("admin.health.survey.time.time_ns", return_value=NOW_MS * 1_000_000):
            of_page(browser, data)
            of_terminal(browser, data)
        of_report(browser, data)
        of_doctor(browser, data)
    names = ("page", "page-phone", "report", "terminal", "doctor")
    large = [name for name in names if (DOCS / f"{name}.png").stat().st_size > LARGEST_BYTES]
    if large:
        sys.exit(f"larger than {LARGEST_BYTES} bytes: {', '.join(large)}")


if __name__ == "__main__":
    main()
