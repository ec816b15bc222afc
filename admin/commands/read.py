"""`solar read`: one reading for a person."""

import logging
import threading
from typing import TYPE_CHECKING

from admin.terminal import options
from admin.terminal.console import log_to_stderr, progress, stop_on_signals
from admin.terminal.fields import READING, shown
from admin.terminal.moments import iso

if TYPE_CHECKING:
    from journal.reading import Reading

# Bookkeeping; says nothing about sun and battery.
HIDDEN = {"id", "time", "model", "boot", "uptime_ms", "wall_ms", "raw", "time_uncertainty_seconds"}


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
        (field.name, clock(reading) if field.name == "regulator_clock_seconds" else shown(value, field.unit), field)
        for field in READING
        if field.name not in HIDDEN
        and ((value := getattr(reading, field.name)) is not None or not is_optional(field.name))
    ]
    name_width = max(len(name) for name, _, _ in rows)
    value_width = max(len(value) for _, value, _ in rows)
    heading = f"{reading.model or 'regulator of unknown model'} at {iso(reading.time_ms)}"
    return [
        heading,
        "",
        *(f"{name:{name_width}}  {value:>{value_width}}  {field.meaning}" for name, value, field in rows),
    ]


def is_optional(name: str) -> bool:
    """Whether most sites do not have this quantity, so that its absence means nothing."""
    return name.startswith("external_") and name.endswith("_amps")


def clock(reading: "Reading") -> str:
    """The regulator's time of day as on a clock."""
    if reading.regulator_clock_seconds is None:
        return "-"
    minutes, seconds = divmod(int(reading.regulator_clock_seconds), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
