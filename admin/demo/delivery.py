"""The demonstration's uploader: in a thread beside the logger, then once more for what is left."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from journal.errors import SolarError

if TYPE_CHECKING:
    from uploader.server.target import Target

SITE = "demo"
DRAIN_SECONDS = 2.0


@dataclass(slots=True)
class Delivery:
    """What became of the uploads: how many records were sent, and what went wrong."""

    sent: int = 0
    trouble: str | None = None


@contextmanager
def uploading(data: Path, target: "Target | None") -> Iterator[Delivery]:
    """An uploader beside the block, in a thread; after the block it sends what is left."""
    delivery = Delivery()
    if target is None:
        yield delivery
        return
    stop = threading.Event()
    thread = threading.Thread(target=send, args=(data, target, stop, delivery), name="uploader")
    thread.start()
    try:
        yield delivery
    finally:
        stop.set()
        thread.join()


def send(data: Path, target: "Target", stop: threading.Event, delivery: Delivery) -> None:
    """Upload like the service until `stop` is set; then send what is left, if the server can be reached."""
    from uploader.drain.drain import Drain
    from uploader.drain.loop import ONCE_BACKOFF, drain, drain_all
    from uploader.drain.reporter import Reporter
    from uploader.progress.progress import Progress
    from uploader.server.influx import Influx

    try:
        path = data / "journal.db"
        with Progress.open(data / "uploader.db") as progress, Influx(target) as influx:
            reporter = Reporter(target.base_url)
            drain(Drain(path, influx, progress, reporter=reporter, every_seconds=DRAIN_SECONDS), stop)
            delivery.trouble = progress.state().reason
            if delivery.trouble is None:
                last = Drain(path, influx, progress, reporter=reporter, every_seconds=math.inf, backoff=ONCE_BACKOFF)
                delivery.trouble = drain_all(last, threading.Event()).reason
            delivery.sent = sum(progress.done.of(stream).count for stream in ("readings", "events"))
            delivery.sent -= progress.dead_letters.count()
    except SolarError as error:
        delivery.trouble = str(error)
