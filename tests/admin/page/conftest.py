"""A page that is served in this process, its journal, and a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from admin.page.server import Address, serving
from admin.page.site import Site
from journal.boots import Anchor
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, boot_id
from tests.admin.conftest import reading
from tests.browser import Browser, chromium


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.page.site.WATCHED_SECONDS", 0.2)
    monkeypatch.setattr("admin.page.app.LIVE_SECONDS", 0.1)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


def log(
    data: Path, readings: int, *events: Event, every_seconds: float = 60, site: str = "home", **values: object
) -> Reading:
    """So many readings, the newest now, of a computer whose clock is trusted; returns the newest."""
    newest_ms = now_ms()
    stored = {"state_of_charge_percent": 81.0, "load_amps": 4.5, "charge_watts": 304.8, "load_watts": 114.3} | values
    with JournalWriter.create(data / "journal.db", site) as journal:
        moment = Clock(0).now()
        boot = journal.boot_number(boot_id())
        journal.write_anchor(boot, Anchor(moment.uptime_ms, newest_ms, "a person said so"))
        made = [
            replace(
                reading(1, **stored),
                boot=boot,
                time_ms=newest_ms - int((readings - 1 - n) * every_seconds * 1000),
                uptime_ms=moment.uptime_ms - int((readings - 1 - n) * every_seconds * 1000),
            )
            for n in range(readings)
        ]
        journal.append_all(made)
        journal.append_all(events)
    return made[-1]


@contextmanager
def shown(data: Path, token: str = "", port: int = 0, host: str = "127.0.0.1") -> Iterator[Address]:
    """The page of this data directory."""
    stop = threading.Event()
    site = Site(data, is_upload_wanted=False)
    thread = threading.Thread(target=site.run, args=(stop,))
    thread.start()
    try:
        with serving(site, Address((host, port)), token, stop) as at:
            yield at
    finally:
        stop.set()
        thread.join()
