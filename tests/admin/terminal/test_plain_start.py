"""A service that starts without typer gets the same values that typer would give it; all else is left to typer."""

import inspect
from functools import partial
from importlib import import_module
from typing import Any

import pytest

from admin.terminal.application import root
from admin.terminal.plain_start import STARTS, options_of, service
from admin.terminal.unknown_settings import USUAL

RIGHT = {
    "SOLAR_PORT": "socket://host:26000",
    "SOLAR_BAUD": "300",
    "SOLAR_INTERVAL": "2.5",
    "SOLAR_SITE": "hütte",
    "SOLAR_DATA": "/var/lib/solar",
    "SOLAR_CLOCK": "trust",
    "SOLAR_KEEP_DAYS": "365",
    "SOLAR_CHARGE_STEP_AMPS": "0.5",
    "SOLAR_LOAD_STEP_AMPS": "0.25",
    "SOLAR_UPLOAD_EVERY": "300",
    "SOLAR_MONTHLY_MEGABYTES": "50",
    "SOLAR_SAVE_BELOW_VOLTS": "24.2",
    "SOLAR_LOG_COUNT": "3",
    "INFLUXDB_URL": "http://influx:8086",
    "INFLUXDB_TOKEN": "t",
    "INFLUXDB_ORG": "o",
    "INFLUXDB_BUCKET": "b",
    "INFLUXDB_CA_FILE": "ca.pem",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*USUAL, "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def function_of(name: str) -> Any:
    return getattr(import_module(f"admin.commands.{name}"), name)


def plainly(*line: str) -> dict[str, Any]:
    started = service(line)
    assert isinstance(started, partial)
    defaults = {each.name: each.default for each in inspect.signature(started.func).parameters.values()}
    return {**defaults, **started.keywords}


def by_typer(name: str, *words: str) -> dict[str, Any]:
    parameters: dict[str, Any] = root().commands[name].make_context(name, list(words)).params
    return parameters


def test_every_usual_setting_is_tried_here() -> None:
    assert RIGHT.keys() == USUAL


def test_every_setting_of_a_service_is_usual() -> None:
    """A new one that is not would bring typer back wherever it is set."""
    options = [option for name in ("log", "upload") for option in options_of(function_of(name)).values()]
    assert {each for option in options for each in option.variables} - USUAL == {"STATE_DIRECTORY"}


@pytest.mark.parametrize("settings", [{}, RIGHT, {"STATE_DIRECTORY": "/state"}, dict.fromkeys(RIGHT, "")])
@pytest.mark.parametrize("line", STARTS, ids=" ".join)
def test_it_gives_what_typer_gives(
    line: tuple[str, ...], settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert plainly(*line) == by_typer(*line)


@pytest.mark.parametrize("line", [(), ("status",), ("log", "--help"), ("log", "--baud", "300"), ("upload", "--wait")])
def test_what_is_unusual_is_left_to_typer(line: tuple[str, ...]) -> None:
    assert service(line) is None


@pytest.mark.parametrize("name", ["SOLAR_PAGE_TOKEN", "SOLAR_ALERT_URLS", "SOLAR_MQTT_URL"])
def test_a_password_of_another_service_in_the_same_env_file_changes_nothing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "secret")
    assert plainly("log") == by_typer("log")


@pytest.mark.parametrize(
    ("setting", "value"), [("SOLAR_BAUD", "115200"), ("SOLAR_LOG_WAIT", "1"), ("SOLAR_BUAD", "300")]
)
def test_so_is_a_wrong_or_unusual_setting(setting: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service(["log"]) is not None
    monkeypatch.setenv(setting, value)
    assert service(["log"]) is None
