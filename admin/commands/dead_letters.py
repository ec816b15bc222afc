"""`solar dead-letters`: the records that InfluxDB itself refused."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.files.output_file import whole_text
from admin.terminal import options
from admin.terminal.fitted_help import FittedCommand, FittedGroup
from admin.terminal.moments import iso
from admin.terminal.usage_errors import sanitized
from admin.terminal.words import ago, count
from journal.errors import BadSetting
from journal.side_file import is_begun

if TYPE_CHECKING:
    from uploader.progress.dead_letters import DeadLetter
    from uploader.progress.progress import Progress

app = typer.Typer(
    cls=FittedGroup,
    help="List, retry, drop or export the records that InfluxDB refused.",
    add_completion=False,
    rich_markup_mode=None,
)

PAGE = 500

# fmt: off
Numbers = Annotated[list[int] | None, typer.Argument(
    parser=options.count_above_zero, metavar="NUMBER...",
    help="Numbers from `solar dead-letters list`.")]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
Output = Annotated[Path | None, typer.Option(
    parser=Path, metavar="FILE",
    help="File to write, complete or not at all; compressed if its name ends in .gz.")]
# fmt: on


@app.command("list", cls=FittedCommand)
def list_letters(*, data: options.Data = options.DATA, as_json: options.AsJson = False) -> None:
    """List the refused records, with the server's reason."""
    if as_json:
        print(json.dumps([as_dict(letter) for letter in letters(data)], indent=1))
        return
    now_ms = time.time_ns() // 1_000_000
    letter = None
    for letter in letters(data):
        print("\n".join(lines(letter, now_ms)))
    if letter is None:
        print("no dead letters: InfluxDB has refused nothing")


@app.command(cls=FittedCommand)
def retry(*, numbers: Numbers = None, all_of_them: All = False, data: options.Data = options.DATA) -> None:
    """Send them again, once the cause is fixed; all of them if no numbers are given."""
    with chosen("retry", numbers, all_of_them or not numbers, data) as (progress, wanted):
        done = progress.dead_letters.retry(wanted)
    print(f"{count(done, 'dead letter')} queued for the uploader; to send now: `solar upload --once`")


@app.command(cls=FittedCommand)
def drop(*, numbers: Numbers = None, all_of_them: All = False, data: options.Data = options.DATA) -> None:
    """Remove them from the list for good; the readings stay in the journal."""
    with chosen("drop", numbers, all_of_them, data) as (progress, wanted):
        done = progress.dead_letters.drop(wanted)
    print(f"{count(done, 'dead letter')} dropped; the readings stay in the journal")


@app.command(cls=FittedCommand)
def export(*, output: Output = None, data: options.Data = options.DATA) -> None:
    """Write them as line protocol with times in milliseconds."""
    if output is None:
        sys.stdout.writelines(letter.line + "\n" for letter in letters(data))
        return
    written = 0
    with whole_text(output, data) as file:
        for letter in letters(data):
            file.write(letter.line + "\n")
            written += 1
    print(f"{count(written, 'dead letter')} written to {output}", file=sys.stderr)


def letters(data: Path) -> Iterator["DeadLetter"]:
    """All dead letters, oldest first, read page by page; none if nothing was ever uploaded."""
    from uploader.progress.progress import Progress

    path = data / "uploader.db"
    if not is_begun(path):
        return
    after = 0
    with Progress.read_only(path) as progress:
        while True:
            page = progress.dead_letters.all(after=after, limit=PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].number


@contextmanager
def chosen(
    verb: str, numbers: list[int] | None, is_all: bool, data: Path
) -> Iterator[tuple["Progress", list[int] | None]]:
    """The open uploader.db and the numbers asked for, None for all. Raises BadSetting for an unknown number."""
    from uploader.progress.progress import Progress

    if bool(numbers) == is_all:
        raise BadSetting(
            f"cannot {verb} dead letters: give their numbers, or --all; `solar dead-letters list` shows them"
        )
    known = {letter.number for letter in letters(data)}
    strange = [number for number in numbers or () if number not in known]
    if strange:
        raise BadSetting(
            f"cannot {verb} dead letter {strange[0]}: there is no such number; `solar dead-letters list` shows them"
        )
    path = data / "uploader.db"
    if not is_begun(path):
        raise BadSetting(f"cannot {verb} dead letters: nothing has been uploaded from {data} yet")
    with Progress.open(path) as progress:
        yield progress, numbers or None


def lines(letter: "DeadLetter", now_ms: int) -> list[str]:
    """Two lines for a person."""
    tries = "once" if letter.tries == 1 else f"{letter.tries} times"
    waiting = ", waiting to be sent again" if letter.is_waiting else ""
    refused = f"refused {tries}, last {ago((now_ms - letter.refused_ms) / 1000)}{waiting}"
    return [
        f"{letter.number}  {letter.stream[:-1]} {letter.id} of {iso(letter.time_ms)}, {refused}",
        f"   {letter.status}: {sanitized(letter.words)}",
    ]


def as_dict(letter: "DeadLetter") -> dict[str, object]:
    """The same for programs."""
    return {
        "number": letter.number,
        "table": letter.stream,
        "id": letter.id,
        "time": iso(letter.time_ms),
        "status": letter.status,
        "words": letter.words,
        "refused_time": iso(letter.refused_ms),
        "tries": letter.tries,
        "is_waiting": letter.is_waiting,
        "line": letter.line,
    }
