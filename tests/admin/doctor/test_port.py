from pathlib import Path

from admin.doctor.finding import Finding, Verdict
from admin.doctor.port import check_port, check_port_users
from journal.holders import Process, users_of
from tests.ordinary_user import forbidden_port, ordinary_user


def test_a_port_that_is_there_and_may_be_used() -> None:
    assert check_port("/dev/null").verdict is Verdict.OK


def test_a_missing_port_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB1").touch()
    finding = check_port("/dev/ttyUSB-nowhere", tmp_path)
    remedy = f"plug the adapter in, or set SOLAR_PORT to one that was found: {tmp_path}/ttyUSB1"
    assert finding == Finding("port", Verdict.BAD, "/dev/ttyUSB-nowhere does not exist", remedy)


def test_without_any_adapter_it_says_so(tmp_path: Path) -> None:
    assert check_port("/dev/ttyUSB-nowhere", tmp_path).remedy.startswith("no adapter was found")


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.touch()
    assert check_port(str(path), tmp_path).found == f"{path} is not a serial port"


def test_a_port_that_this_user_may_not_use() -> None:
    with forbidden_port() as port, ordinary_user():
        assert "dialout" in check_port(port).remedy


def test_a_serial_server_is_tried_only_later() -> None:
    assert check_port("socket://barn:26000").verdict is Verdict.OK


def proc_with(directory: Path, *processes: tuple[int, str, str]) -> Path:
    """A /proc in which each process (number, name, file) has one file open."""
    for number, name, opened in processes:
        (directory / str(number) / "fd").mkdir(parents=True)
        (directory / str(number) / "comm").write_text(name + "\n")
        (directory / str(number) / "fd" / "3").symlink_to(opened)
    (directory / "locks").write_text("")
    return directory


def test_who_has_the_port_open_is_named(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    link = tmp_path / "solar-pli"
    link.symlink_to(port)
    proc = proc_with(tmp_path / "proc", (7, "ModemManager", str(port)), (8, "bash", "/dev/pts/0"))
    users = users_of(link, proc)
    assert users == [Process(7, "ModemManager")]
    finding = check_port_users(str(link), users, loggers=[])
    assert (finding.verdict, finding.found) == (Verdict.BAD, "ModemManager (process 7)")
    assert finding.remedy.endswith("sudo systemctl disable --now ModemManager")


def test_the_logger_is_no_stranger() -> None:
    logger = Process(7, "solar")
    assert check_port_users("/dev/ttyUSB0", [logger], loggers=[logger]).found == "the logger, process 7"
    beside = check_port_users("/dev/ttyUSB0", [logger, Process(8, "minicom")], loggers=[logger])
    assert (beside.verdict, beside.found) == (Verdict.BAD, "minicom (process 8)")
