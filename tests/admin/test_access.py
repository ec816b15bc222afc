"""A data directory that this user may not enter, read or write, or that is none: every command says so in a line.

The first is what docs/install.md leaves until the next login: a new member of a group is none yet.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin.doctor.finding import Verdict
from admin.doctor.journal import journal
from admin.health.survey import survey
from journal.access import obstacle
from journal.writer import JournalWriter
from tests.admin.conftest import Ran, Solar, command, fill, point_to
from tests.admin.test_cli import all_commands
from uploader.progress.progress import Progress
from uploader.server.target import Target

NO_LINE = ("--port", "/dev/ttyNOPE")
ARGUMENTS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("log",): (*NO_LINE, "--wait", "--count", "1"),
    ("upload",): ("--once",),
    ("status",): (),
    ("doctor",): ("--short",),
    ("history",): NO_LINE,
    ("calibrate",): (),
    ("clock", "show"): (),
    ("clock", "trust"): (),
    ("clock", "set"): ("2026-11-22 17:30",),
    ("report",): (),
    ("export",): (),
    ("backup",): ("copy.db",),
    ("recover",): (__file__,),
    ("audit",): (),
    ("replay",): ("--since", "7d"),
    ("pack",): ("--output", "backlog.lp.gz"),
    ("unpack-receipt",): ("data/backlog.lp.gz.manifest.json",),
    ("dead-letters", "list"): (),
    ("dead-letters", "retry"): (),
    ("dead-letters", "drop"): ("--all",),
    ("dead-letters", "export"): (),
    ("alert", "list"): (),
    ("alert", "run"): (),
    ("mqtt",): (),
}
WITHOUT_DATA = {("dashboards",), ("read",), ("simulate",), ("demo",), ("alert", "test")}
# They show it in place of the readings, and look again until they are stopped.
WITHOUT_DATA |= {("serve",), ("watch",)}
# They stop before they look into the data directory: without a terminal, an installation, a backup.
WITHOUT_DATA |= {("setup",), ("update",), ("restore",)}
SOMEBODY = 65534


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    point_to(Target("http://127.0.0.1:9", "a token", "o", "b"), monkeypatch)
    monkeypatch.setenv("SOLAR_ALERT_URLS", "ntfy://127.0.0.1:9/nobody")
    monkeypatch.setenv("SOLAR_MQTT_URL", "mqtt://127.0.0.1:9")


def as_anybody(*arguments: str) -> Ran:
    """The command by somebody who, other than root, is bound by permissions."""
    powers = "-dac_override,-dac_read_search,-sys_time"
    bound = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"] if os.geteuid() == 0 else []
    ran = subprocess.run([*bound, *command(*arguments)], capture_output=True, text=True, timeout=120, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def shut(data: Path) -> Iterator[Path]:
    """The data directory, which belongs to somebody else (root) or may not be entered even by its owner (others)."""
    Progress.open(data / "uploader.db").close()
    if os.geteuid() == 0:
        os.chown(data, SOMEBODY, SOMEBODY)
    data.chmod(0o700 if os.geteuid() == 0 else 0o000)
    yield data
    data.chmod(0o700)


def test_every_command_is_tried() -> None:
    assert {*ARGUMENTS} | WITHOUT_DATA == {*all_commands()}


@pytest.mark.parametrize("names", ARGUMENTS, ids=" ".join)
def test_a_directory_that_may_not_be_entered_is_named_with_its_owner_and_the_cure(
    shut: Path, names: tuple[str, ...]
) -> None:
    ran = as_anybody(*names, *ARGUMENTS[names])
    told = " ".join((ran.out + ran.err).split())
    assert re.search(rf"user \S+ may not enter {shut}, which belongs to \S+(; | To do: )(run it with sudo|give)", told)
    assert ran.code == (2 if names == ("unpack-receipt",) else 1)
    if names not in {("status",), ("doctor",)}:
        assert len(ran.err.splitlines()) == 1


def test_restore_names_it_before_it_asks(shut: Path, tmp_path: Path) -> None:
    ran = as_anybody("restore", "--yes", str(fill(tmp_path / "other", 2) / "journal.db"))
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert re.match(rf"cannot open data/journal.db: user \S+ may not enter {shut}, which belongs to ", ran.err)


@pytest.fixture
def read_only(data: Path) -> Iterator[Path]:
    """The data directory, which this user may read but not write to."""
    if os.geteuid() == 0:
        os.chown(data, SOMEBODY, SOMEBODY)
    data.chmod(0o755 if os.geteuid() == 0 else 0o555)
    yield data
    data.chmod(0o700)


@pytest.mark.parametrize(
    "arguments", [("clock", "trust"), ("restore", "other/journal.db", "--yes")], ids=["a clock", "a backup"]
)
def test_nothing_is_called_accepted_that_cannot_be_written_down(
    read_only: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    fill(tmp_path / "other", 2)
    ran = as_anybody(*arguments)
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert re.search(rf"user \S+ may not write to {read_only}, which belongs to ", ran.err)


def test_setup_says_that_it_may_not_write_the_settings_before_it_asks(read_only: Path, tmp_path: Path) -> None:
    (tmp_path / "answers").write_text("SOLAR_SITE=hut\n")
    ran = as_anybody("setup", "--settings", "data/etc", "--answers", "answers")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert re.match(rf"cannot write the settings: user \S+ may not write to {read_only}, which belongs to ", ran.err)


def test_the_doctor_has_a_line_of_its_own_for_it(shut: Path) -> None:
    lines = as_anybody("doctor", "--short").out.splitlines()
    (line,) = [line for line in lines if "Data directory" in line]
    assert "BAD" in line
    assert not any("Current steps" in line for line in lines)  # nobody knows whether some were adopted
    assert not any("check itself failed" in line for line in lines)


@pytest.mark.parametrize("kind", ["a file", "a link to nothing"])
@pytest.mark.parametrize("names", ARGUMENTS, ids=" ".join)
def test_a_data_directory_that_is_none_is_told_by_every_command(
    solar: Solar, tmp_path: Path, names: tuple[str, ...], kind: str
) -> None:
    place = tmp_path / "data"
    place.write_text("") if kind == "a file" else place.symlink_to("/mnt/usb-stick")
    words = "is not a directory" if kind == "a file" else "is a link to /mnt/usb-stick, which does not exist"
    ran = solar(*names, *ARGUMENTS[names])
    assert ran.code == (2 if names == ("unpack-receipt",) else 1)
    assert f"{place} {words}" in " ".join((ran.out + ran.err).split())


def test_a_link_to_a_journal_that_is_not_mounted_is_not_replaced_by_a_new_journal(solar: Solar, data: Path) -> None:
    path = data / "journal.db"
    path.unlink()
    path.symlink_to("/mnt/usb-stick/journal.db")
    ran = solar("log", *ARGUMENTS["log",])
    words = f"{path} is a link to /mnt/usb-stick/journal.db, which does not exist; mount or create it"
    assert (ran.code, ran.err) == (1, f"cannot open data/journal.db: {words}\n")
    assert path.is_symlink()


@pytest.mark.parametrize("name", ["journal.db", "uploader.db"])
def test_a_directory_in_the_place_of_a_file(solar: Solar, data: Path, name: str) -> None:
    """As a container's engine makes one where a file is to be mounted that is not there."""
    path = data / name
    path.unlink(missing_ok=True)
    path.mkdir()
    ran = solar(*(("export",) if name == "journal.db" else ("pack", "--output", "backlog.lp.gz")))
    assert (ran.code, ran.err) == (1, f"cannot open data/{name}: it is a directory; move it away\n")


