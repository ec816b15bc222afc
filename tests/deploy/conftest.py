"""One engine and one image of the project for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.debian import copy_project
from tests.deploy.engine import Engine, engine

SECRET = "planted-secret-5d0f"
IMAGE = "solar-battery-monitoring:local"


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    with engine() as started:
        yield started


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with secrets planted wherever settings or data may lie."""
    directory = tmp_path_factory.mktemp("image") / "project"
    copy_project(directory)
    for planted in ("logger/.env", "data/journal.db", "uploader/uploader.db"):
        (directory / planted).parent.mkdir(exist_ok=True)
        (directory / planted).write_text(f"INFLUXDB_TOKEN={SECRET}\n")
    return directory


@pytest.fixture(scope="session")
def image(docker: Engine, project: Path) -> str:
    """The name of the project's image."""
    (project / ".env").write_text(f"INFLUXDB_TOKEN={SECRET}\n")
    docker("build", "--network", "host", "--build-arg", "BASE=debian", "--tag", IMAGE, project)
    (project / ".env").unlink()
    return IMAGE
