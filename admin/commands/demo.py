"""`solar demo`: logs a simulated day, uploads it if INFLUXDB_* is set, and draws a chart."""

import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.demo.delivery import SITE, Delivery, uploading
from admin.demo.page import page_beside
from admin.page.extra import check_extra
from admin.terminal import options
from admin.terminal.colour import has_colour
from admin.terminal.console import log_to_stderr, program_version, stop_on_signals
from admin.terminal.values import values
from admin.terminal.words import count, size, time_of_day
from journal.errors import SolarError
from journal.journal import Journal
from journal.reading import Reading
from journal.writer import JournalWriter

if TYPE_CHECKING:
    from uploader.server.target import Target

START_HOUR, HOURS = 6.0, 13.0
FEWEST_READINGS = 8
"""The day has at least this many, even on a busy computer; there the demo takes longer."""
INTERVAL_SECONDS = 0.2

LONGEST_SECONDS = 86_400.0


def duration(text: str) -> float:
    seconds = options.number_above_zero(text)
    if seconds > LONGEST_SECONDS:
        raise ValueError("a demo can run for a day at most, 86400 seconds")
    return seconds


# fmt: off
Seconds = Annotated[float, typer.Option(
    "--seconds", envvar="SOLAR_DEMO_SECONDS", parser=duration, metavar="N", help="Length of the demo in seconds.")]
Serve = Annotated[bool, typer.Option(
    "--serve", envvar="SOLAR_DEMO_SERVE", help="Show the site's own page meanwhile; at a terminal, until Ctrl-C.")]
# fmt: on


def demo(
    *,
    seconds: Seconds = 30.0,
    serve: Serve = False,
    url: options.Url = None,
    org: options.Org = None,
    bucket: options.Bucket = None,
    ca_file: options.CaFile = None,
    verbose: options.Verbose = False,
) -> int:
    """Log a simulated day and draw a chart; needs no settings."""
    target = options.target(url, org, bucket, ca_file) if url else None
    if serve:
        check_extra()
    log_to_stderr(verbose=verbose, level=logging.ERROR)
    data = Path(tempfile.mkdtemp(prefix="solar-demo-"))
    print(f"Logging a day of a simulated PL80 in {seconds:g} s.", flush=True)
    stop = threading.Event()
    JournalWriter.create(data / "journal.db", SITE).close()
    empty_bytes = (data / "journal.db").stat().st_size
    with ExitStack() as opened:
        if serve:
            page = opened.enter_context(page_beside(data))
            print(f"Watch it in a browser: {page}", flush=True)
        with stop_on_signals(stop), uploading(data, target) as delivery:
            failed = log_simulation(data, seconds, stop)
        show(data, failed, empty_bytes, delivery, target)
        if serve and sys.stdout.isatty() and not stop.is_set():
            print(f"The page stays at {page} until Ctrl-C.", flush=True)
            with stop_on_signals(stop):
                stop.wait()
    return 1 if delivery.trouble else 0


def show(data: Path, failed: int, empty_bytes: int, delivery: Delivery, target: "Target | None") -> None:
    """The chart, the summary, and what to try next."""
    with Journal.open(data / "journal.db") as journal:
        records = journal.records("readings", 1, journal.last_id("readings"))
        readings = [record for record in records if isinstance(record, Reading)]
    if not readings:
        raise SolarError("cannot show anything: no reading was taken; try again")
    from admin.demo.chart import draw

    print(draw(readings, has_colour=has_colour()))
    print("\n".join(summary(readings, failed, (data / "journal.db").stat().st_size, empty_bytes)))
    print("\n".join(upload_summary(delivery, target)))
    program = "solar" if shutil.which("solar") else os.path.relpath(sys.argv[0])
    print("Look at the journal, or log your own regulator:")
    print(f"  SOLAR_DATA={data} {program} serve")
    print(f"  SOLAR_DATA={data} {program} export")
    print(f"  SOLAR_PORT=/dev/ttyUSB0 {program} log")


