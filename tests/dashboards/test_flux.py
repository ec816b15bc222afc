"""Every Flux question of the committed dashboards, judged by Flux itself: syntax, names, arguments and types."""

from collections.abc import Callable

import pytest

from tests.dashboards.committed import all_flux
from tests.dashboards.macros import Period, flux

Judge = Callable[[list[str]], list[bool]]
PERIOD = Period(start_ms=0, stop_ms=3_600_000, site="home")
SOUND = flux(
    'from(bucket: v.solar_bucket) |> range(start: -1h) |> elapsed(unit: 1s) |> last(column: "elapsed")\n', PERIOD
)


def test_every_question_is_valid(are_valid_flux: Judge) -> None:
    questions = all_flux()
    verdicts = are_valid_flux([flux(question.text, PERIOD) for question in questions])
    assert len(questions) > 80
    assert [question.name for question, is_valid in zip(questions, verdicts, strict=True) if not is_valid] == []


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        pytest.param("elapsed", "elapsing", id="unknown function"),
        pytest.param("unit:", "units:", id="unknown argument"),
        pytest.param("1s", "1.5", id="argument of another type"),
        pytest.param("v.solar_bucket", "v.solar_pail", id="unknown variable"),
        pytest.param("|> last", "| last", id="syntax"),
    ],
)
def test_the_judge_finds_mistakes(word: str, wrong: str, are_valid_flux: Judge) -> None:
    assert are_valid_flux([SOUND, SOUND.replace(word, wrong)]) == [True, False]


def test_nothing_fills_a_gap() -> None:
    for question in all_flux():
        assert "fill(" not in question.text, question.name
        assert question.text.count("aggregateWindow(") == question.text.count("createEmpty: true"), question.name
