"""`solar doctor`: checks everything that can be wrong at a site and says how to fix it. Changes nothing."""

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from admin.doctor.finding import Finding, Verdict, bad_from, look, ok, skipped
from admin.doctor.runner import Part, examine
from admin.health.health import Health
from admin.health.survey import survey
from admin.terminal import options, unknown_settings
from admin.terminal.colour import painted
from admin.terminal.console import log_to_stderr, program_version
from admin.terminal.moments import iso
from admin.terminal.usage_errors import sanitized
from admin.terminal.words import wrapped
from journal.errors import BadSetting

REDIRECTED_WIDTH = 78
COLOURS = {Verdict.OK: "green", Verdict.LOOK: "yellow", Verdict.BAD: "red", Verdict.SKIPPED: "yellow"}
NARROW = 60
"""In a narrower terminal the text is below the check's name, not beside it."""

# fmt: off
Short = Annotated[bool, typer.Option("--short", help="Show only problems.")]
# fmt: on


def doctor(
    *,
    as_json: options.AsJson = False,
    short: Short = False,
    port: options.Port = options.PORT,
    baud: options.Baud = options.BAUD,
    data: options.Data = options.DATA,
    clock_mode: options.Clock = options.CLOCK,
    url: options.Url = None,
    org: options.Org = None,
    bucket: options.Bucket = None,
    ca_file: options.CaFile = None,
    verbose: options.Verbose = False,
) -> int:
    """Check everything at the site and say what to do; exit code 1 if something is bad."""
    log_to_stderr(verbose=verbose, level=logging.CRITICAL)
    health = survey(data, is_upload_wanted=bool(url))
    parts = [
        *_here(health, port, baud, data, clock_mode),
        Part("names", 5, _names),
        Part("server", 50, lambda: _server(health, url, org, bucket, ca_file)),
        Part("uploads", 10, lambda: _uploads(health)),
    ]
    if as_json:
        findings = list(map(_clean, examine(parts)))
        print(json.dumps(as_dict(findings), indent=1))
        return exit_code(findings)
    width = _width()
    print(*wrapped(f"solar doctor {program_version()}, {_now()}", width), "", sep="\n", flush=True)
    findings = []
    for finding in map(_clean, examine(parts)):
        findings.append(finding)
        if not short or finding.verdict in (Verdict.LOOK, Verdict.BAD):
            first, *rest = lines(finding, width)
            print(painted(first, shown(finding.verdict), COLOURS[finding.verdict]), *rest, sep="\n", flush=True)
    print("", *wrapped(summary(findings), width), sep="\n")
    return exit_code(findings)


def _here(health: Health, port: str, baud: int, data: Path, clock_mode: str) -> list[Part]:
    """The checks that need no network. Only these load the logger's modules."""
    from admin.doctor.calibration import calibration
    from admin.doctor.computer import clock, computer
    from admin.doctor.disk import disk
    from admin.doctor.journal import journal
    from admin.doctor.port_checks import Line, site
    from logger.clock.host_clock import Clock
    from logger.clock.trust import absurd, time_source

    moment = Clock(0).now()
    evidence = time_source(clock_mode).ask(moment)
    is_clock_trusted = evidence is not None and absurd(moment.time_ms) is None

    def of_computer() -> Iterator[Finding]:
        yield from computer(moment)
        yield clock(moment, evidence, health.clock.held["readings"] if health.clock else 0)

    return [
        Part("port", 55, lambda: site(Line(port, baud), health, is_clock_trusted=is_clock_trusted)),
        Part("calibration", 5, lambda: calibration(data)),
        Part("journal", 25, lambda: journal(health)),
        Part("disk", 20, lambda: disk(health)),
        Part("computer", 10, of_computer),
    ]


