"""`solar calibrate`: measures the amperes per step of the current registers by the regulator's own Ah counters."""

import json
import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.terminal import options
from admin.terminal.console import counting, progress
from admin.terminal.period import Since, how_many, ids_in_period
from admin.terminal.words import count, duration
from journal.errors import JournalInUse, SolarError
from journal.journal import Journal
from journal.writer import JournalWriter

if TYPE_CHECKING:
    from logger.amperes.calibration import Survey
    from logger.amperes.estimate import Estimate
    from logger.regulator.models import Model, Steps

DAYS_BACK = 90
"""Used without --since: a season, counted back from the newest reading."""
NAMES = {"charge": "SOLAR_CHARGE_STEP_AMPS", "load": "SOLAR_LOAD_STEP_AMPS"}
InUse = Mapping[str, Fraction | None]
"""Amperes per step of each channel; None if unknown."""
REGISTERS = {"charge": "RAM 213", "load": "RAM 217"}

# fmt: off
Adopt = Annotated[bool, typer.Option(
    "--adopt", help="Use the measured values: recalculate and re-upload all readings.")]
# fmt: on


def calibrate(
    *,
    adopt: Adopt = False,
    since: Since = None,
    data: options.Data = options.DATA,
    charge_step_amps: options.ChargeStep = None,
    load_step_amps: options.LoadStep = None,
    site: options.Site = options.SITE,
    as_json: options.AsJson = False,
) -> int:
    """Measure the amperes per step of the current registers, and adopt them."""
    from logger.amperes import adopted_steps
    from logger.regulator.models import Steps

    given = Steps.of(charge_step_amps, load_step_amps)
    path = data / adopted_steps.FILE
    with Journal.open(data / "journal.db") as journal:
        survey = survey_readings(journal, since)
    if survey.model is None:
        raise SolarError("cannot calibrate: the journal has no readings from that period; give an earlier --since")
    known = Steps(given.charge_amps, given.load_amps, adopted_steps.load(path))
    in_use = {"charge": known.charge_of(survey.model), "load": known.load_of(survey.model)}
    if as_json:
        print(json.dumps(as_dict(survey, survey.model, in_use), indent=1))
    else:
        print("\n".join(lines(survey, survey.model, in_use)))
    good = [each for each in survey.estimates() if each.is_enough]
    if not adopt:
        if not as_json and any(each.proposal not in (None, in_use[each.channel]) for each in good):
            print("\n`solar calibrate --adopt` uses these values: it recalculates and re-uploads all readings.")
        return 0
    if not good:
        raise SolarError("cannot adopt anything: there are not enough readings yet; try again in a few days")
    save_adopted(data, path, survey.model, good)
    for each in good:
        if (given.charge_amps if each.channel == "charge" else given.load_amps) is not None:
            name = NAMES[each.channel]
            print(f"{name} is set and overrides the adopted value: remove it from the logger's settings")
    return recalculate(data, path, given, site)


def survey_readings(journal: Journal, since: int | None) -> "Survey":
    """Collect the readings since `since` (ms since 1970; None: the last DAYS_BACK days), in the order of their ids."""
    from logger.amperes.calibration import RawReading, Survey
    from logger.regulator.registers import COUNTERS, by_address, highs_of

    columns = ("time_ms", "raw", *(counter.name for counter in COUNTERS))
    if since is None and (newest := journal.newest_reading()):
        since = newest.time_ms - DAYS_BACK * 86_400_000
    ranges = ids_in_period(journal, "readings", since, None)
    rows = chain.from_iterable(journal.values("readings", columns, first, last) for first, last in ranges)
    survey, total = Survey(), how_many(ranges)
    with progress("reading the journal", "readings", total) as show:
        for time_ms, raw, *counts in counting(rows, lambda done: show(done, total)):
            survey.add(RawReading(time_ms, highs_of(counts) | by_address(raw)))
    return survey


def lines(survey: "Survey", model: "Model", in_use: InUse) -> list[str]:
    """The report for people: what was measured, and what is in use."""
    from logger.amperes.voltage_check import ENOUGH_READINGS

    shown = [f"{model.name}, measured with the regulator's own Ah counters:", ""]
    for each in survey.estimates():
        shown += [
            f"{each.channel} current ({REGISTERS[each.channel]})",
            *(f"  {line}" for line in channel_lines(each, in_use[each.channel])),
        ]
    voltage = survey.voltage
    shown.append("16-bit voltage (RAM 220, 221), compared with RAM 50")
    if not voltage.is_enough:
        left = ENOUGH_READINGS - voltage.readings
        have = (
            f"{count(voltage.readings, 'reading')} so far" if voltage.readings else "no reading has both voltages yet"
        )
        return [*shown, f"  {have}; {left} more needed to compare them"]
    verdict = "they agree" if voltage.is_tracking else "they differ: the formula is wrong here"
    shown.append(
        f"  {verdict}: {voltage.mean_tenths / 10:+.3f} V on average, spread {voltage.spread_tenths / 10:.3f} V "
        f"(12 V-equivalent), in {count(voltage.readings, 'reading')}"
    )
    return shown


