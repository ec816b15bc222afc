"""`solar log`: the logger, in the foreground."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from admin.terminal import options, unknown_settings
from admin.terminal.console import log_to_stderr, program_version, stop_on_signals
from admin.terminal.option import Option
from admin.terminal.sd_notify import Supervisor, WatchdogStop
from admin.terminal.words import count
from journal.errors import JournalError
from journal.reading import STREAMS

if TYPE_CHECKING:
    from journal.writer import JournalWriter
    from logger.clock.host_clock import Clock
    from logger.clock.timekeeper import Timekeeper
    from logger.self_check import Upload

# fmt: off
Interval = Annotated[float, Option(
    "--interval", envvar="SOLAR_INTERVAL", parser=options.number_above_zero, metavar="SECONDS",
    help="Seconds between readings.")]
Count = Annotated[int | None, Option(
    "--count", envvar="SOLAR_LOG_COUNT", parser=options.count_above_zero, metavar="N",
    help="Stop after this many readings.")]
SaveBelow = Annotated[float | None, Option(
    "--save-below-volts", envvar="SOLAR_SAVE_BELOW_VOLTS", parser=options.number_above_zero, metavar="VOLTS",
    help="Below this battery voltage readings and uploads become rarer; default: never.")]
Wait = Annotated[bool | None, Option(
    "--wait/--no-wait", help="Wait if the port is missing at the start; services always do.")]
# fmt: on


def log(
    *,
    port: options.Port = options.PORT,
    baud: options.Baud = options.BAUD,
    interval: Interval = 10.0,
    readings: Count = None,
    site: options.Site = options.SITE,
    data: options.Data = options.DATA,
    clock_mode: options.Clock = options.CLOCK,
    charge_step_amps: options.ChargeStep = None,
    load_step_amps: options.LoadStep = None,
    keep_days: options.KeepDays = None,
    save_below_volts: SaveBelow = None,
    wait: Wait = None,
    verbose: options.Verbose = False,
) -> None:
    """Log the regulator's readings in the journal until stopped."""
    from journal.writer import JournalWriter
    from logger.amperes import adopted_steps
    from logger.amperes.redecoding import Redecoding, adopted_in
    from logger.clock.host_clock import Clock, boot_id
    from logger.clock.timekeeper import Timekeeper
    from logger.clock.trust import time_source
    from logger.clock.trust_note import TrustNotes
    from logger.history.chore import HistoryChore
    from logger.line.port import open_port
    from logger.low_battery import LowBattery
    from logger.poll import Chore, Identity, Poller, poll
    from logger.pruning import Pruning
    from logger.regulator.models import Steps
    from logger.regulator.regulator import Regulator
    from logger.self_check import SelfCheck

    log_to_stderr(verbose=verbose)
    unknown_settings.warn()
    supervisor = Supervisor.from_environment()
    stop = WatchdogStop(supervisor)
    given = Steps.of(charge_step_amps, load_step_amps)
    # Opened before anything is written, so that a wrong port leaves nothing behind.
    opened = [] if (supervisor.is_listening if wait is None else wait) else [open_port(port, baud)]
    try:
        with stop_on_signals(stop), JournalWriter.create(data / "journal.db", site) as journal:
            this_boot = boot_id()
            clock = Clock(journal.boot_number(this_boot))
            trust_notes = TrustNotes(data, this_boot)
            timekeeper = Timekeeper(journal, clock, this_boot, time_source(clock_mode), trust_notes=trust_notes.take)
            report_damage(journal, timekeeper, clock)
            decoding = journal.decoding()
            last = adopted_in(decoding.scale) if decoding else ()
            steps = adopted_steps.StepsInForce(data / adopted_steps.FILE, given, last)

            def connect() -> Regulator:
                line = opened.pop() if opened else open_port(port, baud)
                return Regulator(line, port, clock, steps=steps.now(), stop=stop, baud=baud)

            chores: list[Chore] = [
                Redecoding(journal, steps, interval_seconds=interval),
                HistoryChore(journal, clock, interval_seconds=interval),
            ]
            if keep_days is not None:
                chores.append(Pruning(journal, clock, keep_days, lambda: sent_readings(journal)))
            poller = Poller(
                journal,
                connect,
                clock,
                Identity(site=site, port=port, version=program_version()),
                interval_seconds=interval,
                heartbeat=supervisor.heartbeat,
                timekeeper=timekeeper,
                chores=chores,
                self_check=SelfCheck(journal, clock, program_version(), lambda: upload_of(journal)),
                low_battery=LowBattery(journal, save_below_volts),
            )
            # Ready from here on: if the first attempt hangs, the watchdog acts.
            supervisor.heartbeat(f"reading {port}")
            try:
                poll(poller, stop, count=readings)
            finally:
                supervisor.stopping()
                poller.close()
                timekeeper.close()
    finally:
        for line in opened:
            line.close()
    stored = f"{count(poller.readings_stored, 'reading')} stored in {data / 'journal.db'}"
    if readings is None:
        logging.getLogger(__name__).info("stopped: %s", stored)
    else:
        print(stored)


def sent_readings(journal: "JournalWriter") -> Sequence[tuple[int, int]]:
    """The ids of the readings that may be deleted; none if uploader.db belongs to another journal.

    Refused readings are kept, to be sent again once the cause is fixed, and so are those that were too old for the
    bucket: no server has them. So are held ones, which were sent if an older copy of the journal was put back: how old
    they are is not known.
    """
    from uploader.progress.progress import Progress

    try:
        with Progress.read_only(journal.path.with_name("uploader.db")) as progress:
            identity = journal.identity()
            if progress.journal() != identity:
                return ()
            refused = progress.dead_letters.ids(identity, "readings")
            sent = progress.done.of("readings") - refused - progress.expired("readings")
            return (sent & journal.released("readings")).ranges
    except JournalError as error:
        logging.getLogger(__name__).debug("no readings are deleted: %s", error)
        return ()


def upload_of(journal: "JournalWriter") -> "Upload | None":
    """What uploader.db knows about this journal; None before the first upload, or if it cannot be read now."""
    from logger.self_check import Upload
    from uploader.progress.progress import Progress

    path = journal.path.with_name("uploader.db")
    try:
        with Progress.read_only(path) as progress:
            if progress.journal() != journal.identity():
                return None
            pending = sum(progress.pending(journal, stream).count for stream in STREAMS)
            return Upload(pending, progress.dead_letters.count())
    except JournalError as error:
        logging.getLogger(__name__).debug("the state of the upload is not known: %s", error)
        return None


def report_damage(journal: "JournalWriter", timekeeper: "Timekeeper", clock: "Clock") -> None:
    """Report, in the log and as an event, that a damaged journal was found, and where it is now."""
    from journal.reading import Event

    if journal.aside is None:
        return
    words = f"the journal was damaged; a new one was started, and the old one is kept as {journal.aside}"
    logging.getLogger(__name__).error("%s", words)
    now = clock.now()
    event = Event(time_ms=now.time_ms, boot=now.boot, uptime_ms=now.uptime_ms, kind="journal_set_aside", message=words)
    timekeeper.append(event)
