"""`solar history`: the regulator's own memory of the last 30 days, as a table."""

import logging
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from admin.health.clock_state import clock_state, is_right
from admin.terminal import options
from admin.terminal.console import log_to_stderr, progress, stop_on_signals
from admin.terminal.moments import local_minute
from admin.terminal.words import time_of_day
from journal.errors import JournalMissing, RegulatorError
from journal.journal import Journal
from journal.reading import Day

if TYPE_CHECKING:
    from logger.regulator.regulator import Regulator

DAYS = 30
HEADINGS = ("date", "max V", "min V", "float", "SOC %", "in Ah", "out Ah", "read in", "read out", "cover")


def history(
    *,
    port: options.Port = options.PORT,
    baud: options.Baud = options.BAUD,
    data: options.Data = options.DATA,
    clock_mode: options.Clock = options.CLOCK,
    verbose: options.Verbose = False,
) -> int | None:
    """Show the regulator's daily records, from the regulator or from the journal."""
    from logger.regulator.regulator import connect

    log_to_stderr(verbose=verbose, level=logging.WARNING)
    stop = threading.Event()
    stored = stored_days(data)
    try:
        from logger.clock.host_clock import Clock

        with stop_on_signals(stop), connect(port, baud, Clock(0), stop=stop) as regulator:
            days = read_days(regulator, stored)
        if days and not is_clock_right(data, clock_mode):
            print(
                "These dates depend on this computer's clock, which may be wrong: see `solar clock`",
                file=sys.stderr,
            )
    except RegulatorError as error:
        if not stored:
            raise
        print(
            f"{error}\nThese are the days in the journal; the logger adds one after each midnight.",
            file=sys.stderr,
        )
        days = stored
    if days is None or stop.is_set():
        return 130
    if not days:
        print("no daily records yet: the regulator writes one at each of its midnights")
        return None
    print("\n".join(table(sorted(days, key=lambda day: day.time_ms)[-DAYS:])))
    return None


def stored_days(data: Path) -> list[Day]:
    """The days in the journal; none if there is no journal."""
    try:
        with Journal.open(data / "journal.db") as journal:
            records = journal.records("days", 1, journal.last_id("days"))
            return [record for record in records if isinstance(record, Day)]
    except JournalMissing:
        return []


def is_clock_right(data: Path, clock_mode: str) -> bool:
    """Whether the wall clock may be used for dates: the journal knows, or without a journal the computer."""
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.trust import absurd, time_source

    moment = Clock(0).now()
    evidence = time_source(clock_mode).ask(moment)
    try:
        with Journal.open(data / "journal.db") as journal:
            return is_right(clock_state(journal, boot_id(), moment, evidence))
    except JournalMissing:
        return evidence is not None and not absurd(moment.time_ms)


def read_days(regulator: "Regulator", stored: Sequence[Day]) -> list[Day] | None:
    """Read the days from the regulator; None if stopped. A day in the journal is shown as it is stored there.

    Raises RegulatorError, also if the regulator's midnight is too near.
    """
    from logger.clock.regulator_clock import sample_of
    from logger.history.dates import days_in
    from logger.history.ring import ADDRESSES, PartialHistory, is_quiet

    reading = regulator.read()
    if reading is None:
        return None
    sample = sample_of(reading)
    if sample is None:
        raise RegulatorError("cannot date the history: the regulator's clock could not be read; try again")
    if not is_quiet(sample.clock_seconds):
        raise RegulatorError(
            "cannot read the history now: the regulator's midnight is less than ten minutes away; try again after that"
        )
    partial = PartialHistory()
    with progress("reading the history", "bytes", len(ADDRESSES) + 1) as show:
        while (address := partial.next_address) is not None:
            values = regulator.read_eeprom([address])
            if values is None:
                return None
            partial.take(values.get(address))
            show(partial.done, len(ADDRESSES) + 1)
            if partial.times_moved > 2:
                raise RegulatorError("cannot read the history: its pointer keeps moving; the regulator may be faulty")
    ring = partial.history()
    if ring is None:
        raise RegulatorError("cannot read the history: its pointer is invalid; the regulator may be faulty")
    days, _ = days_in(ring, reading, sample, {day.date: day for day in stored}, lambda time_ms: None)
    return days


def table(days: Sequence[Day]) -> list[str]:
    """One line a day, the oldest first."""
    rows = [HEADINGS, *(cells(day) for day in days)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    shown = [" ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    shown += [
        "",
        "in, out: counted by the regulator. read in, read out: calculated from the readings.",
        "cover: the part of the day that has readings.",
    ]
    if any(day.date_is_estimated for day in days):
        shown.append("~ estimated date")
    ends = [day.ended_ms for day in days if day.ended_ms is not None]
    if ends:
        shown.append(f"The regulator's midnight is at {local_minute(ends[-1])[-5:]} local time.")
    return shown


def cells(day: Day) -> tuple[str, ...]:
    reached, cover = day.float_reached_seconds, day.coverage_percent
    return (
        ("~" if day.date_is_estimated else "") + day.date,
        number(day.battery_max_volts, 1),
        number(day.battery_min_volts, 1),
        "-" if reached is None else time_of_day(reached),
        number(day.state_of_charge_percent),
        number(day.charge_amp_hours),
        number(day.load_amp_hours),
        number(day.measured_charge_amp_hours, 1),
        number(day.measured_load_amp_hours, 1),
        "-" if cover is None else f"{cover:.0f} %",
    )


def number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
