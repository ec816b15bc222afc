"""Runs the parts of the check side by side, each with a time limit. Their findings come in order.

If one part raises, hangs or finds nothing, the others are still shown. A part that hangs stays in its thread, which
ends with the process.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from admin.doctor.finding import Finding, bad, bad_from
from journal.errors import SolarError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """`look` yields the findings. If `look` itself fails, that counts as a bad check `name`, one of CHECKS."""

    name: str
    seconds: float
    look: Callable[[], Iterable[Finding]]


def examine(parts: Sequence[Part]) -> Iterator[Finding]:
    """The findings of all parts in order, each as soon as it and all before it are there."""
    began = time.monotonic()
    queues = [_started(part) for part in parts]
    for part, queue in zip(parts, queues, strict=True):
        try:
            while finding := queue.get(timeout=max(began + part.seconds - time.monotonic(), 0.01)):
                yield finding
        except Empty:
            yield bad(
                part.name,
                f"this check did not finish in {part.seconds:.0f} seconds; the checks that follow it were left out",
                "run solar doctor again; if it is the same, restart the computer",
            )


def _started(part: Part) -> "SimpleQueue[Finding | None]":
    queue: SimpleQueue[Finding | None] = SimpleQueue()
    Thread(target=_go_through, args=(part, queue), name=f"doctor {part.name}", daemon=True).start()
    return queue


def _go_through(part: Part, queue: "SimpleQueue[Finding | None]") -> None:
    try:
        for finding in part.look():
            queue.put(finding)
    except SolarError as error:
        queue.put(bad_from(part.name, error))
    except Exception as error:  # the others are still shown
        log.debug("the check of %s failed", part.name, exc_info=True)
        queue.put(
            bad(
                part.name,
                f"the check itself failed ({type(error).__name__})",
                "this is a fault in the program: run solar doctor --verbose and send its output to the authors",
            )
        )
    finally:
        queue.put(None)