@pytest.fixture
def somebody() -> Iterator[None]:
    """The user `nobody`, without any group."""
    if os.geteuid() != 0:
        pytest.skip("root alone can become somebody else")
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(SOMEBODY)
    os.seteuid(SOMEBODY)
    yield
    os.seteuid(0)
    os.setegid(0)
    os.setgroups(groups)


@pytest.fixture
def solars() -> Iterator[Path]:
    """A directory of the user and the group `daemon`, as the services have theirs, where everybody can get to."""
    if os.geteuid() != 0:
        pytest.skip("root alone can give a directory to somebody else")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # pytest's own is shut for others, again at each start of another pytest
        place = Path(directory) / "solar"
        place.mkdir()
        (place / "journal.db").touch()
        os.chown(place, 1, 1)
        place.chmod(0o770)
        yield place


def test_a_stranger_is_told_of_the_group(solars: Path, somebody: None) -> None:
    assert obstacle(solars / "journal.db") == (
        f"user nobody may not enter {solars}, which belongs to daemon; run it with sudo, or join its group "
        "(sudo usermod -aG daemon nobody) and log in again"
    )


def test_who_has_joined_the_group_is_told_to_log_in_again(
    solars: Path, somebody: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grp

    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("daemon", "x", gid, ["nobody"])))
    assert obstacle(solars / "journal.db") == (
        f"user nobody may not enter {solars}, which belongs to daemon; you joined its group "
        "daemon after this login: log in again; until then use sudo"
    )