def _names() -> Iterator[Finding]:
    files = unknown_settings.files_of_services()
    unread = [str(file) for file in files if unknown_settings.names_in(file) is None]
    rest = f"; {' and '.join(unread)} cannot be read without sudo" if unread else ""
    found = unknown_settings.find_unknown(os.environ, [unknown_settings.ENV_FILE, *files])
    for each in found:
        meant = f"write {each.nearest} instead, or remove it" if each.nearest else "remove it"
        yield look("names", f"{each.name}, set in {each.place}, is not a setting and has no effect{rest}", meant)
    if not found:
        yield ok("names", f"no unknown settings{rest}")


def _server(
    health: Health, url: str | None, org: str | None, bucket: str | None, ca_file: Path | None
) -> Iterator[Finding]:
    from admin.doctor.server import server

    if not url:
        yield skipped("settings", "INFLUXDB_URL is not set, so nothing is uploaded", _with_sudo())
        return
    try:
        target = options.target(url, org, bucket, ca_file)
    except BadSetting as error:
        yield bad_from("settings", error)
        return
    oldest = None if health.oldest_pending_ms is None else health.age_seconds(health.oldest_pending_ms)
    yield from server(target, oldest, health.drain_seconds)


def _with_sudo() -> str:
    """Only root can read the services' settings."""
    return "" if os.geteuid() == 0 else "run it with sudo to use the services' settings"


def _uploads(health: Health) -> Iterator[Finding]:
    from admin.doctor.upload import uploads

    yield from uploads(health)


def _clean(finding: Finding) -> Finding:
    """The finding without token and passwords, whoever wrote them into it."""
    from uploader.server.redaction import without
    from uploader.server.target import user_and_password

    proxies = (user_and_password(os.environ.get(name, "")) for name in options.PROXIES)
    secrets = [os.environ.get("INFLUXDB_TOKEN", "").strip(), *proxies]
    return replace(finding, found=without(finding.found, secrets), remedy=without(finding.remedy, secrets))


def _width() -> int:
    """The width of the terminal; a fixed width for a file or a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else REDIRECTED_WIDTH


def lines(finding: Finding, width: int) -> list[str]:
    """A finding with its number, in lines of at most `width`. What to do begins on a new line."""
    verdict = shown(finding.verdict)
    found, remedy = sanitized(finding.found), f"To do: {sanitized(finding.remedy)}" if finding.remedy else ""
    if width < NARROW:
        heads, first, rest = [f"{finding.number:2}  {finding.title}: {verdict}"], " " * 4, " " * 4
    else:
        heads, first, rest = [], f"{finding.number:2}  {finding.title:18} {verdict:8}", " " * 31
    return [*heads, *wrapped(found, width, first, rest), *wrapped(remedy, width, rest, rest)]


def shown(verdict: Verdict) -> str:
    """The verdict as it is printed."""
    return verdict.value.upper() if verdict in (Verdict.BAD, Verdict.LOOK) else verdict.value


def summary(findings: Sequence[Finding]) -> str:
    """The last line: which numbers to look at."""

    def numbers(verdict: Verdict) -> str:
        return ", ".join(dict.fromkeys(str(finding.number) for finding in findings if finding.verdict is verdict))

    told = [
        f"{words}: {found}."
        for verdict, words in ((Verdict.BAD, "Bad"), (Verdict.LOOK, "Look at"), (Verdict.SKIPPED, "Skipped"))
        if (found := numbers(verdict))
    ]
    return " ".join([*told, "All the others are ok." if told else "All is well."])


def exit_code(findings: Sequence[Finding]) -> int:
    return 1 if any(finding.verdict is Verdict.BAD for finding in findings) else 0


def as_dict(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings for programs."""
    return {
        "healthy": exit_code(findings) == 0,
        "time": iso(time.time_ns() // 1_000_000),
        "version": program_version(),
        "findings": [
            {
                "number": finding.number,
                "name": finding.name,
                "title": finding.title,
                "verdict": finding.verdict.value,
                "found": sanitized(finding.found),
                "to_do": sanitized(finding.remedy) or None,
            }
            for finding in findings
        ],
    }


def _now() -> str:
    local = datetime.now(UTC).astimezone()
    return f"{local.day} {local:%B %Y, %H:%M} {local:%Z}"
