"""A misspelt setting is named, with the one that may be meant and where it was found; nothing fails for it."""

import json
import re
from pathlib import Path

import pytest

from admin.terminal import unknown_settings
from admin.terminal.unknown_settings import Unknown, find_unknown
from simulator import RunningSimulator
from tests.admin.conftest import Solar, solar_process

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /etc/solar."""
    directory = tmp_path / "etc"
    directory.mkdir()
    monkeypatch.setattr(unknown_settings, "SERVICES", directory)
    return directory


def test_what_is_usual_is_read_by_a_command() -> None:
    assert find_unknown(unknown_settings.USUAL, []) == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SOLAR_BUAD", "SOLAR_BAUD"),
        ("SOLAR_INTERVALL", "SOLAR_INTERVAL"),
        ("INFLUX_URL", "INFLUXDB_URL"),
        ("INFLUX_TOKEN", "INFLUXDB_TOKEN"),
        ("SOLAR_KEEP", "SOLAR_KEEP_DAYS"),
        ("INFLUXDB_ORGANISATION", "INFLUXDB_ORG"),
        ("SOLAR_XYZZYXYZZY", None),
    ],
)
def test_the_nearest_name_is_told(name: str, nearest: str | None) -> None:
    assert find_unknown(["PATH", "SOLAR_PORT", name], []) == [Unknown(name, "the environment", nearest)]


def test_whatever_our_own_files_set_or_say_is_known() -> None:
    pattern = re.compile(r"(?<![\w/])(?:SOLAR|INFLUXDB)_[A-Z_]*[A-Z]\b(?![\w*…])")
    files = ["README.md", ".env.example", "compose.yaml", "systemd", "deploy", "docs", "dashboards", ".github", ".ci"]
    paths = [path for name in files for path in [REPOSITORY / name, *(REPOSITORY / name).rglob("*")] if path.is_file()]
    found = {name for path in paths for name in pattern.findall(path.read_text(errors="replace"))}
    assert {"SOLAR_PORT", "SOLAR_DEVICE", "INFLUXDB_TEST_URL", "SOLAR_MONTHLY_MEGABYTES"} < found
    assert find_unknown(found, []) == []


def test_what_an_option_reads_besides_is_known() -> None:
    derived = ["SOLAR_EXPORT_SINCE", "SOLAR_DEAD_LETTERS_LIST_DATA", "SOLAR_LOG_WAIT", "STATE_DIRECTORY"]
    assert find_unknown(derived, []) == []


def test_the_place_is_the_file_that_sets_it(tmp_path: Path) -> None:
    first, second = tmp_path / ".env", tmp_path / "solar.env"
    first.write_text("# SOLAR_NO=1\n export SOLAR_BUAD = 300\n")
    second.write_text("SOLAR_BUAD=300\nSOLAR_SIET=home\n; SOLAR_NO=1\n")
    found = find_unknown(["SOLAR_BUAD", "SOLAR_PROT"], [first, second, tmp_path / "none.env"])
    assert {each.name: each.place for each in found} == {
        "SOLAR_BUAD": str(first),
        "SOLAR_PROT": "the environment",
        "SOLAR_SIET": str(second),
    }


def test_log_names_it_once_and_logs_on(
    solar: Solar, regulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOLAR_BUAD", "300")
    ran = solar("log", "--port", regulator.port, "--count", "2", "--interval", "0.01")
    assert ran.code == 0
    assert ran.err.count("SOLAR_BUAD") == 1
    assert (
        "WARNING cannot use SOLAR_BUAD (set in the environment): there is no such setting, so it has no effect; "
        "did you mean SOLAR_BAUD?\n"
    ) in ran.err


def test_upload_names_it_before_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "INFLUX_URL=http://influx:8086\nINFLUXDB_TOKEN=t\nINFLUXDB_ORG=o\nINFLUXDB_BUCKET=b\n"
    )
    ran = solar_process("upload", "--once")
    assert ran.code == 2
    told, missing = ran.err.splitlines()
    assert told.endswith(
        "cannot use INFLUX_URL (set in .env): there is no such setting, so it has no effect; did you mean INFLUXDB_URL?"
    )
    assert missing.startswith("cannot upload: INFLUXDB_URL is not set")


def test_a_service_is_told_of_the_file_that_gave_it_its_environment(
    solar: Solar, regulator: RunningSimulator, services: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (services / "solar.env").write_text("SOLAR_BUAD=300\nSOLAR_SIET=home\n")
    monkeypatch.setenv("SOLAR_BUAD", "300")
    ran = solar("log", "--port", regulator.port, "--count", "1")
    assert f"cannot use SOLAR_BUAD (set in {services}/solar.env)" in ran.err
    assert "SOLAR_SIET" not in ran.err


def test_doctor_looks_into_the_files_of_the_services_too(solar: Solar, services: Path) -> None:
    (services / "solar.env").write_text("SOLAR_INTERVALL=60\nSOLAR_BAUD=300\n")
    ran = solar("doctor", "--json")
    found = [each for each in json.loads(ran.out)["findings"] if each["name"] == "names"]
    assert [(each["verdict"], each["found"], each["to_do"]) for each in found] == [
        (
            "look",
            f"SOLAR_INTERVALL, set in {services}/solar.env, is not a setting and has no effect",
            "write SOLAR_INTERVAL instead, or remove it",
        )
    ]


def test_doctor_says_when_all_names_are_known_and_what_it_could_not_read(solar: Solar, services: Path) -> None:
    (services / "uploader.env").mkdir()
    ran = solar("doctor", "--json")
    found = [each["found"] for each in json.loads(ran.out)["findings"] if each["name"] == "names"]
    assert found == [f"no unknown settings; {services}/uploader.env cannot be read without sudo"]
