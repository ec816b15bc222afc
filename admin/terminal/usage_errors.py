"""Puts an error in the command line into one line: what cannot be used, why, what would be right. Pure, except that it
reads the environment.

    cannot use --baud 115200: give 300, 1200, 2400 or 9600, as set by the PLI's jumpers
    cannot use SOLAR_BAUD=115200: give 300, 1200, 2400 or 9600, as set by the PLI's jumpers
    cannot use --speling: `solar log` has no such option; see `solar log --help`
"""

import os
import re
from typing import Any

_PASSWORD = re.compile(r"//(?!USER:PASSWORD@)[^/\s]*@")
_EXTRA = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", re.DOTALL)


def is_usage_error(error: BaseException) -> bool:
    """Whether the command line was wrong. typer's classes for this are private, but all of them have a context."""
    from typer import TyperException

    return isinstance(error, TyperException) and hasattr(error, "ctx")


def is_abort(error: BaseException) -> bool:
    """Whether it was Ctrl-C or Ctrl-D at a question."""
    from typer import Abort

    return isinstance(error, Abort)


def explain(error: Any) -> str:
    """One line that explains a usage error from typer."""
    path = error.ctx.command_path if error.ctx else "solar"
    see = f"see `{path} --help`"
    option = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    if parameter is not None and hasattr(error, "param_type"):
        name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.make_metavar(error.ctx)
        return f"cannot run `{path}`: {name} is missing; {see}"
    if parameter is not None:
        name, value = _origin(error, parameter)
        right = str(error.__context__) if isinstance(error.__context__, ValueError) else _plain(error.message)
        if "valid boolean" in right:
            right = "give 1 or 0"
        shown = sanitized(value) or "''"
        return f"cannot use {name}{shown}: {sanitized(right)}"
    if option is not None and hasattr(error, "possibilities"):
        close = [name for name in error.possibilities or () if name != option]
        hint = f"did you mean {' or '.join(close)}?" if close else see
        return f"cannot use {sanitized(option)}: `{path}` has no such option; {hint}"
    if option is not None:
        return f"cannot use {sanitized(option)}: it needs a value after it"
    if extra := _EXTRA.fullmatch(error.message):
        return f"cannot run `{path}`: unexpected '{sanitized(extra[1])}'; {see}"
    if error.message == "Missing command.":
        *names, last = error.ctx.command.list_commands(error.ctx)
        return f"cannot run `{path}`: add {', '.join(names)} or {last}; {see}"
    words = sanitized(_plain(error.message)).replace(". Did you", "; did you")
    return f"cannot run `{path}`: {words}" if words.endswith("?") else f"cannot run `{path}`: {words}; {see}"


def _origin(error: Any, parameter: Any) -> tuple[str, str]:
    """Which option or variable was wrong, as the start of a message ("--baud ", "SOLAR_BAUD="), and its value."""
    value = error.message
    if error.ctx.get_parameter_source(parameter.name).name == "ENVIRONMENT":
        names = [parameter.envvar] if isinstance(parameter.envvar, str) else list(parameter.envvar or ())
        names.append(f"{error.ctx.auto_envvar_prefix}_{parameter.name.upper()}")
        name = next(name for name in names if os.environ.get(name))
        return f"{name}=", os.environ[name]
    if parameter.param_type_name == "argument":
        return f"{parameter.make_metavar(error.ctx)} ", value
    return f"{parameter.opts[0]} ", value


def _plain(message: str) -> str:
    """typer's sentence, written like the end of our own."""
    return (message[:1].lower() + message[1:]).rstrip(".")


def sanitized(text: str) -> str:
    """The text without line breaks, control characters, or a password in a URL."""
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return _PASSWORD.sub("//...@", shown)
