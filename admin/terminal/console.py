"""How a command meets its terminal: log lines, a progress bar, signals."""

import _thread
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

Item = TypeVar("Item")

SHOWN_EVERY = 1000


def log_to_stderr(*, verbose: bool, level: int = logging.INFO) -> None:
    """Log everything from `level` up, with the time unless systemd's journal adds it."""
    is_timed_elsewhere = "JOURNAL_STREAM" in os.environ
    layout = "%(levelname)s %(message)s" if is_timed_elsewhere else "%(asctime)sZ %(levelname)-7s %(message)s"
    formatter = logging.Formatter(layout, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    output = _ToStderr()
    output.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [output]
    root.setLevel(logging.DEBUG if verbose else level)


def program_version() -> str:
    """The installed version, from the name of pip's directory for it: importlib.metadata would take 2 MB."""
    found = (path for entry in sys.path for path in Path(entry).glob("solar_battery_monitoring-*.dist-info"))
    return next(found).stem.partition("-")[2]


def program_commit() -> str | None:
    """The commit that the program was built from; None in a checkout (ask git) and where nobody wrote it down."""
    file = Path(__file__).parents[1] / "commit.txt"
    return file.read_text().strip() if file.is_file() else None


@contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop` during the block; a second signal ends the process in the usual way.

    A thread that needs no lock to start sets it: the code that the signal interrupts may hold the event's lock.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(*_: object) -> None:
        restore()
        _thread.start_new_thread(stop.set, ())

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()


class _ToStderr(logging.StreamHandler[TextIO]):
    """Writes to whatever standard error is at that moment: a progress bar replaces it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


@contextmanager
def progress(title: str, noun: str, total: int = 0, *, is_wanted: bool = True) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error during the block, if that is a terminal.

    The block gets a function to call with how many are done, of how many. Standard output is not touched: a command
    may be writing its result there.
    """
    if not is_wanted or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn(f"{{task.completed:,.0f}} of {{task.total:,.0f}} {noun}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def counting(items: Iterable[Item], show: Callable[[int], None]) -> Iterator[Item]:
    """The same items; `show` gets the number so far from time to time, and at the end."""
    done = 0
    for done, item in enumerate(items, start=1):
        yield item
        if done % SHOWN_EVERY == 0:
            show(done)
    show(done)
