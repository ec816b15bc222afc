"""Starts a service without typer, which would take 2 MB for as long as the service runs.

Only where nothing is unusual: options by their whole names, settings that services usually get, values that are right.
All else is left to typer: help, every error, the settings that only typer derives from an option's name.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, get_type_hints

from admin.terminal.option import Option

SERVICES = ("log", "upload")


def service(arguments: Sequence[str]) -> Callable[[], int | None] | None:
    """What these arguments run; None if typer must decide."""
    name, *words = arguments or [""]
    if name not in SERVICES:
        return None
    from admin.terminal.unknown_settings import unusual

    if unusual():
        return None
    function = getattr(import_module(f"admin.commands.{name}"), name)
    values = values_of(function, words, os.environ)
    return None if values is None else partial(function, **values)


def values_of(function: Any, words: Sequence[str], environ: Mapping[str, str]) -> dict[str, Any] | None:
    """The values for a command's function from a command line and the environment; None if typer must decide."""
    options = options_of(function)
    values = _given(options, words)
    if values is None:
        return None
    for name, option in options.items():
        text = values.get(name) or next(filter(None, map(environ.get, option.variables)), None)
        if isinstance(text, str):
            try:
                values[name] = option.parser(text) if option.parser else text
            except ValueError:
                return None
    return values


def options_of(function: Any) -> dict[str, Option]:
    """By the names of the function's parameters."""
    hints = get_type_hints(function, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if name != "return"}


def _given(options: Mapping[str, Option], words: Sequence[str]) -> dict[str, Any] | None:
    """The options in the command line: a text, or True or False of a flag. None if anything else is in it."""
    flags: dict[str, tuple[str, bool]] = {}
    texts: dict[str, str] = {}
    for name, option in options.items():
        for each in option.names:
            yes, _, no = each.partition("/")
            if option.metavar:
                texts[each] = name
            else:
                flags |= {yes: (name, True), no: (name, False)}
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word and word in flags:
            name, is_so = flags[word]
            given[name] = is_so
        elif word in texts and (text := next(rest, "")):
            given[texts[word]] = text
        else:
            return None
    return given
