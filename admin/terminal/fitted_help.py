"""The help of a command at any width: two columns where there is room for them, otherwise one."""

import shutil
from typing import Any

from typer.core import TyperCommand, TyperGroup

from admin.terminal.words import wrapped

TWO_COLUMNS = 80
"""In a narrower terminal two columns would cut words."""
INDENT = " " * 4


class FittedCommand(TyperCommand):
    """A command whose help never cuts a word. A word longer than a line stays whole, so that it can be copied."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        columns = shutil.get_terminal_size().columns
        if columns >= TWO_COLUMNS:
            super().format_help(ctx, formatter)
            return
        formatter.width = columns
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        for names, words in filter(None, (each.get_help_record(ctx) for each in self.get_params(ctx))):
            text = wrapped(" ".join(words.split()), columns, INDENT, INDENT)
            formatter.write("\n".join(["", names, *text, ""]))


class FittedGroup(TyperGroup):
    """Several commands, whose sentences are not cut off."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, " ".join((each.help or "").split("\n\n")[0].split())) for name, each in self.commands.items()]
            )
