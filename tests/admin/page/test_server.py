"""Where the page listens, to whom it answers, and what it leaves behind."""

import gzip
import os
import socket
import sqlite3
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from admin.page.site import Site
from tests.admin.conftest import Solar, start
from tests.admin.page.conftest import log, shown
from tests.admin.page.test_page import get


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_the_address_that_it_prints_can_be_opened(tmp_path: Path, host: str) -> None:
    log(tmp_path, 3)
    with shown(tmp_path, host=host) as at:
        assert get(at).status == 200


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_the_address_for_the_network_is_one_that_a_phone_can_open(tmp_path: Path, everywhere: str) -> None:
    log(tmp_path, 3)
    with shown(tmp_path, token="long enough", host=everywhere) as at:
        assert not {"0.0.0.0", "[::]"} & {at.url.removeprefix("http://").rpartition(":")[0]}
        assert get(at, "healthz").status == 200


@pytest.mark.parametrize("sent", ["paßwörter".encode(), b"not UTF-8: \xff\xfe"])
def test_a_program_may_send_a_token_that_is_not_ascii(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("admin.page.guard.WRONG_SECONDS", 0.01)
    log(tmp_path, 3)
    with shown(tmp_path, token=os.fsdecode(sent)) as at:  # as os.environ has it
        assert get(at, Authorization="Bearer " + sent.decode("latin-1")).status == 200
        assert get(at, Authorization="Bearer " + sent.decode("latin-1")[1:]).status == 401


def test_the_page_is_small_on_the_line_and_live_events_come_at_once(tmp_path: Path) -> None:
    log(tmp_path, 300, every_seconds=600)
    with shown(tmp_path) as at:
        packed = urlopen(Request(f"{at.url}?range=7d", headers={"Accept-Encoding": "gzip"}), timeout=20)
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.read()).startswith(b"<!DOCTYPE html>")
        live = urlopen(Request(f"{at.url}live", headers={"Accept-Encoding": "gzip"}), timeout=20)
        assert live.readline().startswith(b"data: {")


def test_a_connection_that_asks_nothing_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A phone that has left would else keep it for ever, and after some months there would be none left."""
    monkeypatch.setattr("admin.page.server.SILENT_SECONDS", 0.1)
    log(tmp_path, 3)
    with shown(tmp_path) as at, socket.create_connection(at, timeout=20) as silent:
        assert silent.recv(1) == b""
        assert get(at).status == 200


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("127.0.0.1", "Address already in use; is the page running already? Another port: --listen 127.0.0.1:8643"),
        ("192.0.2.1", "Cannot assign requested address; give an address of this computer, or 0.0.0.0"),
        ("nowhere.invalid", "give an address of this computer, or 0.0.0.0"),
    ],
)
def test_it_says_why_it_cannot_listen(
    solar: Solar, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, words: str
) -> None:
    monkeypatch.setenv("SOLAR_PAGE_TOKEN", "long enough")
    log(tmp_path / "data", 3)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = solar("serve", "--data", tmp_path / "data", "--listen", f"{host}:{taken.getsockname()[1]}")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert words in ran.err
    assert "attempting" not in ran.err


def test_nothing_is_left_of_sums_that_were_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where page.db cannot be written, here because a directory has its name."""
    log(tmp_path / "data", 3)
    (tmp_path / "data" / "page.db").mkdir()
    (tmp_path / "elsewhere").mkdir()
    with start(
        *("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data"),
        PYTHONUNBUFFERED="1",
        TMPDIR=str(tmp_path / "elsewhere"),
    ) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("The page is at")
        assert len(list((tmp_path / "elsewhere").glob("*/page.db"))) == 1
        process.terminate()
        assert process.wait(20) == 0
    assert os.listdir(tmp_path / "elsewhere") == []


class Stop(threading.Event):
    """Notes how long it is waited for, and is set at the third time."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        if len(self.waits) == 3:
            self.set()
        return self.is_set()


def test_it_adds_up_without_a_pause_but_not_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(tmp_path, 3)
    monkeypatch.setattr("admin.page.site.STEP_SECONDS", -1.0)
    site = Site(tmp_path, is_upload_wanted=False)
    stop = Stop()
    site.run(stop)
    assert stop.waits == [0.05] * 3
    monkeypatch.setattr("admin.energy.sums._connect", no_room)
    stop = Stop()
    site.run(stop)
    assert stop.waits == [0.2] * 3


def no_room(_: Path) -> sqlite3.Connection:
    raise sqlite3.OperationalError("database or disk is full")


def test_without_sums_today_is_drawn_and_the_rest_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(tmp_path, 3, every_seconds=1)
    with shown(tmp_path) as at:
        monkeypatch.setattr("admin.energy.sums._connect", no_room)
        assert get(at).body.count("class='chart'") == 3
        assert "There are no charts now: the sums in page.db cannot be read" in get(at, "?range=7d").body
