"""Makes docs/report.png: a simulated week as `solar report` draws it, photographed with Chromium (make picture)."""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from journal.boots import Anchor
from journal.writer import JournalWriter
from logger.regulator.registers import decode
from simulator import HandClock, Simulator, SimulatorOptions

PICTURE = Path(__file__).parent.parent / "docs" / "report.png"
PERIOD = ("--since", "2026-06-08T12:00Z", "--until", "2026-06-15T12:00Z")
DAYS = 7
READING_SECONDS = 60
LARGEST_BYTES = 200_000
END = datetime(2026, 6, 15, 12, tzinfo=UTC)
CHROMIUM = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
WINDOW = ("--window-size=1000,1010", "--hide-scrollbars", "--force-device-scale-factor=1")


def log_a_week(data: Path) -> None:
    clock = HandClock()
    simulator = Simulator(SimulatorOptions(start_hour=12.0), clock=clock)
    end_ms = int(END.timestamp() * 1000)
    with JournalWriter.create(data / "journal.db") as journal:
        boot = journal.boot_number("picture")
        start_ms = end_ms - DAYS * 86_400_000
        journal.write_anchor(boot, Anchor(0, start_ms, "the picture"))
        readings = []
        for uptime_ms in range(0, DAYS * 86_400_000, READING_SECONDS * 1000):
            clock.advance(READING_SECONDS)
            ram = dict(enumerate(simulator.ram()))
            readings.append(decode(ram, time_ms=start_ms + uptime_ms, boot=boot, uptime_ms=uptime_ms))
        journal.append_all(readings)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        log_a_week(data)
        page = data / "report.html"
        solar = Path(sys.executable).with_name("solar")
        subprocess.run([solar, "report", "--data", data, *PERIOD, "--output", page], check=True)
        profile = f"--user-data-dir={data / 'profile'}"
        photograph = [*CHROMIUM, *WINDOW, profile, f"--screenshot={PICTURE}", page.as_uri()]
        subprocess.run(photograph, check=True, stderr=subprocess.DEVNULL)
    if PICTURE.stat().st_size > LARGEST_BYTES:
        sys.exit(f"{PICTURE} is larger than {LARGEST_BYTES} bytes")


if __name__ == "__main__":
    main()
