"""`make bench`: measure everything, print the table, write docs/performance.md and its chart.

python -m benchmarks [READINGS]    with fewer readings than a million: quicker, but less exact
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import page
from benchmarks.figure import Figure, Place
from benchmarks.network_figures import draining, sending
from benchmarks.site_figures import exporting, growing, starting, writing

PARTS = (writing, starting, exporting, growing, sending, draining)


def main(million: int) -> None:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="solar-bench-") as directory:
        place = Place(Path(directory), million)
        for part in PARTS:
            began = time.monotonic()
            for each in part(place):
                figures.append(each)
                words = page.verdict(each).strip("*")
                goal = "" if each.goal is None else f"goal {page.shown(each.goal, each.unit)}: {words}"
                beside = f"({each.peer})" if each.peer else ""
                print(f"{each.name:52} {page.shown(each.now, each.unit):>10}  {goal:26} {beside}", flush=True)
            print(f"-- {part.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    page.write(figures, million)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the servers end too
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
