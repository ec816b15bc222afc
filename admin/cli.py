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
import shutil
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command

from admin.terminal.fitted_help import FittedCommand
from admin.terminal.usage_errors import explain, is_usage_error, sanitized
from journal.errors import BadSetting, SolarError

COMMANDS = {
    "At the site": {
        "setup": "Set up port, name, time zone, InfluxDB, backups, page, MQTT and alerts; then start the services.",
        "log": "Log the regulator's readings in the journal until stopped.",
        "upload": "Upload the journal to InfluxDB until stopped, or --once.",
        "update": "Update the program; the old version comes back by itself if the new one does not get well.",
        "status": "Show the site's state; exit code 1 if something needs attention.",
        "doctor": "Check everything at the site and say what to do; exit code 1 if something is bad.",
        "read": "Take one reading and show it; nothing is stored.",
        "history": "Show the regulator's daily records, from the regulator or from the journal.",
        "calibrate": "Measure the amperes per step of the current registers, and adopt them.",
        "clock": "Show whether the computer's clock is trusted and what is held, or confirm or set the clock.",
    },
    "To be told": {
        "alert": "Tell a person what is wrong at the site, by e-mail, ntfy, Telegram and many others.",
        "mqtt": "Publish the newest values by MQTT, for Home Assistant, until stopped.",
    },
    "From the journal": {
        "serve": "Show the site's own page to browsers: now, charts, energy.",
        "watch": "Show how the site is now, live in the terminal.",
        "report": "Write an HTML page with charts of the last 30 days.",
        "export": "Write readings as CSV, JSON, SQLite or line protocol.",
        "backup": "Copy the journal to a file or to a second place, even while the logger is running.",
        "restore": "Put a backup in the journal's place; the old journal is kept under another name.",
        "recover": "Recover what is readable from a damaged journal; stop the logger first.",
        "dashboards": "Write dashboards and alarms for Grafana and InfluxDB, with limits for your battery.",
    },
    "Upload problems": {
        "audit": "Compare the journal with InfluxDB, hour by hour, and list what is missing there.",
        "replay": "Re-send a period (overwrites, no duplicates).",
        "pack": "Write the backlog to a file, to carry it to the server by hand.",
        "unpack-receipt": "Mark what `solar pack` wrote as sent, after the server has received it.",
        "dead-letters": "List, retry, drop or export the records that InfluxDB refused.",
    },
    "Without hardware": {
        "simulate": "Simulate a PL80 and its PLI adapter until stopped.",
        "demo": "Log a simulated day and draw a chart; needs no settings.",
    },
}
"""Every command under its heading in the help, with its sentence. So the help imports none of their modules, and a
command imports no other."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Commands(TyperGroup):
    """The commands. Each is imported only when it is asked for."""

    @property  # type: ignore[override]
    def commands(self) -> dict[str, Any]:
        """All of them, by name."""
        return {name: _command(name) for commands in COMMANDS.values() for name in commands}

    @commands.setter
    def commands(self, commands: Any) -> None:
        pass  # typer's own constructor registers its commands: none

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for commands in COMMANDS.values() for name in commands]

    def get_command(self, ctx: Any, name: str) -> Any:
        return _command(name) if name in self.list_commands(ctx) else None

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.width = min(shutil.get_terminal_size().columns, formatter.width)  # click's is 50 at least
        super().format_help(ctx, formatter)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()))


def _command(name: str) -> Any:
    """A module with several commands has them as `app`; any other has a function of the command's name."""
    function = name.replace("-", "_")
    module = import_module(f"admin.commands.{'pack' if name == 'unpack-receipt' else function}")
    commands = getattr(module, "app", None)
    if commands is None:
        commands = typer.Typer(add_completion=False, rich_markup_mode=None)
        commands.command(name, cls=FittedCommand)(getattr(module, function))
    command = get_command(commands)
    command.name = name
    return command


# Without rich, which takes longer to import than the rest of the help.
app = typer.Typer(
    cls=Commands,
    help="Logs a Plasmatronics PL solar regulator to a journal on this computer and uploads it to InfluxDB.",
    epilog="Every option can also be set by an environment variable, or in a file .env in the working directory.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "SOLAR",
    },
)


def show_version(is_asked: bool) -> None:
    if is_asked:
        from admin.terminal.console import program_commit, program_version

        commit = program_commit()
        print(f"solar {program_version()}{f' ({commit})' if commit else ''}")
        raise typer.Exit


# fmt: off
Version = Annotated[bool, typer.Option(
    "--version", callback=show_version, is_eager=True, allow_from_autoenv=False, show_envvar=False,
    help="Show the version.")]
# fmt: on


@app.callback()
def solar(version: Version = False) -> None:
    pass


def run(arguments: list[str]) -> int:
    """Run one command and return the exit code. An expected error is one line on standard error, not a traceback."""
    try:
        if "_SOLAR_COMPLETE" in os.environ:
            from typer._completion_classes import completion_init

            completion_init()  # the shell asks what could come next; typer answers
        load_env_file(Path(".env"))
        with logging_put_back():
            code = get_command(app).main(arguments or ["--help"], prog_name="solar", standalone_mode=False)
        sys.stdout.flush()
        return 2 if not arguments else int(code or 0)
    except SolarError as error:
        print(sanitized(str(error)), file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # Whoever reads our output has closed it (export | head).
        discard_output()
        return 1
    except (KeyboardInterrupt, typer.Abort):  # at a question, Ctrl-C and Ctrl-D are the second
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


@contextmanager
def logging_put_back() -> Iterator[None]:
    """Restore the process's logging after the block, if the process has any: most commands do not import it."""
    if "logging" not in sys.modules:
        yield
        return
    import logging

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(level)


def discard_output() -> None:
    """Point standard output at /dev/null: otherwise Python fails again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def load_env_file(path: Path) -> None:
    """Set the variables in the file, except those that are already set."""
    if not os.path.exists(path):  # also False if this user may not look
        return
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, ValueError) as error:
        cause = "it is not a text file" if isinstance(error, UnicodeError) else error
        raise BadSetting(f"cannot read {path.resolve()}: {cause}; fix it or remove it") from error


def main() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # In every locale exports are UTF-8, and no character in a message causes an error.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))
