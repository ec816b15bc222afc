"""`solar clock`: shows what is known about the time, and lets a person confirm the clock."""

import logging
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from admin.health.clock_state import clock_state, lines
from admin.terminal import options
from admin.terminal.console import log_to_stderr, progress
from admin.terminal.fitted_help import FittedCommand, FittedGroup
from admin.terminal.moments import iso
from admin.terminal.words import count, duration
from journal.errors import BadSetting, JournalInUse, JournalMissing, SolarError, our_errors
from journal.files import is_there
from journal.journal import Journal
from journal.writer import JournalWriter

if TYPE_CHECKING:
    from journal.boots import Anchor


class ShowIfNotTold(FittedGroup):
    """`solar clock --data DIR` is `solar clock show --data DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        is_told = args and (not args[0].startswith("-") or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_told else ["show", *args])


app = typer.Typer(
    cls=ShowIfNotTold,
    help="Show whether the computer's clock is trusted and what is held, or confirm or set the clock.",
    add_completion=False,
    rich_markup_mode=None,
)


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
    """Confirm that the computer's clock is right now, to the minute: held records get their times and are sent."""
    from logger.clock.trust_note import TO_THE_MINUTE_SECONDS

    accept(data, site, TO_THE_MINUTE_SECONDS)


@app.command("set", cls=FittedCommand)
def set_clock(
    time_now: Annotated[str, typer.Argument(metavar="TIME", help="The site's time now: '2026-11-22 17:30'.")],
    *,
    data: options.Data = options.DATA,
    site: options.Site = options.SITE,
) -> None:
    """Set the computer's clock and confirm it; right to the minute, or to 5 seconds if TIME has seconds."""
    from logger.clock.host_clock import Clock
    from logger.clock.trust import ThisComputer, absurd

    wanted_ms, uncertainty_seconds = parse(time_now)
    if why := absurd(wanted_ms):
        raise BadSetting(f"cannot set the clock to {time_now}: that is {why}; nothing was changed")
    evidence = ThisComputer().ask(Clock(0).now())
    if evidence and evidence.is_lasting:
        raise SolarError(f"cannot set the clock to {time_now}: {evidence.source}; nothing was changed")
    require_directory(data)
    try:
        time.clock_settime_ns(time.CLOCK_REALTIME, wanted_ms * 1_000_000)
    except PermissionError as error:
        raise SolarError(f"cannot set the clock to {time_now}: only root may; run it again with sudo") from error
    accept(data, site, uncertainty_seconds)


def parse(time_now: str) -> tuple[int, float]:
    """A local time as a person writes it: in milliseconds since 1970, and how many seconds it may be off.

    A time without seconds is taken half a minute later: it was read off a watch, then typed.
    """
    from logger.clock.trust_note import TO_THE_MINUTE_SECONDS, TO_THE_SECOND_SECONDS

    for form, seconds_later, uncertainty_seconds in (
        ("%Y-%m-%d %H:%M", 30, TO_THE_MINUTE_SECONDS),
        ("%Y-%m-%d %H:%M:%S", 0, TO_THE_SECOND_SECONDS),
    ):
        for with_zone in (form, f"{form}%z"):
            with suppress(ValueError):
                wanted = datetime.strptime(time_now.strip().replace("T", " "), with_zone)  # noqa: DTZ007 - local
                if wanted.timestamp() != wanted.replace(fold=1).timestamp():
                    raise BadSetting(
                        f"cannot set the clock to {time_now}: daylight saving time begins or ends then; "
                        f"add the offset from UTC, like '{time_now}+01:00'"
                    )
                return round((wanted.timestamp() + seconds_later) * 1000), uncertainty_seconds
    raise BadSetting(f"cannot understand the time {time_now!r}: write it like '2026-11-22 17:30'")


def accept(data: Path, site: str, uncertainty_seconds: float) -> None:
    """Date the held records by the wall clock as it is now, or let the running logger do it."""
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.trust import absurd
    from logger.clock.trust_note import leave, word

    log_to_stderr(verbose=False, level=logging.WARNING)
    said = word(Clock(0).now(), uncertainty_seconds)
    if why := absurd(said.time_ms):
        raise SolarError(
            f"cannot trust {iso(said.time_ms)}: it is {why}; "
            "set the clock first: sudo solar clock set '2026-11-22 17:30'"
        )
    require_directory(data)
    path = data / "journal.db"
    done = "Nothing has been logged here yet: the logger will use this clock, if it starts before the next restart."
    try:
        journal = JournalWriter.create(path, site) if is_there(path) else None
    except JournalInUse:
        journal = None
        done = "The logger is running: from its next reading on it uses this clock and dates the held records."
    if journal:
        with journal:
            done = release(journal, boot_id(), said)
    else:
        with our_errors("write to", data):
            leave(data, boot_id(), said)
    print(f"Clock accepted: {iso(said.time_ms)}, give or take {duration(uncertainty_seconds)}\n{done}")


def require_directory(data: Path) -> None:
    """Raise JournalMissing if there is no data directory, because a note in another one would be lost.

    Raises JournalUnusable if there is one that cannot be used.
    """
    if not is_there(data / "journal.db") and not data.is_dir():
        raise JournalMissing(
            f"cannot confirm the clock for {data}: there is no such directory; give the logger's with --data, "
            "or start the logger first"
        )


def release(journal: JournalWriter, boot_id: str, said: "Anchor") -> str:
    """Date and release all held records, because a person has confirmed the clock. Returns a sentence about it."""
    from journal.reading import Event
    from logger.clock.host_clock import Clock
    from logger.clock.timekeeper import Timekeeper
    from logger.clock.trust import NoTimeSource

    held = journal.held("readings").count
    keeper = Timekeeper(journal, Clock(0), boot_id, NoTimeSource(), clock_wait_seconds=0.0)
    changes = [keeper.believe(said)]
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
