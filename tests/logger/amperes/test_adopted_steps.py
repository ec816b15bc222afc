"""calibration.json: what was adopted, for which model, and what goes before it."""

import logging
import os
from fractions import Fraction
from pathlib import Path

import pytest

from journal.errors import BadSetting
from logger.amperes.adopted_steps import FILE, StepsInForce, load, save
from logger.regulator.models import AdoptedSteps, Steps, model_of
from logger.regulator.registers import decode

PL60, PL80 = model_of(200), model_of(222)
HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def test_what_was_saved_is_loaded(path: Path) -> None:
    adopted = (AdoptedSteps("PL80", HALF, None), AdoptedSteps("PL60", Fraction(1, 3), Fraction("0.1961")))
    save(path, adopted)
    assert load(path) == adopted
    assert '"0.5"' in path.read_text()
    assert list(path.parent.iterdir()) == [path]


def test_no_file_means_nothing_adopted(path: Path) -> None:
    assert load(path) == ()
    assert StepsInForce(path, Steps()).now() == Steps()


IMPOSSIBLE = (
    "",
    "[]",
    "{",
    '{"PL80": 5}',
    '{"PL80": {"charge_step_amps": "0"}}',
    '{"PL80": {"load_step_amps": "x"}}',
    '{"PL80": {"load_step_amps": "1/0"}}',
)


@pytest.mark.parametrize("content", IMPOSSIBLE)
def test_a_file_that_says_something_impossible_is_an_error_of_one_line(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(BadSetting, match=r"cannot use .*calibration\.json: .*solar calibrate --adopt") as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "the file is damaged"),
        ("\0" * 40, "the file is damaged"),
        ("[]", "the file is damaged"),
        ('{"PL80": {"charge_step_amps": "11"}}', "a step of 11 A is not between 0 and 10"),
    ],
    ids=["empty after a power cut", "zeros", "another form", "an impossible step"],
)
def test_the_cause_is_in_words(path: Path, content: str, cause: str) -> None:
    path.write_text(content)
    with pytest.raises(BadSetting) as caught:
        load(path)
    assert str(caught.value).startswith(f"cannot use {path}: {cause}; measure again")


def test_a_change_of_the_file_comes_into_force_at_once(path: Path) -> None:
    steps = StepsInForce(path, Steps())
    save(path, (AdoptedSteps("PL80", HALF),))
    assert steps.now().charge_of(PL80) == HALF
    save(path, (AdoptedSteps("PL80", QUARTER),))
    assert steps.now().charge_of(PL80) == QUARTER
    path.unlink()
    assert steps.now() == Steps()


def test_a_broken_file_is_mentioned_once_and_changes_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    steps = StepsInForce(path, Steps())
    save(path, (AdoptedSteps("PL80", HALF),))
    before = steps.now()
    path.write_text("{")
    os.utime(path, ns=(1, 1))
    assert [steps.now(), steps.now()] == [before, before]
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_what_is_set_goes_before_what_is_adopted_and_that_before_the_models_own(path: Path) -> None:
    save(path, (AdoptedSteps("PL80", HALF, QUARTER),))
    steps = StepsInForce(path, Steps.of(charge_amps="0.45")).now()
    assert (steps.charge_of(PL80), steps.load_of(PL80)) == (Fraction("0.45"), QUARTER)
    assert (steps.charge_of(PL60), steps.load_of(PL60)) == (Fraction("0.45"), PL60.load_step)


@pytest.mark.parametrize(("version", "amps"), [(222, 26.0), (200, 20.8)])
def test_what_was_adopted_for_one_model_does_not_hold_for_another(version: int, amps: float) -> None:
    steps = Steps(adopted=(AdoptedSteps("PL80", HALF),))
    assert decode({0: version, 213: 52}, steps, time_ms=0, boot=1, uptime_ms=0).internal_charge_amps == amps
