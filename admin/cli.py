"""The `solar` command: one application, a module for each command, and every error as one line.

Exit codes:

0    done (status: all is well)
1    something in the surroundings is wrong (status: something needs attention)
2    the command line or a setting is wrong
70   a fault in this program: a traceback, for us; systemd starts a service again
130  Ctrl-C; 143 SIGTERM, if a command does not stop by itself
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
from admin.terminal.fitted_help import FittedCommand
from admin.terminal.usage_errors import explain, is_usage_error, sanitized
from journal.errors import BadSetting, SolarError

PANELS = {
    "At the site": (
        log.log,
        upload.upload,
        status.status,
        doctor.doctor,
        read.read,
        history.history,
        calibrate.calibrate,
    ),
    "From the journal": (report.report, export.export, backup.backup, recover.recover, dashboards.dashboards),
    "Upload problems": (audit.audit, replay.replay, pack.pack, pack.unpack_receipt),
    "Without hardware": (simulate.simulate, demo.demo),
}

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


for panel, functions in PANELS.items():
    for function in functions:
        app.command(cls=FittedCommand, rich_help_panel=panel)(function)
app.add_typer(clock.app, name="clock", rich_help_panel="At the site")
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel="Upload problems")


def run(arguments: list[str]) -> int:
    """Run one command and return the exit code. An expected error is one line on standard error, not a traceback."""
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
        # The reader of our output has closed it (export | head).
        discard_output()
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001  # the last resort: show any error and end
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
    """Point standard output at /dev/null: otherwise Python fails again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def load_env_file(path: Path) -> None:
    """Set the variables in the file, except those that are already set."""
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as error:
        cause = "it is not a text file" if isinstance(error, UnicodeError) else error
        raise BadSetting(f"cannot read {path.resolve()}: {cause}; fix it or remove it") from error


def main() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # In every locale: exports are UTF-8, and no character in a message causes an error.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))
