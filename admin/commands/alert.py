"""`solar alert`: tells a person what is wrong at the site; a test of that, and what was told."""

import logging
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.terminal import options, unknown_settings
from admin.terminal.console import log_to_stderr, stop_on_signals
from admin.terminal.fitted_help import FittedCommand, FittedGroup
from admin.terminal.sd_notify import Supervisor, WatchdogStop
from journal.errors import JournalMissing, SolarError
from journal.files import only_one

if TYPE_CHECKING:
    from alerts.moment import Moment
    from alerts.station import Situation
    from journal.boots import Boot
    from journal.reading import Reading

app = typer.Typer(
    cls=FittedGroup,
    help="Tell a person what is wrong at the site, by e-mail, ntfy, Telegram and many others.",
    add_completion=False,
    rich_markup_mode=None,
)

LOOK_SECONDS = 60.0
SERVICES_RULES = Path("/etc/solar/alerts.toml")

# fmt: off
RulesPath = Annotated[Path | None, typer.Option(
    "--rules", envvar="SOLAR_ALERT_RULES", parser=Path, metavar="FILE",
    help="Rules file; default: alerts.toml in the working directory, then /etc/solar/alerts.toml.")]
Site = Annotated[str, typer.Option(
    "--site", envvar="SOLAR_SITE", parser=options.words, metavar="NAME", help="Name of the site in the test message.")]
# fmt: on


@app.command(cls=FittedCommand)
def run(
    *,
    data: options.Data = options.DATA,
    rules: RulesPath = None,
    url: options.Url = None,
    verbose: options.Verbose = False,
) -> int:
    """Watch the journal and send alerts until stopped.

    SOLAR_ALERT_URLS says to whom: Apprise URLs, with commas between them.
    """
    from alerts.outbox import Outbox
    from alerts.receivers import SETTING, receivers
    from alerts.rules_file import RulesFile
    from alerts.station import Station

    log_to_stderr(verbose=verbose)
    unknown_settings.warn()
    told = receivers(os.environ.get(SETTING, ""))
    supervisor = Supervisor.from_environment()
    stop = WatchdogStop(supervisor)
    with ExitStack() as opened:
        opened.enter_context(stop_on_signals(stop))
        words = f"cannot watch {data}: `solar alert run` is running there already; stop it first"
        opened.enter_context(only_one(data / "alerts.lock", SolarError(words)))
        outbox = opened.enter_context(Outbox.open(data / "alerts.db"))
        rules_file = RulesFile(rules_path(rules), outbox.rules_text(), outbox.note_rules)
        station = Station(
            data / "journal.db",
            outbox,
            told,
            rules_file.rules(),
            now=now,
            situation=lambda: situation(data, is_upload_wanted=bool(url)),
            bank_volts=bank_volts,
            monotonic=time.monotonic,
            beat=supervisor.feed,
        )
        names = ", ".join(receiver.name for receiver in told)
        logging.getLogger(__name__).info("watching %s; alerts go to %s", data / "journal.db", names)
        while not stop.is_set():
            supervisor.heartbeat(f"watching {data / 'journal.db'}")
            station.rules = rules_file.rules()
            station.step()
            stop.wait(LOOK_SECONDS)
        supervisor.stopping()
    return 0


@app.command("test", cls=FittedCommand)
def send_test(*, site: Site = options.SITE, verbose: options.Verbose = False) -> int:
    """Send a test message to every receiver in SOLAR_ALERT_URLS; exit code 1 if one could not be told."""
    from alerts.moment import local
    from alerts.receivers import SETTING, receivers

    log_to_stderr(verbose=verbose)
    body = f"A test: alerts from this site arrive here.\nSent {local(time.time_ns() // 1_000_000)}."
    failed = 0
    for receiver in receivers(os.environ.get(SETTING, "")):
        why = receiver.send(f"{site}: test", body)
        failed += why is not None
        print(f"{receiver.name}: {'sent' if why is None else f'cannot send: {why}'}")
    return 1 if failed else 0


