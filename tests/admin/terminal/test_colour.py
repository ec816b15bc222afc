"""Colour in `status` and `doctor`: on a terminal, unless NO_COLOR is set."""

from pathlib import Path

import pytest

from tests.admin.conftest import Solar, command
from tests.admin.typist import typing

RED = "\x1b[1;31m"


@pytest.mark.parametrize(
    ("environment", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_status_shows_what_needs_attention_in_red(data: Path, environment: dict[str, str], is_coloured: bool) -> None:
    with typing(command("status"), **environment) as typist:
        typist.ends()
        assert (f"{RED}Needs attention:\x1b[0m" in typist.screen) == is_coloured
        assert ("\x1b" in typist.screen) == is_coloured


def test_doctor_shows_bad_in_red(data: Path) -> None:
    with typing(command("doctor", "--port", "/dev/not-there")) as typist:
        typist.ends()
        assert f" 1  Serial port        {RED}BAD\x1b[0m" in typist.screen


def test_a_file_gets_no_colour(solar: Solar, data: Path) -> None:
    assert "\x1b" not in solar("status").out
