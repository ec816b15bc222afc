"""`solar read`: one reading for a person."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from admin.terminal import options
from admin.terminal.console import log_to_stderr, progress, stop_on_signals
from admin.terminal.fields import READING, shown
from admin.terminal.moments import iso

if TYPE_CHECKING:
    from journal.reading import Reading

# Bookkeeping; says nothing about sun and battery.
HIDDEN = {"id", "time", "model", "boot", "uptime_ms", "wall_ms", "raw", "time_uncertainty_seconds"}
AT_FEW_SITES = {"external_charge_amps", "external_load_amps"}
"""Their absence means nothing."""


def read(
    *,
    port: options.Port = options.PORT,
    baud: options.Baud = options.BAUD,
    charge_step_amps: options.ChargeStep = None,
    load_step_amps: options.LoadStep = None,
    verbose: options.Verbose = False,
) -> int | None:
    """Take one reading and show it; nothing is stored."""
    from logger.clock.host_clock import Clock
    from logger.regulator.models import Steps
    from logger.regulator.regulator import STEPS, connect

    log_to_stderr(verbose=verbose, level=logging.WARNING)
    stop = threading.Event()
    steps = Steps.of(charge_step_amps, load_step_amps)
    with stop_on_signals(stop), connect(port, baud, Clock(0), steps=steps, stop=stop) as regulator:
        with progress("reading", "steps", STEPS) as show:
            reading = regulator.read(show)
        missing = regulator.missing
    if reading is None or stop.is_set():
        return 130
    print("\n".join(lines(reading)))
    for address, why in missing.items():
        print(f"RAM {address} could not be read: {why}")
    return None


def lines(reading: "Reading") -> list[str]:
    """A heading, then name, value and meaning in columns."""
    rows = [
        (field.name, shown(value_of(reading, field.name), field.unit), field.meaning)
        for field in READING
        if field.name not in HIDDEN and not (field.name in AT_FEW_SITES and getattr(reading, field.name) is None)
    ]
    name_width = max(len(name) for name, _, _ in rows)
    value_width = max(len(value) for _, value, _ in rows)
    heading = f"{reading.model or 'regulator of unknown model'} at {iso(reading.time_ms)}"
    return [heading, "", *(f"{name:{name_width}}  {value:>{value_width}}  {meaning}" for name, value, meaning in rows)]


def value_of(reading: "Reading", name: str) -> float | str | None:
    """The regulator's time of day as on a clock, the others as they are."""
    value: float | str | None = getattr(reading, name)
    if name == "regulator_clock_seconds" and value is not None:
        return time.strftime("%H:%M:%S", time.gmtime(float(value)))
    return value
