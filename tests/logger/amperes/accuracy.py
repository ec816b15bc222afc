"""How near the measured steps come to the true ones: a table over many simulated journals.

    .venv/bin/python -m tests.logger.amperes.accuracy [SEEDS]

Each journal has two days of a site with clouds and a load that comes and goes, at a regulator whose byte is cut off or
rounded. `error` is the root mean square of the estimates' errors, `stated` the mean of their uncertainties; `>2`, `>3`
how many lie beyond two or three of them; `wrong` how many proposals that may be adopted are more than 2 % off.
"""

import math
import random
import sys
from collections.abc import Iterator
from typing import Any

from logger.amperes.calibration import RawReading, Survey

SECOND = 10
"""The counters count what flows in so many seconds at a time."""
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("every 10 s", {"interval": 10}),
    ("every 60 s", {"interval": 60}),
    ("every 300 s", {"interval": 300}),
    ("every 60 s, rounded", {"interval": 60, "is_cut_off": False}),
    ("every 60 s, clouds", {"interval": 60, "clouds": 0.8}),
    ("every 300 s, clouds", {"interval": 300, "clouds": 0.8}),
    ("weak: at most 8 A", {"interval": 60, "peak": 8.0, "days": 3}),
    ("steady 6 A load", {"interval": 60, "peak": 6.0, "is_steady": True}),
)


def journal(
    seed: int,
    step: float,
    *,
    interval: int = 60,
    days: int = 2,
    peak: float = 60.0,
    clouds: float = 0.3,
    is_cut_off: bool = True,
    is_steady: bool = False,
) -> Iterator[RawReading]:
    """The readings of some days; current through RAM 213, counted by RAM 188 and 189."""
    chance = random.Random(seed)
    counted, cover = chance.random(), 0.0
    start = chance.randrange(86_400)
    steady = peak * chance.uniform(0.9, 1.1)
    for seconds in range(0, days * 86_400, SECOND):
        of_day = (start + seconds) % 86_400
        if of_day < SECOND:
            counted = 0.0
        cover = 0.98 * cover + 0.2 * chance.gauss(0, 1)
        sun = max(0.0, math.sin((of_day / 86_400 - 0.25) * 2 * math.pi))
        amps = steady if is_steady else peak * sun * max(0.05, 1 - clouds * min(1.0, abs(cover)))
        counted += amps * SECOND / 3600
        if seconds % interval:
            continue
        raw = int(amps / step) if is_cut_off else round(amps / step)
        clock = {48: of_day // 360, 47: of_day % 360 // 60, 46: of_day % 60 // 2}
        counters = {188: int(counted) % 256, 189: int(counted) // 256}
        yield RawReading(seconds * 1000, {0: 222, 102: 0, 126: 0, 213: min(255, raw)} | clock | counters)


def line(name: str, seeds: int, **options: Any) -> str:
    errors, stated, beyond, enough, wrong = [], [], [0, 0], 0, 0
    for seed in range(seeds):
        step = random.Random(-1 - seed).choice((0.1, 0.2, 0.25, 0.4, 0.5)) if seed % 2 else 0.3 + seed / seeds / 3
        step *= 2 if options.get("peak", 60) == 60 and step < 0.24 else 1
        survey = Survey()
        for reading in journal(seed, step, **options):
            survey.add(reading)
        found = survey.estimates()[0]
        if found.step_amps is None or found.uncertainty_amps is None or not found.is_enough:
            continue
        enough += 1
        error = found.step_amps - step
        errors.append(error / step)
        stated.append(found.uncertainty_amps / step)
        beyond[0] += abs(error) > 2 * found.uncertainty_amps
        beyond[1] += abs(error) > 3 * found.uncertainty_amps
        wrong += abs(float(found.proposal or 0) / step - 1) > 0.02
    rms = 100 * math.sqrt(sum(error**2 for error in errors) / max(1, enough))
    bias, said = 100 * sum(errors) / max(1, enough), 100 * sum(stated) / max(1, enough)
    return f"{name:22} {enough:4}/{seeds:<4} {bias:+7.2f} {rms:6.2f} {said:7.2f} {beyond[0]:4} {beyond[1]:4} {wrong:6}"


if __name__ == "__main__":
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    sys.stdout.write(
        f"{'journals':22} {'enough':>9} {'bias %':>7} {'err %':>6} {'said %':>7} {'>2':>4} {'>3':>4} {'wrong':>6}\n"
    )
    for case, of_case in CASES:
        sys.stdout.write(line(case, many, **of_case) + "\n")
