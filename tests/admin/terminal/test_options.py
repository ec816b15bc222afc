"""Options, the environment and .env, in this order."""

import os
import subprocess
from pathlib import Path

import pytest

from admin.terminal.options import BAUDS
from logger.line.port import BAUD_RATES
from tests.admin.conftest import Ran, Solar, command, fill


def run_in(directory: Path, *arguments: str, **environment: str) -> Ran:
    ran = subprocess.run(
        command(*arguments),
        cwd=directory,
        env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def port_used(directory: Path, *arguments: str, **environment: str) -> str:
    """Which port `solar read` tries."""
    return run_in(directory, "read", *arguments, **environment).err.split()[2].rstrip(":")


def test_an_option_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SOLAR_PORT=/dev/file\n")
    assert port_used(tmp_path, "--port", "/dev/option", SOLAR_PORT="/dev/variable") == "/dev/option"
    assert port_used(tmp_path, SOLAR_PORT="/dev/variable") == "/dev/variable"
    assert port_used(tmp_path) == "/dev/file"
    (tmp_path / ".env").unlink()
    assert port_used(tmp_path) in {"/dev/ttyUSB0", "SOLAR_PORT"}


def test_an_empty_variable_is_not_set(solar: Solar, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    for name in ("SOLAR_DATA", "SOLAR_SITE", "SOLAR_EXPORT_SINCE", "SOLAR_EXPORT_FORMAT", "SOLAR_EXPORT_TABLE"):
        monkeypatch.setenv(name, "")
    assert len(solar("export").out.splitlines()) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SOLAR_PORT=\xff\xfe\n", "cannot read {here}/.env: it is not a text file; fix it or remove it"),
        (b"SOLAR_BAUD=7\n", "cannot use SOLAR_BAUD=7: give 300, 1200, 2400 or 9600, as set by the PLI's jumpers"),
    ],
    ids=["not text", "a bad value"],
)
def test_a_bad_file_is_one_line_too(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / ".env").write_bytes(content)
    ran = run_in(tmp_path, "read")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(words.format(here=tmp_path))


@pytest.mark.parametrize(
    ("environment", "directory"),
    [({"STATE_DIRECTORY": "state"}, "state"), ({"STATE_DIRECTORY": "state", "SOLAR_DATA": "own"}, "own"), ({}, "data")],
    ids=["systemd's", "SOLAR_DATA goes first", "neither"],
)
def test_where_the_data_are(
    solar: Solar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], directory: str
) -> None:
    fill(tmp_path / directory, 2)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert len(solar("export").out.splitlines()) == 3


def test_the_baud_rates_are_the_loggers() -> None:
    """Stated twice, for `solar upload --help` must not load serial."""
    assert BAUDS == BAUD_RATES
