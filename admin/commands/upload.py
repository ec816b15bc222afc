"""`solar upload`: the uploader, in the foreground."""

import logging
import math
import sys
import time
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from admin.terminal import options, unknown_settings
from admin.terminal.console import log_to_stderr, progress, stop_on_signals
from admin.terminal.option import Option
from admin.terminal.sd_notify import Supervisor, WatchdogStop
from admin.terminal.words import count
from journal.errors import UploadError
from journal.files import only_one
from journal.journal import Journal
from journal.reading import STREAMS

if TYPE_CHECKING:
    from uploader.drain.loop import Summary
    from uploader.server.target import Target

# fmt: off
Once = Annotated[bool, Option(
    "--once", help="Send what is waiting, then exit: 0 if all was sent, 1 if not.")]
Every = Annotated[float, Option(
    "--every", envvar="SOLAR_UPLOAD_EVERY", parser=options.number_above_zero, metavar="SECONDS",
    help="Seconds between uploads of new readings.")]
OldSite = Annotated[str | None, Option(
    "--site", envvar="SOLAR_SITE", metavar="NAME",
    help="No longer used: each reading keeps the site where it was taken.")]
Monthly = Annotated[float | None, Option(
    "--monthly-megabytes", envvar="SOLAR_MONTHLY_MEGABYTES", parser=options.number_above_zero, metavar="MB",
    help="Monthly data limit in MB; the backlog slows down near it.")]
Verbose = Annotated[bool, Option(
    "--verbose", "-v", help="Detailed log: every request and every failed attempt.")]
# fmt: on


def upload(
    *,
    once: Once = False,
    data: options.Data = options.DATA,
    site: OldSite = None,
    url: options.Url = None,
    org: options.Org = None,
    bucket: options.Bucket = None,
    ca_file: options.CaFile = None,
    every: Every = 60.0,
    monthly_megabytes: Monthly = None,
    verbose: Verbose = False,
) -> int:
    """Upload the journal to InfluxDB until stopped, or --once."""
    from uploader.drain.backoff import Backoff
    from uploader.drain.drain import Drain
    from uploader.drain.loop import ONCE_BACKOFF, drain, drain_all, first_wait_seconds, open_progress
    from uploader.drain.reporter import Reporter
    from uploader.progress.progress import Progress
    from uploader.server.influx import Influx

    log_to_stderr(verbose=verbose, level=logging.WARNING if once else logging.INFO)
    unknown_settings.warn()
    target = options.target(url, org, bucket, ca_file)
    supervisor = Supervisor.from_environment()
    stop = WatchdogStop(supervisor)
    reporter = Reporter(target.base_url, heartbeat=supervisor.heartbeat)
    with ExitStack() as opened:
        opened.enter_context(uploader_lock(data / "uploader.lock"))
        opened.enter_context(stop_on_signals(stop))
        path = data / "uploader.db"
        sent = Progress.open(path) if once else open_progress(path, reporter, stop)
        if sent is None:
            return 0
        opened.enter_context(sent)
        influx = opened.enter_context(
            Influx(target, named_server=sent.named_server(), note_named_server=sent.note_named_server)
        )
        worker = Drain(
            data / "journal.db",
            influx,
            sent,
            reporter=reporter,
            every_seconds=math.inf if once else every,
            monthly_megabytes=None if once else monthly_megabytes,
            backoff=ONCE_BACKOFF if once else Backoff(),
        )
        if once:
            with progress("uploading", "records") as show:
                summary = drain_all(worker, stop, on_progress=show)
            with Journal.open(data / "journal.db") as journal:
                held = sum(journal.held(stream).count for stream in STREAMS)
            if note := sent.state().notes:
                print(note, file=sys.stderr)
            return report(summary, target, held)
        now_ms = time.time_ns() // 1_000_000
        uptime_seconds = time.clock_gettime(time.CLOCK_BOOTTIME)
        supervisor.heartbeat(f"uploading to {target.base_url}")  # ready, even if nothing is sent for a long time
        drain(worker, stop, first_wait_seconds=first_wait_seconds(sent.state(), now_ms, uptime_seconds))
        supervisor.stopping()
    return 0


def report(summary: "Summary", target: "Target", held: int = 0) -> int:
    """Say what was sent; raise UploadError for what is left."""
    if summary.sent or not summary.left:
        print(f"{count(summary.sent, 'record')} sent to {target.base_url}")
    if summary.refused:
        print(f"{count(summary.refused, 'record')} refused by the server: `solar dead-letters list` says why")
    if held:
        print(f"{count(held, 'record')} held until the clock is confirmed: see `solar clock`", file=sys.stderr)
    if summary.left:
        raise UploadError(
            f"cannot upload {count(summary.left, 'record')} to {target.base_url}: {summary.reason}; "
            "nothing is lost, they are sent next time"
        )
    return 1 if summary.refused else 0


def uploader_lock(path: Path) -> AbstractContextManager[object]:
    """Hold the lock file: two uploaders would send everything twice."""
    return only_one(
        path,
        UploadError(
            f"cannot upload from {path.parent}: another uploader is running there; "
            "let it do the work, or stop it first (systemctl stop solar-uploader)"
        ),
    )
