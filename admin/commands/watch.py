"""`solar watch`: how the site is now, in the terminal, until stopped; redirected, a line for each new reading."""

import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from admin.energy.words import HEAD, facts, rows_of_periods
from admin.page.site import Look, Site
from admin.terminal import options
from admin.terminal.console import stop_on_signals
from admin.terminal.moments import local_second
from admin.terminal.usage_errors import sanitized
from admin.terminal.values import values
from admin.terminal.words import ago, count

if TYPE_CHECKING:
    from rich.console import Group

EVERY_SECONDS = 2.0
WIDE_COLUMNS = 70
"""A narrower terminal would cut numbers off: there the table has only the columns NARROW."""
NARROW = [HEAD.index(name) for name in ("", "In, kWh", "Used, kWh", "Known, %")]

# fmt: off
Count = Annotated[int | None, typer.Option(
    "--count", parser=options.count_above_zero, metavar="N", help="Stop after N readings.")]
# fmt: on


def watch(*, count: Count = None, data: options.Data = options.DATA, url: options.Url = None) -> None:
    """Show how the site is now, live in the terminal."""
    stop = threading.Event()
    site = Site(data, is_upload_wanted=bool(url), keeps_sums=False)
    with stop_on_signals(stop):
        (live if sys.stdout.isatty() else lines)(site, stop, count)


def lines(site: Site, stop: threading.Event, most: int | None) -> None:
    """A line for each new reading, and one whenever what needs attention has changed."""
    seen: int | None = None
    told: tuple[str, ...] = ()
    number = 0
    while not stop.is_set():
        look = site.look_again()
        reading = look.health.reading
        if reading and reading.id != seen:
            seen = reading.id
            number += 1
            _tell(reading.time_ms, f"{values(reading)}  [{look.verdict}]")
        if look.points != told:
            told = look.points
            for words in [f"needs attention: {point}" for point in told] or ["nothing needs attention any more"]:
                _tell(look.health.now_ms, words)
        if most is not None and number >= most:
            return
        stop.wait(EVERY_SECONDS)


def live(site: Site, stop: threading.Event, most: int | None) -> None:
    """The whole screen, again and again."""
    from rich.live import Live

    seen: set[int | None] = set()
    with Live(auto_refresh=False, screen=True) as shown:
        look = site.look
        while not stop.is_set():
            shown.update(screen_of(look, shown.console.width), refresh=True)
            seen.add(look.health.reading.id if look.health.reading else None)
            if most is not None and len(seen - {None}) >= most:
                return
            stop.wait(0.05 if look.left else EVERY_SECONDS)
            look = site.look_again()


def screen_of(look: Look, width: int) -> "Group":
    """Verdict, values, what needs attention, energy; for a terminal of so many columns."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    style = "bold" if not (look.is_stale or look.is_held) else "bold reverse"
    parts: list[Text | Table] = [Text(sanitized(look.name)), Text(look.verdict, style=style)]
    reading = look.health.reading
    if reading:
        age = "held" if look.is_held else ago(look.health.age_seconds(reading.time_ms))
        parts.append(Text(sanitized(f"{values(reading)}; {age}")))
    parts += [Text(sanitized(f"Needs attention: {point}"), style="bold") for point in look.points]
    if look.left:
        parts.append(Text(f"{count(look.left, 'reading')} still to be added up", style="dim"))
    if look.figures:
        columns = range(len(HEAD)) if width >= WIDE_COLUMNS else NARROW
        table = Table(box=None, pad_edge=False)
        for column in columns:
            table.add_column(HEAD[column], justify="right" if column else "left")
        for row in rows_of_periods(look.figures):
            table.add_row(*(row[column] for column in columns))
        parts += [Text(), table, Text()]
        parts += [Text(f"{name}: {words}") for name, words in facts(look.figures)]
    return Group(*parts, Text(), Text("Ctrl-C ends it.", style="dim"))


def _tell(time_ms: int, words: str) -> None:
    print(f"{local_second(time_ms)}  {sanitized(words)}", flush=True)