def log_simulation(data: Path, seconds: float, stop: threading.Event) -> int:
    """Log one day into the journal in `data`; returns how many attempts failed.

    The regulator's time stands still during each reading, however long that takes.
    """
    from logger.clock.host_clock import Clock, boot_id
    from logger.poll import Identity, Poller
    from logger.regulator.regulator import connect
    from simulator import HandClock, RunningSimulator, SimulatorOptions

    # `speed` makes only the line faster; the time of day is set by hand.
    options = SimulatorOptions(speed=2000, start_hour=START_HOUR, battery_percent=62.0)
    failed = tries = 0
    sun = HandClock()
    with RunningSimulator(options, clock=sun) as simulator, JournalWriter.create(data / "journal.db", SITE) as journal:
        clock = Clock(journal.boot_number(boot_id()))
        poller = Poller(
            journal,
            lambda: connect(simulator.port, 9600, clock, stop=stop),
            clock,
            Identity(site=SITE, port=simulator.port, version=program_version()),
            interval_seconds=INTERVAL_SECONDS,
        )
        ends_at = time.monotonic() + seconds
        passed = 0.0
        try:
            while not stop.is_set():
                step = poller.step()
                tries += 1
                failed += step.error is not None
                if step.reading:
                    left = f"{max(ends_at - time.monotonic(), 0):.0f} s left"
                    show_live(f"{time_of_day(START_HOUR * 3600 + sun.seconds)}, {left}: {values(step.reading)}")
                if passed >= 1:
                    break
                stop.wait(poller.wait_seconds())
                passed = min(1 - (ends_at - time.monotonic()) / seconds, tries / FEWEST_READINGS, 1)
                sun.seconds = passed * HOURS * 3600
        finally:
            show_live("")
            poller.close()
    return failed


def show_live(words: str) -> None:
    """On a terminal, in one line over the one before; otherwise nowhere."""
    if sys.stderr.isatty():
        columns = shutil.get_terminal_size().columns - 1
        print(f"\r{words[:columns]:<{columns}}\r", end="", file=sys.stderr, flush=True)


def summary(readings: list[Reading], failed: int, journal_bytes: int, empty_bytes: int) -> list[str]:
    """What was recorded, in a few lines."""
    volts = [reading.battery_volts for reading in readings if reading.battery_volts is not None]
    # If Ctrl-C cut a reading short, this value may be absent.
    times = [reading.regulator_clock_seconds for reading in readings if reading.regulator_clock_seconds is not None]
    span = f"{time_of_day(times[0])} to {time_of_day(times[-1])}" if times else "time unknown"
    volts_shown = f"Battery {min(volts):.1f} to {max(volts):.1f} V" if volts else "Battery: no voltage could be read"
    charged = total("charged", [reading.charge_amp_hours for reading in readings])
    used = total("used", [reading.load_amp_hours for reading in readings])
    grown = journal_bytes - empty_bytes
    a_reading = f", {grown / len(readings):.0f} bytes per reading" if len(readings) >= 100 else ""
    return [
        f"{count(len(readings), 'reading')}, {span} by the regulator's clock"
        + (f"; {count(failed, 'failed attempt')}" if failed else ""),
        f"{volts_shown}; {charged}, {used}",
        f"Journal {size(journal_bytes)}{a_reading}",
    ]


def total(verb: str, counts: list[float | None]) -> str:
    """The newest state of a counter that could be read."""
    known = [amp_hours for amp_hours in counts if amp_hours is not None]
    return f"{verb} {known[-1]:.0f} Ah" if known else f"{verb}: not known"


def upload_summary(delivery: Delivery, target: "Target | None") -> list[str]:
    """What was uploaded, or why not."""
    if target is None:
        return ["Nothing was uploaded: INFLUXDB_URL is not set (not needed for the demo)"]
    shown = [f"{count(delivery.sent, 'record')} uploaded to {target.base_url}, as site {SITE}"]
    if delivery.trouble:
        shown.append(f"Not everything was uploaded: {delivery.trouble}")
    return shown
