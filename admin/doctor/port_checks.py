"""Orders the checks of port, adapter and regulator. While the logger uses the port, its newest reading answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from admin.doctor.finding import Finding, Verdict, ok, see, skipped
from admin.doctor.line import TIMEOUTS, Timeouts, check_line
from admin.doctor.port import DEV, check_port, check_port_users, is_url
from admin.doctor.regulator import check_regulator
from admin.health.health import Health
from journal.holders import PROC, lock_holders, users_of


@dataclass(frozen=True, slots=True)
class Line:
    """The port, its baud rate and how long to wait; `proc` and `dev` are the kernel's directories."""

    port: str
    baud: int
    timeouts: Timeouts = TIMEOUTS
    proc: Path = PROC
    dev: Path = DEV


def site(line: Line, health: Health, *, is_clock_trusted: bool) -> Iterator[Finding]:
    """The findings about port, adapter and regulator."""
    there = check_port(line.port, line.dev)
    yield there
    loggers = lock_holders(Path(health.data, "journal.lock"), line.proc) or ()
    users = [] if is_url(line.port) else users_of(Path(line.port), line.proc)
    used = check_port_users(line.port, users, loggers)
    if there.verdict is Verdict.OK:
        yield used
    if used.verdict is Verdict.BAD:
        yield skipped("adapter", "not tried while another program uses the port")
    elif health.reading and health.is_fresh and (users or health.is_logging or is_url(line.port)):
        yield ok("adapter", "the newest reading came through it")
        yield ok("regulator", "the newest reading came from it")
        yield from check_regulator(health.reading, is_clock_trusted=is_clock_trusted)
    elif there.verdict is Verdict.BAD:
        yield skipped("adapter", f"not tried: no port, {see('port')}")
    elif users:
        why = f": {health.trouble.message}" if health.trouble else ""
        yield skipped(
            "adapter",
            f"the logger uses the port but gets no readings{why}",
            "to test the line: sudo systemctl stop solar-logger, run solar doctor again, start the logger again",
        )
    else:
        yield from check_line(line.port, line.baud, line.timeouts, is_clock_trusted=is_clock_trusted)
