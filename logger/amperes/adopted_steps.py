"""calibration.json beside the journal: the steps that a person has adopted (`solar calibrate --adopt`), by model.

    {"PL80": {"charge_step_amps": "0.5", "load_step_amps": "0.25"}}

SOLAR_CHARGE_STEP_AMPS and SOLAR_LOAD_STEP_AMPS, where set, override it.
"""

import json
import logging
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from journal.errors import BadSetting
from logger.regulator.models import AdoptedSteps, Steps

log = logging.getLogger(__name__)

FILE = "calibration.json"
REMEDY = "measure again with `solar calibrate --adopt`, or remove the file to go back to the usual steps"


class StepsInForce:
    """The steps in force: those from settings, else those in the file, which may change at any time."""

    def __init__(self, path: Path, given: Steps, last: tuple[AdoptedSteps, ...] = ()) -> None:
        """`last` was adopted when the readings were last decoded; it stays in force if the file is unusable."""
        self._path = path
        self._given = given
        self._seen: tuple[int, int] | None = None
        self._steps = replace(given, adopted=last)

    def now(self) -> Steps:
        """Check whether the file has changed. If it is unusable, that is logged and the steps in force stay."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_ino)
        except OSError:
            self._steps, self._seen = self._given, None
            return self._steps
        if seen != self._seen:
            self._seen = seen
            try:
                self._steps = replace(self._given, adopted=load(self._path))
            except BadSetting as error:
                log.error("%s", error)
        return self._steps


def load(path: Path) -> tuple[AdoptedSteps, ...]:
    """The adopted steps; none when there is no file. Raises BadSetting for an unusable file."""
    try:
        content = json.loads(path.read_text())
        return tuple(
            AdoptedSteps(model, _step(steps.get("charge_step_amps")), _step(steps.get("load_step_amps")))
            for model, steps in content.items()
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, AttributeError, TypeError, ZeroDivisionError) as error:
        raise BadSetting(f"cannot use {path}: {_cause(error)}; {REMEDY}") from error


def save(path: Path, adopted: tuple[AdoptedSteps, ...]) -> None:
    """Write the file; it changes whole or not at all."""
    content = {
        each.model: {
            name: _text(step)
            for name, step in (("charge_step_amps", each.charge_amps), ("load_step_amps", each.load_amps))
            if step is not None
        }
        for each in adopted
    }
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _cause(error: Exception) -> str:
    """The cause in words, because Python's message about a damaged file helps nobody at the site."""
    if isinstance(error, PermissionError):
        return "this user may not read it"
    if isinstance(error, OSError):
        return "it cannot be read"
    return str(error) if isinstance(error, _Impossible) else "the file is damaged"


class _Impossible(ValueError):
    """A step that no regulator can have."""


def _step(value: object) -> Fraction | None:
    if value is None:
        return None
    step = Fraction(str(value))
    if not 0 < step <= 10:
        raise _Impossible(f"a step of {value} A is not between 0 and 10")
    return step


def _text(step: Fraction) -> str:
    """The exact value, as a decimal number if there is one."""
    decimal = f"{float(step):.10g}"
    return decimal if Fraction(decimal) == step else str(step)
