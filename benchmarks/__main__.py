"""`make bench`: measure everything, print the table, write docs/performance.md and its chart.

python -m benchmarks [READINGS] [PART ...]

With fewer READINGS than a million it is quicker, but less exact. With PARTs, such as `sending`, only these are
measured, and nothing is written. `growth` is measured by its name only, and then writes its own table.
"""

import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import page, process
from benchmarks.figure import Figure, Place
from benchmarks.network_figures import draining, sending
from benchmarks.site_figures import exporting, growing, starting, writing
from benchmarks.trials.growth import growth
from benchmarks.trials.slow_computer import slow_computer
from benchmarks.trials.vmagent import vmagent
from benchmarks.trials.weewx import weewx

USUAL = (writing, starting, exporting, growing, sending, draining, slow_computer, weewx, vmagent)
PARTS = {part.__name__: part for part in (*USUAL, growth)}


def main(million: int, names: Sequence[str]) -> None:
    figures: list[Figure] = []
    if unknown := set(names) - PARTS.keys():
        sys.exit(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    parts = [part for name, part in PARTS.items() if name in names] if names else USUAL
    process.compile_all()
    with tempfile.TemporaryDirectory(prefix="solar-bench-") as directory:
        place = Place(Path(directory), million)
        for part in parts:
            began = time.monotonic()
            for each in part(place):
                figures.append(each)
                words = page.verdict(each).strip("*")
                goal = "" if each.goal is None else f"goal {page.shown(each.goal, each.unit)}: {words}"
                beside = f"({each.peer})" if each.peer else ""
                print(f"{each.name:52} {page.shown(each.now, each.unit):>10}  {goal:26} {beside}", flush=True)
            print(f"-- {part.__name__}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    if not names:
        page.write(figures, million)
    elif parts == [growth]:
        page.write_growth(figures)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # so that the servers end too
    numbers = [int(each.replace("_", "")) for each in sys.argv[1:] if each[0].isdigit()]
    main(numbers[0] if numbers else 1_000_000, [each for each in sys.argv[1:] if not each[0].isdigit()])
