"""`solar clock`: shows what is known about the time, and lets a person confirm the clock."""

import logging
from typing import TYPE_CHECKING

import typer
from typer.main import get_command

from admin.health.clock_state import clock_state, lines
from admin.terminal import options
from admin.terminal.console import log_to_stderr, progress
from admin.terminal.fitted_help import FittedCommand
from admin.terminal.moments import iso
from admin.terminal.words import count
from journal.errors import JournalInUse, JournalMissing, SolarError, our_errors
from journal.files import is_there
from journal.journal import Journal
from journal.writer import JournalWriter

if TYPE_CHECKING:
    from logger.clock.host_clock import Moment

app = typer.Typer(help="Show whether the computer's clock is trusted and what is held, or confirm the clock.")


@app.callback(invoke_without_command=True)
def clock(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        command = get_command(app).get_command(context, "show")  # type: ignore[attr-defined]
        with command.make_context("show", [], parent=context) as own:
            command.invoke(own)


@app.command(cls=FittedCommand)
def show(*, data: options.Data = options.DATA, clock_mode: options.Clock = options.CLOCK) -> None:
    """Show whether the clock is trusted, why, and which records are held."""
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.trust import time_source

    moment = Clock(0).now()
    with Journal.open(data / "journal.db") as journal:
        print("\n".join(lines(clock_state(journal, boot_id(), moment, time_source(clock_mode).ask(moment)))))


@app.command(cls=FittedCommand)
def trust(*, data: options.Data = options.DATA, site: options.Site = options.SITE) -> None:
    """Confirm that the computer's clock is right now: held records get their times and are sent."""
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.trust import absurd
    from logger.clock.trust_note import leave

    log_to_stderr(verbose=False, level=logging.WARNING)
    moment = Clock(0).now()
    if why := absurd(moment.time_ms):
        raise SolarError(
            f"cannot trust {iso(moment.time_ms)}: it is {why}; set the clock first (sudo date -s '2026-11-22 17:30')"
        )
    path = data / "journal.db"
    if not is_there(path):
        raise JournalMissing(f"cannot date the records in {path}: there is no such file; nothing has been logged here")
    print(f"Clock accepted: {iso(moment.time_ms)}")
    try:
        journal = JournalWriter.create(path, site)
    except JournalInUse:
        with our_errors("write to", data):
            leave(data, boot_id(), moment)
        print("The logger is running: from its next reading on it uses this clock and dates the held records.")
        return
    with journal:
        print(release(journal, boot_id(), moment))


def release(journal: JournalWriter, boot_id: str, moment: "Moment") -> str:
    """Date and release all held records, because a person has confirmed the clock. Returns a sentence about it."""
    from journal.boots import Anchor
    from journal.reading import Event
    from logger.clock.host_clock import Clock
    from logger.clock.timekeeper import Timekeeper
    from logger.clock.trust import NoTimeSource
    from logger.clock.trust_note import PERSON

    held = sum(last - first + 1 for first, last in journal.held("readings"))
    keeper = Timekeeper(journal, Clock(0), boot_id, NoTimeSource(), clock_wait_seconds=0.0)
    changes = [keeper.believe(Anchor(moment.uptime_ms, moment.time_ms, PERSON))]
    done = 0
    with progress("dating records", "records", held) as show_done:
        while (dated := keeper.work(0.2)).records or dated.changes:
            done += dated.records
            changes += dated.changes
            show_done(min(done, held), held)
    for change in changes:
        now = Clock(0).now()
        keeper.append(
            Event(
                time_ms=now.time_ms,
                boot=keeper.boot,
                uptime_ms=now.uptime_ms,
                kind=change.kind,
                message=change.message,
            )
        )
    keeper.close()
    if not held:
        return "Nothing was held; the logger will start with this clock."
    return f"{count(held, 'held reading')} dated; the uploader can send them now."
