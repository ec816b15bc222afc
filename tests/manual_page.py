"""docs/solar.1, the man page, from the texts that the help shows; `make docs` writes it."""

import textwrap
from typing import Any

from admin.terminal import application
from tests.docs_tables import ROOT, settings

PAGE = ROOT / "docs/solar.1"


def page() -> str:
    """In man's own macros."""
    root = application.root()
    lines = [
        '.TH SOLAR 1 "" "solar" "Solar battery monitoring"',
        ".SH NAME",
        r"solar \- log a Plasmatronics PL solar regulator and upload its readings to InfluxDB",
        ".SH SYNOPSIS",
        r".B solar",
        r"[\-\-version] [\-\-help] COMMAND [OPTION ...]",
        ".SH DESCRIPTION",
        _text(root.help or ""),
        ".P",
        _text(root.epilog or ""),
    ]
    commands: dict[str, Any] = root.commands
    for heading, names in application.COMMANDS.items():
        lines.append(f'.SH "{heading.upper()}"')
        for name in names:
            lines += _command(f"solar {name}", commands[name])
    lines.append(".SH ENVIRONMENT")
    for name, default, meaning in settings():
        lines += [
            ".TP",
            f".B {_text(name)}",
            _text(f"{meaning} Default: {default.strip('`')}." if default else meaning),
        ]
    lines += [
        ".SH FILES",
        ".TP",
        ".I /etc/solar/solar.env",
        "Settings of the services. The token is in uploader.env, which only root may read.",
        ".TP",
        ".I /var/lib/solar/journal.db",
        "The journal: written by the logger alone.",
        ".TP",
        ".I /var/lib/solar/uploader.db",
        "What was sent: written by the uploader.",
        '.SH "EXIT STATUS"',
        _text("0 done, or healthy; 1 something in the surroundings is wrong, or needs attention; 2 the command line or "
              "a setting is wrong; 70 a fault in this program."),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _command(name: str, command: Any) -> list[str]:
    lines = [f'.SS "{_text(name)}"', *(_text(" ".join(part.split())) for part in _paragraphs(command.help or ""))]
    for parameter in command.params:
        if (
            not getattr(parameter, "hidden", False)
            and parameter.name != "help"
            and parameter.param_type_name == "option"
        ):
            takes = f" {parameter.metavar}" if parameter.metavar else ""
            lines += [".TP", f".B {_text(', '.join(parameter.opts))}{_text(takes)}", _text(parameter.help or "")]
    for below, each in getattr(command, "commands", {}).items():
        lines += _command(f"{name} {below}", each)
    return lines


def _paragraphs(text: str) -> list[str]:
    return textwrap.dedent(text).strip().split("\n\n")


def _text(words: str) -> str:
    """As roff takes it literally."""
    escaped = words.replace("\\", r"\e").replace("-", r"\-").replace("\n", " ")
    return rf"\&{escaped}" if escaped[:1] in (".", "'") else escaped


def write() -> None:
    PAGE.write_text(page())
