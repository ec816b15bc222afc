"""Who may import whom (docs/architecture.md): read from the syntax trees, and from what really gets loaded."""

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.journals import make
from simulator import RunningSimulator
from tests.scripted_influx import ScriptedInflux

ROOT = Path(__file__).parent.parent
ROOMS = ("logger", "journal", "uploader", "alerts", "mqtt", "admin", "simulator")
BESIDE = {"dashboards", "benchmarks", "tests", "systemd", "deploy"}

MAY_IMPORT = {
    "journal": {"journal"},
    "logger": {"logger", "journal"},
    "uploader": {"uploader", "journal"},
    "alerts": {"alerts", "journal"},
    "mqtt": {"mqtt", "journal"},
    "admin": set(ROOMS),
    "simulator": {"simulator"},
}

DOORS = {
    "serial": {"logger/line/port.py", "logger/line/exchange.py"},
    "influxdb_client": {"uploader/audit/flux.py"},
    "apprise": {"alerts/receivers.py"},
    "paho": {"mqtt/broker.py"},
}

PURE = {
    "logger/energy/quarters.py": {"sqlite3", "time", "logging"},
    "logger/energy/nights.py": {"sqlite3", "time", "logging"},
    "logger/energy/autonomy.py": {"sqlite3", "time", "logging"},
    "admin/energy/figures.py": {"sqlite3", "time", "logging"},
    "logger/line/frame.py": {"serial", "time", "logging", "sqlite3"},
    "logger/regulator/registers.py": {"serial", "time", "logging", "sqlite3"},
    "uploader/server/line_protocol.py": {"time", "logging", "sqlite3", "influxdb_client"},
}


def modules(*rooms: str) -> list[Path]:
    return sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported_modules(file: Path) -> set[Path]:
    """The modules of ours that a module imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            package = ROOT / (node.module or "").replace(".", "/")
            found |= {package / alias.name for alias in node.names} | {package}
        elif isinstance(node, ast.Import):
            found |= {ROOT / alias.name.replace(".", "/") for alias in node.names}
    return {path.with_suffix(".py") for path in found if path.with_suffix(".py").is_file()}


def imports(file: Path) -> set[str]:
    """The top-level packages that a module imports anywhere, in functions too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    strays = {name(file): imports(file) & set(ROOMS) - MAY_IMPORT[room] for file in modules(room)}
    assert {file: rooms for file, rooms in strays.items() if rooms} == {}


def test_between_folders_the_arrows_go_one_way() -> None:
    """A folder may use another or be used by it, over however many steps, but never both."""
    uses: dict[str, set[str]] = {}
    for file in modules(*ROOMS):
        others = {name(module.parent) for module in imported_modules(file)} - {name(file.parent)}
        uses.setdefault(name(file.parent), set()).update(others)
    assert {"logger/clock", "uploader/drain"} <= uses.keys()
    graphlib.TopologicalSorter(uses).prepare()


def test_the_architecture_page_has_a_line_for_every_folder() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    tree = page.split("<!-- tree -->")[1]
    folders = {name(file.parent) for file in modules(*ROOMS)} | BESIDE
    assert {line.split()[0].rstrip("/") for line in tree.splitlines() if line[:1].isalpha()} == folders


@pytest.mark.parametrize("library", DOORS)
def test_a_third_party_library_has_one_door(library: str) -> None:
    users = {name(file) for file in modules(*ROOMS) if library in imports(file)}
    assert users <= DOORS[library]
    assert users


@pytest.mark.parametrize("library", ["typer", "rich", "plotext", "dotenv", "starlette", "uvicorn", "prometheus_client"])
def test_what_people_see_is_drawn_in_admin_alone(library: str) -> None:
    assert {name(file).split("/")[0] for file in modules(*ROOMS) if library in imports(file)} == {"admin"}


@pytest.mark.parametrize("file", PURE)
def test_the_pure_modules_do_no_input_or_output(file: str) -> None:
    assert imports(ROOT / file) & PURE[file] == set()


@pytest.mark.parametrize(
    ("room", "unwanted"),
    [
        ("logger", {"influxdb_client", "urllib3", "typer", "rich", "apprise", "paho", "starlette", "uvicorn"}),
        ("uploader", {"serial", "influxdb_client", "typer", "rich", "apprise", "paho", "starlette", "uvicorn"}),
        ("mqtt", {"serial", "influxdb_client", "typer", "rich", "apprise", "paho"}),
        ("alerts", {"serial", "influxdb_client", "typer", "rich", "apprise", "paho"}),
        ("simulator", {"serial", "influxdb_client", "typer", "rich", "journal", "logger"}),
    ],
)
def test_loading_a_room_does_not_load_what_it_must_not(room: str, unwanted: set[str]) -> None:
    """40 MB of influxdb_client in the logger would be most of its memory."""
    names = [name(file)[:-3].replace("/", ".") for file in modules(room) if file.name != "__init__.py"]
    script = f"import sys, {', '.join(names)}\nprint(*{{module.split('.')[0] for module in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(loaded.split()) & unwanted == set()


def loaded_by(arguments: list[str], settings: dict[str, str] | None = None) -> set[str]:
    """The modules of others that a command has loaded at its end."""
    script = f"import sys, admin.cli\nadmin.cli.run({arguments!r})\nprint(*sys.modules)"
    # Without settings of this test run: one that is unusual is looked up in all commands.
    env = {name: text for name, text in os.environ.items() if not name.startswith(("SOLAR_", "INFLUX"))}
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, env=env | (settings or {}), check=True, capture_output=True, text=True)
    return {module.split(".")[0] for module in run.stdout.splitlines()[-1].split()}


def test_the_logger_does_without_typer(tmp_path: Path) -> None:
    """It would take 2 of its 21 MB, for as long as it runs."""
    with RunningSimulator() as regulator:
        settings = {"SOLAR_PORT": regulator.port, "SOLAR_DATA": str(tmp_path), "SOLAR_LOG_COUNT": "1"}
        loaded = loaded_by(["log"], settings)
    assert {"serial", "sqlite3"} <= loaded
    unwanted = {"typer", "rich", "difflib", "uuid", "urllib3", "ssl", "sqlite_utils", "dotenv", "tempfile"}
    assert loaded & unwanted == set()


def test_the_uploader_does_without_influxdb_client_while_it_drains(tmp_path: Path) -> None:
    """It would be most of its memory, for as long as it runs."""
    make(tmp_path / "journal.db", 20)
    with ScriptedInflux() as server:
        settings = {"URL": server.url, "TOKEN": "token", "ORG": "org", "BUCKET": "bucket"}
        env = {f"INFLUXDB_{name}": text for name, text in settings.items()} | {"SOLAR_DATA": str(tmp_path)}
        loaded = loaded_by(["upload", "--once"], env)
        assert len(server.requests[0]) == 20
    assert "urllib3" in loaded
    assert loaded & {"influxdb_client", "serial", "typer", "rich", "sqlite_utils"} == set()


def test_status_and_help_start_with_few_imports(tmp_path: Path) -> None:
    """A person waits for them; each of these would take as long as a dozen modules of ours."""
    make(tmp_path / "journal.db", 20)
    for arguments in (["--help"], ["status", "--data", str(tmp_path)]):
        loaded = loaded_by(arguments)
        assert "typer" in loaded
        assert loaded & {"logging", "socket", "json", "rich", "urllib3", "ssl", "sqlite_utils", "tempfile"} == set()
