"""Checks the line: asks PLI and regulator over the port, at every baud rate if necessary.

It only reads, with the logger's own code, which cannot send anything that changes the regulator.
"""

import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from admin.doctor.finding import Finding, bad, bad_from, look, ok
from admin.doctor.port import is_url
from admin.doctor.regulator import check_regulator
from admin.terminal.options import BAUDS
from journal.errors import PliSilent, PortMissing, RegulatorError, RegulatorSilent
from logger.clock.host_clock import Clock
from logger.line.exchange import Pli, Stopped
from logger.line.frame import READ_RAM
from logger.line.port import open_port
from logger.regulator.models import Steps
from logger.regulator.registers import BATTERY_VOLTS, SOFTWARE_VERSION, SYSTEM, decode
from logger.regulator.verified_reads import Step, VerifiedReads


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait: for a reply, for a quiet line, for the PLI at one baud rate, for the regulator, for all the
    exchanges that are counted."""

    reply_seconds: float = 1.0
    settle_seconds: float = 0.5
    rate_seconds: float = 8.0
    regulator_seconds: float = 15.0
    exchanges_seconds: float = 30.0


TIMEOUTS = Timeouts()
EXCHANGES = 100
MOST_DAMAGED_OK = 0.01
MOST_DAMAGED = 0.03
"""The share of damaged exchanges up to which no wrong value comes through (docs/reliability.md)."""


class StopAfter:
    """Stands in for a stop event that is set after some seconds."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def is_set(self) -> bool:
        return time.monotonic() >= self._ends_at

    def wait(self, timeout: float | None = None, /) -> bool:
        left = max(self._ends_at - time.monotonic(), 0)
        time.sleep(left if timeout is None else min(timeout, left))
        return self.is_set()


def check_line(port: str, baud: int, timeouts: Timeouts, *, is_clock_trusted: bool) -> Iterator[Finding]:
    """The findings about PLI and regulator."""
    try:
        line = open_port(port, baud)
    except RegulatorError as error:
        yield bad_from("adapter", error)
        return
    try:
        rates = [baud] if is_url(port) else [baud, *(each for each in reversed(BAUDS) if each != baud)]
        rate, is_noisy = _answering(line, port, rates, timeouts)
        yield _adapter(port, rates, rate, is_noisy=is_noisy)
        if rate:
            yield from _regulator(line, port, rate, timeouts, is_clock_trusted=is_clock_trusted)
    except (PortMissing, OSError, termios.error):
        yield bad("adapter", f"{port} disappeared during the check", "check the adapter's plug at the computer")
    finally:
        _pli_at(line, port, baud, timeouts, 1).close()


def answering_rate(port: str, timeouts: Timeouts) -> int | None:
    """The baud rate at which a PLI answers, None if none does. Raises PortMissing."""
    line = open_port(port, BAUDS[-1])
    try:
        return _answering(line, port, BAUDS[::-1], timeouts)[0]
    finally:
        _pli_at(line, port, BAUDS[-1], timeouts, 1).close()


def _answering(line: Any, port: str, rates: Sequence[int], timeouts: Timeouts) -> tuple[int | None, bool]:
    """The baud rate at which the PLI answers, None if there is none; and whether anything else arrived."""
    is_noisy = False
    for rate in rates:
        if line.baudrate != rate:
            line.baudrate = rate
        try:
            _pli_at(line, port, rate, timeouts, timeouts.rate_seconds).get_in_step()
        except PliSilent as error:
            is_noisy |= "no sense" in str(error)
        except Stopped:
            is_noisy = True  # a silent line would have ended sooner
        else:
            return rate, is_noisy
    return None, is_noisy


