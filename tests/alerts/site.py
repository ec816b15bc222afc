"""A site for the alerts' tests: a journal whose time passes only when it is told to, and receivers that are real."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from alerts.moment import Moment
from alerts.outbox import Outbox
from alerts.receivers import Receiver, receivers
from alerts.rules import Rules
from alerts.station import Situation, Station
from journal.boots import Anchor
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from tests.http_double import serving

START_MS = 1_780_000_000_000
BOOT_MS = START_MS - 3_600_000


class Site:
    """`directory` is SOLAR_DATA; a 24 V battery."""

    def __init__(self, directory: Path, *, knows_time: bool = True) -> None:
        self.directory = directory
        self.now_ms = START_MS
        self.situation = Situation(free_bytes=10**10)
        self.journal = JournalWriter.create(directory / "journal.db", "hut")
        self.journal._connection.execute("PRAGMA synchronous = OFF")
        self.boot = self.journal.boot_number("boot-1")
        self.knows_time = knows_time
        if knows_time:
            self.know_time()

    def know_time(self) -> None:
        self.knows_time = True
        self.journal.write_anchor(self.boot, Anchor(0, BOOT_MS, "test"))
        while self.journal.date(self.boot):
            pass

    @property
    def uptime_ms(self) -> int:
        return self.now_ms - BOOT_MS

    def read(self, **quantities: object) -> None:
        """Take a reading now. What the clock shows without a confirmed time is four months back."""
        shown_ms = self.now_ms if self.knows_time else self.now_ms - 10**10
        reading = Reading(
            time_ms=shown_ms, boot=self.boot, uptime_ms=self.uptime_ms, **({"battery_volts": 25.4} | quantities)
        )  # type: ignore[arg-type]
        self.journal.append(reading, is_held=not self.knows_time)

    def happen(self, kind: str, message: str) -> None:
        at = {"time_ms": self.now_ms, "boot": self.boot, "uptime_ms": self.uptime_ms}
        self.journal.append(Event(**at, kind=kind, message=message))

    def moment(self, boots: object) -> Moment:
        return Moment(self.now_ms, self.boot, self.uptime_ms, is_sure=False)

    @contextmanager
    def station(self, *receivers: Receiver, rules: Rules | None = None) -> Iterator[Station]:
        with Outbox.open(self.directory / "alerts.db") as outbox:
            yield Station(
                self.directory / "journal.db",
                outbox,
                receivers,
                rules or Rules(bank_volts=24),
                now=self.moment,
                situation=lambda: self.situation,
                bank_volts=lambda reading: None,
                monotonic=lambda: self.now_ms / 1000,
            )

    def pass_minutes(self, station: Station, minutes: int, **quantities: object) -> None:
        """A reading and a look in every minute; no reading where `battery_volts` is None."""
        for _ in range(minutes):
            self.now_ms += 60_000
            if quantities.get("battery_volts", 0) is not None:
                self.read(**quantities)
            station.step()


def unthrottled(url: str) -> Receiver:
    """The receiver at this URL, without Apprise's pause of 5.5 s between two messages."""
    (receiver,) = receivers(url)
    receiver._plugin.request_rate_per_sec = 0  # type: ignore[attr-defined]
    return receiver


class Ear:
    """A receiver that remembers; `is_deaf` while there is no network."""

    name = "ear (1)"
    key = "ear"

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.is_deaf = False

    def send(self, title: str, body: str) -> str | None:
        if self.is_deaf:
            return "no network"
        self.heard.append((title, body))
        return None

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.heard]


class Ntfy:
    """The HTTP endpoint of ntfy: a POST of JSON with topic, title and message (docs.ntfy.sh/publish)."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.is_off = False
        self.url = ""

    @contextmanager
    def running(self) -> Iterator["Ntfy"]:
        ntfy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if not ntfy.is_off:
                    ntfy.messages.append(json.loads(content))
                answer = b"{}"
                self.send_response(503 if ntfy.is_off else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

        with serving(Handler) as url:
            self.url = f"{url.replace('http', 'ntfy')}/a-secret-topic"
            yield self
