"""Starts a service without typer, which would take 2 MB for as long as the service runs.

Only the usual starts, those of units, image and timers, with settings that services usually get and values that are
right. All else is left to typer: options, help, every error, settings that only typer derives from an option's name.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, get_type_hints

from admin.terminal.option import Option

STARTS: Mapping[tuple[str, ...], Mapping[str, Any]] = {
    ("log",): {},
    ("log", "--wait"): {"wait": True},
    ("upload",): {},
    ("upload", "--once"): {"once": True},
}
"""The command lines, and the values that they give."""


def service(arguments: Sequence[str]) -> Callable[[], int | None] | None:
    """What these arguments run; None if typer must decide."""
    if (line := tuple(arguments)) not in STARTS:
        return None
    from admin.terminal.unknown_settings import unusual

    if unusual():
        return None
    function = getattr(import_module(f"admin.commands.{line[0]}"), line[0])
    try:
        return partial(function, **{**values_of(function, os.environ), **STARTS[line]})
    except ValueError:
        return None


def values_of(function: Any, environ: Mapping[str, str]) -> dict[str, Any]:
    """The values for a command's function that the environment gives. Raises ValueError if one is wrong."""
    values = {}
    for name, option in options_of(function).items():
        if text := next(filter(None, map(environ.get, option.variables)), None):
            values[name] = option.parser(text) if option.parser else text
    return values


def options_of(function: Any) -> dict[str, Option]:
    """By the names of the function's parameters."""
    hints = get_type_hints(function, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if name != "return"}