def _adapter(port: str, rates: Sequence[int], rate: int | None, *, is_noisy: bool) -> Finding:
    """`rates`: all that were tried, first the one in the settings. A serial server's cannot be changed from here."""
    baud, *others = rates
    if rate == baud:
        return ok("adapter", "it answers" if is_url(port) else f"it answers at {baud} baud")
    if rate:
        remedy = f"set SOLAR_BAUD={rate}, or set the jumpers in the PLI to {baud}"
        return bad("adapter", f"it does not answer at {baud} baud, but it does at {rate}", remedy)
    where = port if is_url(port) else f"{baud} baud, nor at {', '.join(map(str, others))}"
    if is_noisy:
        remedy = "check the cable, and that a PLI is at its other end; keep the cable away from inverters and motors"
        if is_url(port):
            remedy = f"check the baud rate in the serial server's settings; {remedy}"
        return bad("adapter", f"data arrives, but no valid answer at {where}", remedy)
    remedy = (
        "check the plugs at both ends of the cable; then try another USB adapter: the PLI is powered by the serial "
        "port, and some USB adapters are too weak"
    )
    return bad("adapter", f"no answer at {where}", remedy)


def _pli_at(line: Any, port: str, rate: int, timeouts: Timeouts, seconds: float) -> Pli:
    return Pli(
        line,
        port,
        baud=rate,
        stop=StopAfter(seconds),
        monotonic=time.monotonic,
        reply_seconds=timeouts.reply_seconds,
        settle_seconds=timeouts.settle_seconds,
    )


def _regulator(line: Any, port: str, rate: int, timeouts: Timeouts, *, is_clock_trusted: bool) -> Iterator[Finding]:
    clock = Clock(0)
    verified = VerifiedReads(_pli_at(line, port, rate, timeouts, timeouts.regulator_seconds), clock)
    steps: list[Step] = [
        partial(verified.bytes, SOFTWARE_VERSION),
        partial(verified.bytes, SYSTEM, BATTERY_VOLTS),
        verified.time_of_day,
    ]
    ram: dict[int, int] = {}
    try:
        for step in steps:
            (read,) = verified.prove([step], timeouts.regulator_seconds)
            if not ram | read:
                break
            ram |= read
    except (PliSilent, RegulatorSilent, Stopped):
        pass  # judge by what was read until then
    if SOFTWARE_VERSION not in ram:
        why = verified.missing.get(SOFTWARE_VERSION, "no answer in time")
        yield bad(
            "regulator",
            f"the adapter answers, but the regulator behind it does not: {why}",
            "check the cable between PLI and regulator (WZ for PL60 and PL80, WY for PL20 and PL40), and that the "
            "regulator's screen is on",
        )
        return
    yield ok("regulator", "it answers")
    moment = clock.now()
    reading = decode(ram, Steps(), time_ms=moment.time_ms, boot=0, uptime_ms=moment.uptime_ms)
    yield from check_regulator(reading, is_clock_trusted=is_clock_trusted)
    yield _damage(_pli_at(line, port, rate, timeouts, timeouts.exchanges_seconds), ram[SOFTWARE_VERSION])


def _damage(pli: Pli, version: int) -> Finding:
    """Read RAM 0 a hundred times: how often does anything other than `version` come, or an extra byte?"""
    done = damaged = 0
    try:
        for _ in range(EXCHANGES):
            doubts = pli.doubts
            is_right = pli.ask(READ_RAM, SOFTWARE_VERSION) == version and pli.doubts == doubts
            done += 1
            damaged += not is_right
            if not is_right:
                pli.get_in_step()
    except (PliSilent, Stopped):
        done, damaged = done + 1, damaged + 1
    found = f"{damaged} of {done} exchanges damaged"
    if damaged <= MOST_DAMAGED_OK * done:
        return ok("line", found)
    remedy = (
        "push in both plugs of the cable; keep it short and away from inverter, motors and battery cables; try another "
        "USB adapter; connect computer and regulator to the same earth"
    )
    if damaged <= MOST_DAMAGED * done:
        return look("line", f"{found}; readings take longer", remedy)
    return bad("line", f"{found}: too many; values may be missing or wrong", remedy)
