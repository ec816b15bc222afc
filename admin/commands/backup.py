"""`solar backup`: a copy of the journal."""

from pathlib import Path
from typing import Annotated

import typer

from admin.files.output_file import database_name
from admin.terminal import options
from admin.terminal.words import size
from journal.journal import Journal

# fmt: off
Target = Annotated[Path, typer.Argument(
    parser=Path, metavar="FILE", help="File to write, complete or not at all; an existing file is replaced.")]
# fmt: on


def backup(target: Target, data: options.Data = options.DATA) -> None:
    """Copy the journal to a file, even while the logger is running."""
    real = database_name(target, data)
    with Journal.open(data / "journal.db") as journal:
        journal.backup(real)
        readings = journal.count("readings")
    print(f"{target}: {readings:,} readings, {size(real.stat().st_size)}")
