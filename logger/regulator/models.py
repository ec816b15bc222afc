"""The four models: their software versions (RAM 0) and the amperes per step of their current registers. Pure.

No document gives the steps of the PL80. 0.4 and 0.2 A are the most likely: the others double from model to model,
and a byte must reach the rated 80 A of charge and 50 A of load. Settings or a measurement override them.

Sources: PLI.Info.2.16.0 pages 5 and 9.
"""

from dataclasses import dataclass
from fractions import Fraction

from journal.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Model:
    """A model, the software versions (RAM 0) that mean it, and its amperes per step of RAM 213 and 217."""

    name: str
    lowest: int
    highest: int
    charge_step: Fraction | None
    load_step: Fraction | None


@dataclass(frozen=True, slots=True)
class AdoptedSteps:
    """The measured steps that a person has adopted for one model (calibration.py); None: not adopted."""

    model: str
    charge_amps: Fraction | None = None
    load_amps: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """Amperes per step of RAM 213 and 217 that replace the model's own: from settings for any model, else adopted."""

    charge_amps: Fraction | None = None
    load_amps: Fraction | None = None
    adopted: tuple[AdoptedSteps, ...] = ()

    def charge_of(self, model: Model) -> Fraction | None:
        """Amperes per step of RAM 213; None if unknown."""
        return self.charge_amps or self._adopted_for(model).charge_amps or model.charge_step

    def load_of(self, model: Model) -> Fraction | None:
        """Amperes per step of RAM 217; None if unknown."""
        return self.load_amps or self._adopted_for(model).load_amps or model.load_step

    def _adopted_for(self, model: Model) -> AdoptedSteps:
        return next((each for each in self.adopted if each.model == model.name), AdoptedSteps(model.name))

    @classmethod
    def of(cls, charge_amps: str | float | None = None, load_amps: str | float | None = None) -> "Steps":
        """The steps from settings, as texts or numbers. Raises BadSetting for a step that is not between 0 and 10 A."""
        return cls(_step("SOLAR_CHARGE_STEP_AMPS", charge_amps), _step("SOLAR_LOAD_STEP_AMPS", load_amps))


# fmt: off
MODELS = (
    #     name     versions  charge, load step
    Model("PL20",    0, 127, Fraction("0.1"), Fraction("0.1")),
    Model("PL40",  128, 191, Fraction("0.2"), Fraction("0.1")),
    Model("PL60",  192, 210, Fraction("0.4"), Fraction("0.2")),
    Model("PL80",  215, 255, Fraction("0.4"), Fraction("0.2")),    # unverified: no document gives the PL80's steps
)
UNKNOWN_MODEL = Model("unknown", 211, 214, None, None)
# fmt: on


def model_of(version: int) -> Model:
    """The model that RAM 0 stands for; UNKNOWN_MODEL for unassigned versions."""
    return next((model for model in MODELS if model.lowest <= version <= model.highest), UNKNOWN_MODEL)


def _step(name: str, value: str | float | None) -> Fraction | None:
    if value is None or value == "":
        return None
    try:
        step = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        step = Fraction(0)
    if not 0 < step <= 10:
        raise BadSetting(f"cannot use {name}={value}: it must be a number of amperes above 0 and up to 10, such as 0.4")
    return step
