"""The `solar` command: one application, a module for each command, and every error as one line.

0    it was done (status: all is well)
1    the environment is at fault (status: something needs attention)
2    the command line or a setting is at fault
70   a mistake of this program: a traceback, for us; services start again
130  Ctrl-C; 143 SIGTERM, where a command does not stop by itself
"""

import errno
import io
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from admin.commands import (
    audit,
    backup,
    calibrate,
    clock,
    dashboards,
    dead_letters,
    demo,
    doctor,
    export,
    history,
    log,
    pack,
    read,
    recover,
    replay,
    report,
    simulate,
    status,
    upload,
)
from admin.terminal.console import logging_put_back, program_version
from admin.terminal.usage_errors import explain, is_usage_error, sanitized
from journal.errors import BadSetting, SolarError

AT_THE_SITE = "At the site"
FROM_THE_JOURNAL = "From the journal"
DELIVERY = "Upload problems"
WITHOUT_HARDWARE = "Without hardware"

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    help="Logs a Plasmatronics PL solar regulator to a journal on this computer and uploads it to InfluxDB.",
    epilog="Every option can also be set by an environment variable, or in a file .env in the working directory.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "SOLAR"},
)


def show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"solar {program_version()}")
        raise typer.Exit


# fmt: off
Version = Annotated[bool, typer.Option(
    "--version", callback=show_version, is_eager=True, allow_from_autoenv=False, show_envvar=False,
    help="Show the version.")]
# fmt: on


@app.callback()
def solar(version: Version = False) -> None:
    pass


app.command(rich_help_panel=AT_THE_SITE)(log.log)
app.command(rich_help_panel=AT_THE_SITE)(upload.upload)
app.command(rich_help_panel=AT_THE_SITE)(status.status)
app.command(rich_help_panel=AT_THE_SITE)(doctor.doctor)
app.command(rich_help_panel=AT_THE_SITE)(read.read)
app.command(rich_help_panel=AT_THE_SITE)(history.history)
app.command(rich_help_panel=AT_THE_SITE)(calibrate.calibrate)
app.add_typer(clock.app, name="clock", rich_help_panel=AT_THE_SITE)
app.command(rich_help_panel=FROM_THE_JOURNAL)(report.report)
app.command(rich_help_panel=FROM_THE_JOURNAL)(export.export)
app.command(rich_help_panel=FROM_THE_JOURNAL)(backup.backup)
app.command(rich_help_panel=FROM_THE_JOURNAL)(recover.recover)
app.command(rich_help_panel=FROM_THE_JOURNAL)(dashboards.dashboards)
app.command(rich_help_panel=DELIVERY)(audit.audit)
app.command(rich_help_panel=DELIVERY)(replay.replay)
app.command(rich_help_panel=DELIVERY)(pack.pack)
app.command(rich_help_panel=DELIVERY)(pack.unpack_receipt)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=DELIVERY)
app.command(rich_help_panel=WITHOUT_HARDWARE)(simulate.simulate)
app.command(rich_help_panel=WITHOUT_HARDWARE)(demo.demo)


def run(arguments: list[str]) -> int:
    """The exit code. Prints one line on standard error for everything that was to be expected."""
    try:
        load_env_file(Path(".env"))
        with logging_put_back():
            code = get_command(app).main(arguments or ["--help"], prog_name="solar", standalone_mode=False)
        sys.stdout.flush()
        return 2 if not arguments else int(code or 0)
    except SolarError as error:
        print(sanitized(str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has gone (export | head).
        discard_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last resort: whatever it is, show it and end
        if is_usage_error(error):
            print(explain(error), file=sys.stderr)
            return 2
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            discard_output()
            words = os.strerror(error.errno).lower()
            print(f"cannot write the output: {words}; free some space, or write it somewhere else", file=sys.stderr)
            return 1
        traceback.print_exc()
        return 70


def discard_output() -> None:
    """Leave nothing for the exit to flush into a standard output that takes nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def load_env_file(path: Path) -> None:
    """Set what the file sets and the environment does not."""
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as error:
        cause = "it is not a text file" if isinstance(error, UnicodeError) else error
        raise BadSetting(f"cannot read {path.resolve()}: {cause}; fix it or remove it") from error


def main() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Whatever the locale: exports are UTF-8, and no sign in a message may be an error.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))