def channel_lines(each: "Estimate", step: Fraction | None) -> list[str]:
    """One channel in a few lines."""
    from logger.amperes.estimate import ENOUGH_AMP_HOURS

    used = f"in use: {float(step):g} A per step" if step else "in use: none, so no current is recorded"
    if each.step_amps is None or each.uncertainty_amps is None:
        return [
            "no measurement yet: the counter has not moved",
            f"needed: {ENOUGH_AMP_HOURS:.0f} Ah",
            used,
        ]
    measured = f"measured: {each.step_amps:.4f} ± {each.uncertainty_amps:.4f} A per step, from {each.amp_hours:.0f} Ah"
    if not each.is_enough:
        left = ENOUGH_AMP_HOURS - each.amp_hours
        more = "more readings are needed, with stronger currents or a shorter SOLAR_INTERVAL"
        if left > 0:
            more = f"about {math.ceil(left)} Ah more needed"
            more += f", {duration(each.hours_left * 3600)} at this current" if each.hours_left else ""
        return [measured, f"not enough readings yet: {more}", used]
    if step and each.agrees_with(step):
        return [measured, f"{used}, which agrees"]
    return [measured, f"{used}, which is wrong; {float(each.proposal or 0):g} A would be right"]


def save_adopted(data: Path, path: Path, model: "Model", good: list["Estimate"]) -> None:
    """Write what was measured into calibration.json."""
    from logger.amperes import adopted_steps
    from logger.regulator.models import AdoptedSteps

    others = tuple(each for each in adopted_steps.load(path) if each.model != model.name)
    was = next((each for each in adopted_steps.load(path) if each.model == model.name), AdoptedSteps(model.name))
    proposals = {each.channel: each.proposal for each in good}
    now = AdoptedSteps(model.name, proposals.get("charge") or was.charge_amps, proposals.get("load") or was.load_amps)
    try:
        adopted_steps.save(path, (*others, now))
    except OSError as error:
        raise SolarError(f"cannot write {path}: {error.strerror}; run this as the logger's user") from error
    for channel, step in proposals.items():
        print(f"adopted: {float(step or 0):g} A per step of the {channel} current ({path})")


def recalculate(data: Path, path: Path, given: "Steps", site: str) -> int:
    """Leave the recalculation to the logger if it is running; otherwise do it here."""
    from logger.amperes.adopted_steps import StepsInForce
    from logger.amperes.redecoding import Redecoding

    try:
        journal = JournalWriter.create(data / "journal.db", site)
    except JournalInUse:
        print(
            "The logger is running: it recalculates the readings in the background, and the uploader sends them again."
        )
        return 0
    with journal:
        redecoding = Redecoding(journal, StepsInForce(path, given))
        total = None
        with progress("recalculating", "readings", 1) as show:
            while redecoding.portion():
                total = total or redecoding.left + 1
                show(total - redecoding.left, total)
    print("All readings are recalculated; the uploader sends those that changed again.")
    return 0


def as_dict(survey: "Survey", model: "Model", in_use: InUse) -> dict[str, object]:
    """The same report for programs."""
    currents = {}
    for each in survey.estimates():
        step = in_use[each.channel]
        currents[each.channel] = {
            "step_amps_in_use": float(step) if step else None,
            "step_amps_measured": each.step_amps,
            "uncertainty_amps": each.uncertainty_amps,
            "amp_hours": each.amp_hours,
            "is_enough": each.is_enough,
            "hours_left": each.hours_left,
            "step_amps_proposed": float(each.proposal) if each.proposal else None,
        }
    voltage = survey.voltage
    return {
        "model": model.name,
        "currents": currents,
        "voltage": {
            "readings": voltage.readings,
            "mean_volts": voltage.mean_tenths / 10,
            "spread_volts": voltage.spread_tenths / 10,
            "is_enough": voltage.is_enough,
            "is_tracking": voltage.is_tracking if voltage.is_enough else None,
        },
    }
