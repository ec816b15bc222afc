"""Dockerfile and compose files, as far as they can be judged without an engine; with one: test_image, test_site."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.engine import COMPOSE
from tests.deploy.files import PROJECT, as_data, development_tool, run, unavailable

COMPOSE_FILES = ("compose.yaml", "compose.site.yaml", "deploy/balena/docker-compose.yml")


def services(path: str) -> dict[str, Any]:
    found = as_data(path)["services"]
    assert isinstance(found, dict)
    return found


def test_hadolint_has_nothing_to_say() -> None:
    linted = run(development_tool("hadolint"), PROJECT / "Dockerfile")
    assert (linted.stdout, linted.returncode) == ("", 0)


@pytest.mark.parametrize("path", COMPOSE_FILES)
def test_compose_files_keep_to_the_compose_specification(path: str) -> None:
    checked = run(development_tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", PROJECT / path)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", COMPOSE_FILES)
def test_they_keep_to_what_the_first_compose_2_knew(path: str) -> None:
    """Its own specification, of 2021, had no `name` yet."""
    assert "name" not in as_data(path)


@pytest.mark.parametrize("path", COMPOSE_FILES)
def test_no_variable_stands_in_another(path: str) -> None:
    """Compose before 2.16 asks for the inner one even where it is not needed."""
    assert re.findall(r"\$\{[^}]*\$.*", (PROJECT / path).read_text()) == []


@pytest.mark.parametrize("path", ["compose.yaml", "deploy/balena/docker-compose.yml"])
def test_docker_compose_takes_them_without_settings(path: str) -> None:
    checked = compose(PROJECT / path, "--profile", "*", "config", "--quiet")
    assert checked.returncode == 0, checked.stdout


def test_the_demo_needs_no_settings_and_no_hardware() -> None:
    """And what it has for a real site's settings is in no real site: see below."""
    found = services("compose.yaml")
    started = {name for name, service in found.items() if "demo" in service["profiles"]}
    assert started == {"logger", "uploader", "page", "influxdb", "grafana", "simulator"}
    assert {name: found[name]["profiles"] for name in set(found) - started} == {"alert": ["alert"], "mqtt": ["mqtt"]}
    assert found["logger"]["environment"] == {"SOLAR_PORT": "socket://simulator:26000", "SOLAR_CLOCK": "trust"}
    text = (PROJECT / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+):-", text)) == set(re.findall(r"\$\{?(\w+)", text)) == {"SOLAR_IMAGE", "PUBLISH"}
    assert "devices:" not in text


def test_a_real_site_replaces_all_that_is_the_demos() -> None:
    """Each value that all the world knows, and the clock that is believed."""
    demo, site = as_data("compose.yaml"), as_data("compose.site.yaml")
    for name, service in site["services"].items():
        for variable, value in demo["services"][name].get("environment", {}).items():
            if "demo" in value or variable in ("SOLAR_PORT", "SOLAR_CLOCK"):
                assert variable in service["environment"], f"{name}: {variable}"
        assert "profiles" not in service if name in ("alert", "mqtt") else service["profiles"] == ["site"]
    assert "demo" not in str(site)
    assert set(site["services"]) == set(demo["services"]) - {"simulator"}
    assert site["volumes"].keys() == demo["volumes"].keys()
    assert site["services"]["logger"]["environment"]["SOLAR_CLOCK"] == "${SOLAR_CLOCK:-auto}"


@pytest.mark.parametrize("missing", ["INFLUXDB_TOKEN", "INFLUXDB_PASSWORD", "GRAFANA_PASSWORD", "SOLAR_DEVICE", ""])
def test_a_real_site_asks_for_its_passwords_and_its_port(missing: str, tmp_path: Path) -> None:
    settings = tmp_path / ".env"
    example = re.sub("^([A-Z_]+)=$", r"\1=made-up", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE)
    settings.write_text(re.sub(f"^{missing}=.*", f"{missing}=", example, flags=re.MULTILINE) if missing else example)
    checked = compose(None, "--env-file", settings, "config")
    assert (checked.returncode == 0) == (not missing), checked.stdout
    assert not missing or f"{missing} is missing a value: set it in .env" in checked.stdout
    assert "demo-only" not in checked.stdout
    assert missing or "target: /dev/solar-pli" in checked.stdout


def test_a_site_from_before_there_was_a_page_starts_all_the_same(tmp_path: Path) -> None:
    """Its .env has no password for the page: Compose says so, and only the page does not run."""
    settings = tmp_path / ".env"
    example = re.sub("^([A-Z_]+)=$", r"\1=made-up", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE)
    settings.write_text(re.sub("^SOLAR_PAGE_TOKEN=.*\n", "", example, flags=re.MULTILINE))
    checked = compose(None, "--env-file", settings, "config")
    assert checked.returncode == 0, checked.stdout
    assert re.search("SOLAR_PAGE_TOKEN.* variable is not set", checked.stdout)
    assert 'SOLAR_PAGE_TOKEN: ""' in checked.stdout


@pytest.mark.parametrize(("wanted", "more"), [("site", set()), ("site,alert,mqtt", {"alert", "mqtt"})])
def test_alerts_and_mqtt_start_where_they_are_wanted(wanted: str, more: set[str], tmp_path: Path) -> None:
    settings = tmp_path / ".env"
    example = re.sub("^([A-Z_]+)=$", r"\1=made-up", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE)
    settings.write_text(example.replace("COMPOSE_PROFILES=site", f"COMPOSE_PROFILES={wanted}"))
    started = compose(None, "--env-file", settings, "config", "--services")
    assert set(started.stdout.split()) == {"logger", "uploader", "page", "influxdb", "grafana"} | more


def test_settings_of_a_site_without_the_file_of_a_site_start_nothing() -> None:
    """From before there was one, or mistyped: neither a demo in the site's place nor the site without its passwords."""
    started = compose(PROJECT / "compose.yaml", "config", "--services", SOLAR_DEVICE="/dev/ttyUSB0")
    assert (started.stdout.strip(), started.returncode) == ("", 0)


def compose(file: Path | None, *words: str | Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    docker = shutil.which("docker")
    if not docker or run(docker, "compose", "version").returncode:
        unavailable(f"there is no docker compose: {COMPOSE}")
    named = ("--file", file) if file else ()
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOLAR", "INFLUXDB", "GRAFANA", "COMPOSE"))
    }
    return run(docker, "compose", *named, *words, cwd=PROJECT, env=environ | settings)


def test_every_variable_of_the_example_is_used() -> None:
    used = {name for path in COMPOSE_FILES for name in re.findall(r"\$\{(\w+)", (PROJECT / path).read_text())}
    named = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    assert named - used == {"COMPOSE_FILE", "COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
    assert used - named <= {"SOLAR_IMAGE", "SOLAR_INTERVAL", "SOLAR_CLOCK", "SOLAR_UPLOAD_EVERY"}


def test_what_compose_mounts_is_in_the_project() -> None:
    for service in services("compose.yaml").values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (PROJECT / source).is_dir(), source


def test_balena_gets_only_what_it_takes() -> None:
    """Version 2.x, named volumes, no interpolation."""
    path = "deploy/balena/docker-compose.yml"
    assert as_data(path)["version"] == "2.4"
    assert "${" not in (PROJECT / path).read_text().split("\nversion:")[1]
    named = as_data(path)["volumes"]
    for service in services(path).values():
        assert all(volume.partition(":")[0] in named for volume in service["volumes"])


def test_deviceplane_gets_only_what_it_takes() -> None:
    """Compose v1: services at the top, images, bind mounts."""
    for service in as_data("deploy/deviceplane.yml").values():
        assert not {"build", "dockerfile", "expose", "env_file", "container_name", "networks"} & set(service)
        assert service["image"]
        assert all(volume.startswith("/") for volume in service["volumes"])


def test_balena_shows_the_version_that_this_is() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert as_data("balena.yml")["version"] == project["version"]


def test_everything_the_program_is_made_of_goes_into_the_image_and_nothing_else() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    ignored = (PROJECT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == packages | {
        "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "hatch_build.py",
        "install.sh", "compose.yaml", "compose.site.yaml", "systemd", "deploy", "docs/solar.1",
    }  # fmt: skip
    copied = set(re.findall(r"^COPY (\w+) \1$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == packages | {"systemd", "deploy"}
