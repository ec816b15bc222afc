"""The `solar` command's application in typer: every command with its heading, and what its options are called.

A service's usual start does without this module, and so without typer (plain_start.py).
"""

import inspect
import shutil
from importlib import import_module
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup
from typer.main import get_command

from admin.terminal.fitted_help import FittedCommand
from admin.terminal.option import Option

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
    for each in commands.registered_commands:
        declared: Any = each.callback
        declared.__signature__ = _with_typers_options(inspect.signature(declared))
    command = get_command(commands)
    command.name = name
    return command


def _with_typers_options(signature: inspect.Signature) -> inspect.Signature:
    """The signature of a command's function, with each Option of ours as one of typer's."""
    parameters = []
    for each in signature.parameters.values():
        match get_args(each.annotation):
            case [kind, Option() as option]:
                typers = typer.Option(
                    *option.names, envvar=option.envvar, parser=option.parser, metavar=option.metavar, **option.shown
                )
                parameters.append(each.replace(annotation=Annotated[kind, typers]))
            case _:
                parameters.append(each)
    return signature.replace(parameters=parameters)


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


def root() -> Any:
    """The command that has all the others."""
    return get_command(app)
