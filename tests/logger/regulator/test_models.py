"""The four models and their steps."""

from fractions import Fraction

import pytest

from journal.errors import BadSetting
from logger.regulator.models import MODELS, Steps, model_of


@pytest.mark.parametrize(
    ("versions", "name"),
    [
        (range(128), "PL20"),
        (range(128, 192), "PL40"),
        (range(192, 211), "PL60"),
        (range(211, 215), "unknown"),
        (range(215, 256), "PL80"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_software_version_means_the_manuals_model(versions, name):
    assert {model_of(version).name for version in versions} == {name}


def test_the_steps_are_the_manuals_and_the_likeliest_for_the_pl80():
    assert {model.name: (float(model.charge_step), float(model.load_step)) for model in MODELS} == {
        "PL20": (0.1, 0.1),
        "PL40": (0.2, 0.1),
        "PL60": (0.4, 0.2),
        "PL80": (0.4, 0.2),
    }


@pytest.mark.parametrize(
    ("given_as", "step"),
    [("0.4", Fraction(2, 5)), (0.4, Fraction(2, 5)), (1, Fraction(1)), (None, None), ("", None)],
)
def test_a_step_means_its_decimal_digits(given_as, step):
    assert Steps.of(given_as, given_as) == Steps(step, step)


@pytest.mark.parametrize("bad", ["0", "-0.4", "10.1", "0,4", "nan", "inf", "a lot", "1/0"])
def test_a_step_that_cannot_be_is_refused_by_its_name_and_value(bad):
    with pytest.raises(BadSetting, match=r"SOLAR_LOAD_STEP_AMPS=.*such as 0\.4"):
        Steps.of("0.4", bad)