def test_what_may_be_read_may_not_always_be_written(solars: Path, somebody: None) -> None:
    os.seteuid(0)
    solars.chmod(0o755)
    os.seteuid(SOMEBODY)
    path = solars / "journal.db"
    assert obstacle(path) is None
    words = f"user nobody may not write to {solars}, which belongs to daemon; run it with sudo"
    assert obstacle(path, write=True) == obstacle(solars / "new.db", write=True) == words
    os.seteuid(0)
    path.chmod(0o600)
    os.seteuid(SOMEBODY)
    assert obstacle(path) == f"user nobody may not read {path}, which belongs to root; run it with sudo"


def test_nothing_is_in_the_way_of_what_is_there_or_is_not_there_yet(tmp_path: Path) -> None:
    JournalWriter.create(tmp_path / "journal.db").close()
    for name in ("journal.db", "uploader.db", "not/made/yet"):
        assert obstacle(tmp_path / name) is None
        assert obstacle(tmp_path / name, write=True) is None


def test_the_doctor_goes_on_where_there_is_no_data_directory(tmp_path: Path) -> None:
    found = [each for each in journal(survey(tmp_path / "none", is_upload_wanted=False)) if each.name == "readings"]
    assert [each.verdict for each in found] == [Verdict.BAD]


@pytest.fixture
def forbidden(tmp_path: Path) -> Iterator[Path]:
    """A directory that may not be entered."""
    place = tmp_path / "forbidden"
    place.mkdir()
    if os.geteuid() == 0:
        os.chown(place, SOMEBODY, SOMEBODY)
    place.chmod(0o700 if os.geteuid() == 0 else 0o000)
    yield place
    place.chmod(0o700)


@pytest.mark.parametrize("is_shut", [True, False], ids=["not to be entered", "not to be written"])
@pytest.mark.parametrize(
    "names",
    [
        ("export", "--output"),
        ("export", "--format", "sqlite", "--output"),
        ("report", "--since", "2026-01-01", "--output"),
        ("backup",),
        ("pack", "--output"),
        ("dead-letters", "export", "--output"),
    ],
    ids=" ".join,
)
def test_a_place_that_may_not_be_written_is_named_before_any_work(
    data: Path, forbidden: Path, names: tuple[str, ...], is_shut: bool
) -> None:
    if not is_shut:
        forbidden.chmod(0o555)
    target = forbidden / "out"
    ran = as_anybody(*names, str(target))
    verb = "enter" if is_shut else "write to"
    cause = rf"user \S+ may not {verb} {forbidden}, which belongs to \S+"
    assert re.fullmatch(rf"cannot write {target}: {cause}; .*, or choose another file\n", ran.err)
    assert (ran.code, ran.out) == (2, "")


def test_certificates_that_may_not_be_read(data: Path, forbidden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUXDB_CA_FILE", str(forbidden / "ca.pem"))
    for names in (("upload", "--once"), ("audit",)):
        ran = as_anybody(*names)
        assert ran.code == 2
        assert ran.err.startswith(f"cannot use INFLUXDB_CA_FILE={forbidden}/ca.pem: user ")
        assert ran.err.count("\n") == 1
