"""Dockerfile and compose files, as far as they can be judged without an engine; test_image.py builds the image."""

import re
import shutil
import tomllib
from typing import Any

import pytest

from tests.deploy.files import PROJECT, as_data, development_tool, run

COMPOSE_FILES = ("compose.yaml", "deploy/balena/docker-compose.yml")


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
def test_docker_compose_takes_them(path: str) -> None:
    docker = shutil.which("docker")
    if not docker or run(docker, "compose", "version").returncode:
        pytest.skip("there is no docker with its compose plugin")
    checked = run(docker, "compose", "--file", PROJECT / path, "--profile", "*", "config", "--quiet")
    assert checked.returncode == 0, checked.stdout


def test_the_demo_needs_no_settings_and_no_hardware() -> None:
    text = (PROJECT / "compose.yaml").read_text()
    for name, rest in re.findall(r"\$\{(\w+)([^\w])", text):
        assert rest == ":", f"{name} has no default"
    found = services("compose.yaml")
    assert {name for name, service in found.items() if service.get("profiles") == ["demo"]} == {"simulator"}
    assert set(found) == {"logger", "uploader", "influxdb", "grafana", "simulator"}
    assert found["logger"]["environment"]["SOLAR_PORT"] == "${SOLAR_PORT:-socket://simulator:26000}"
    assert found["logger"]["devices"] == ["${SOLAR_DEVICE:-/dev/null}:/dev/solar-pli"]


def test_a_real_port_asks_for_real_passwords() -> None:
    found = services("compose.yaml")
    secrets = (
        ("uploader", "INFLUXDB_TOKEN"),
        ("influxdb", "DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"),
        ("influxdb", "DOCKER_INFLUXDB_INIT_PASSWORD"),
        ("grafana", "INFLUXDB_TOKEN"),
        ("grafana", "GF_SECURITY_ADMIN_PASSWORD"),
    )
    for service, variable in secrets:
        value = found[service]["environment"][variable]
        assert re.fullmatch(r"\$\{(\w+):-demo-only(-token)?\$\{SOLAR_DEVICE:\+\$\{\1:\?set it in \.env\}\}\}", value), (
            value
        )


def test_every_variable_of_the_example_is_used() -> None:
    used = set(re.findall(r"\$\{(\w+)", (PROJECT / "compose.yaml").read_text()))
    named = set(re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE))
    assert named <= used
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
        "pyproject.toml", "requirements.lock", "README.md", "LICENSE",
    }  # fmt: skip
    copied = set(re.findall(r"^COPY (\w+) \1$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE))
    assert copied == packages