@app.command("list", cls=FittedCommand)
def list_alerts(*, data: options.Data = options.DATA, rules: RulesPath = None) -> None:
    """List the rules with their limits, which of them are raised, and the last messages."""
    from alerts import rules_file, words
    from alerts.outbox import Outbox
    from alerts.rules import RULES

    path = rules_path(rules)
    in_force = rules_file.parse(rules_file.read(path), str(path))
    states, messages = {}, []
    try:
        with Outbox.read_only(data / "alerts.db") as outbox:
            states, messages = outbox.states(), outbox.messages()
    except JournalMissing:
        print("no alerts have run here yet: `solar alert run` starts them", file=sys.stderr)
    volts, boots = known(data)
    print(f"Rules ({path if path.exists() else 'defaults; there is no ' + str(path)}):")
    for rule in RULES:
        limits = in_force.limits(rule.name, volts)
        if limits is None:
            shown = "off" if rule.name in in_force.off else "needs bank_volts, or the first reading"
        else:
            shown = ", ".join(f"{key} {value:g}" for key, value in limits.items())
        raised = "RAISED" if states.get(rule.name, {}).get("is_raised") else ""
        print(f"  {rule.name:17}{raised:8}{shown}".rstrip())
    print("Messages:" if messages else "Messages: none")
    for message in messages[-20:]:
        waits = f"  (waits for {len(message.receivers)} of the receivers)" if message.receivers else ""
        print(f"  {message.number:4}  {words.when(message.notice.moment, boots)}  {words.title(message)}{waits}")


def rules_path(given: Path | None) -> Path:
    beside = Path("alerts.toml")
    return given or (SERVICES_RULES if SERVICES_RULES.exists() and not beside.exists() else beside)


def known(data: Path) -> "tuple[int | None, Sequence[Boot]]":
    """The battery's nominal voltage by the regulator's setting, and the journal's boots, as far as they are known."""
    from journal.errors import JournalError
    from journal.journal import Journal

    try:
        with Journal.open(data / "journal.db") as journal:
            newest = journal.newest_reading()
            return (bank_volts(newest) if newest else None), journal.boots()
    except JournalError:
        return None, []


def bank_volts(reading: "Reading") -> int | None:
    """From RAM 93, if it was read."""
    from logger.regulator.registers import by_address, volts_of

    return volts_of(by_address(reading.raw))


def now(boots: "Sequence[Boot]") -> "Moment":
    """This moment, in the newest stretch of this boot that the journal knows."""
    from alerts.moment import Moment
    from logger.clock.host_clock import Clock, boot_id

    this = boot_id()
    number = next((boot.number for boot in reversed(boots) if boot.boot_id == this), 0)
    at = Clock(number).now()
    return Moment(at.time_ms, number, at.uptime_ms, is_sure=False)


def situation(data: Path, *, is_upload_wanted: bool) -> "Situation":
    """What `solar status` would find wrong with disk, clock and upload."""
    from admin.health.clock_state import remedy
    from admin.health.health import aside_in_words
    from admin.health.survey import survey
    from alerts.station import Situation

    health = survey(data, is_upload_wanted=is_upload_wanted)
    newest = replace(health, aside=health.aside[-1:], side_files_aside=health.side_files_aside[-1:])
    disk = "; ".join(aside_in_words(newest)) or None
    clock_seconds, clock = 0.0, ""
    if health.clock and not health.clock.source and health.clock.held_in_all:
        clock_seconds = health.clock.uptime_seconds
        clock = f"nothing is sent, because the clock has not been confirmed: {remedy(health.clock)}"
    upload = None
    if health.upload and health.upload.trouble:
        upload = (health.upload.failing_since_ms or health.now_ms, health.upload.reason or health.upload.trouble)
    elif health.unsent_since_ms is not None:
        upload = (health.unsent_since_ms, health.why_unsent)
    free = health.disk.free_bytes if health.disk else None
    return Situation(free, disk, clock_seconds, clock, upload)
