"""The uploader as a person runs it."""

import os
import pty
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from journal.writer import JournalWriter
from tests.admin.conftest import FIRST_MS, Ran, Solar, command, contents, fill, reading, start
from tests.scripted_influx import Answer, ScriptedInflux, error
from tests.servers import Database

TIMES = [FIRST_MS, FIRST_MS + 10_000, FIRST_MS + 20_000]


@pytest.fixture(autouse=True)
def in_the_data(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_DATA", str(data))


def point_to(url: str, monkeypatch: pytest.MonkeyPatch, bucket: str = "bucket") -> None:
    settings = {"URL": url, "TOKEN": "s3cret-token", "ORG": "org", "BUCKET": bucket}
    for name, value in settings.items():
        monkeypatch.setenv(f"INFLUXDB_{name}", value)


def test_once_sends_what_is_pending_each_point_once(
    solar: Solar, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.server.url, monkeypatch, database.name)
    assert solar("upload", "--once") == Ran(0, f"4 records sent to {database.server.url}\n", "")
    assert solar("upload", "--once") == Ran(0, f"0 records sent to {database.server.url}\n", "")
    assert database.rows("solar") == [
        {"time": time, "site": "home", "model": "PL80", "battery_volts": 25.4, "charge_amps": 12, "alarm": 0}
        | {"regulator_state": "boost"}
        for time in TIMES
    ]
    assert [row["message"] for row in database.rows("solar_event")] == ["logger 0.1.0 started"]


def test_once_says_what_is_held_back(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux() as influx, JournalWriter.create(data / "journal.db") as journal:
        point_to(influx.url, monkeypatch)
        journal.append(reading(4), is_held=True)
        ran = solar("upload", "--once")
        assert influx.times() == TIMES
    words = "1 record held until the clock is confirmed: see `solar clock`\n"
    assert ran == Ran(0, f"4 records sent to {influx.url}\n", words)


def test_once_says_what_could_not_be_sent_and_why_and_exits_1(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux(token="another") as influx:
        point_to(influx.url, monkeypatch)
        ran = solar("upload", "--once")
    line = ran.err.splitlines()[-1]
    assert (ran.code, ran.out) == (1, "")
    assert line.startswith(f"cannot upload 4 records to {influx.url}: ")
    assert line.endswith("; nothing is lost, they are sent next time")
    assert "INFLUXDB_TOKEN" in line
    assert "s3cret-token" not in ran.err


def test_once_counts_what_the_server_refuses(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux(refuses=lambda line: line.endswith(str(TIMES[1]))) as influx:
        point_to(influx.url, monkeypatch)
        ran = solar("upload", "--once")
        assert influx.times() == [TIMES[0], TIMES[2]]
    assert (ran.code, ran.out) == (
        1,
        f"3 records sent to {influx.url}\n1 record refused by the server: `solar dead-letters list` says why\n",
    )


def test_without_a_journal_once_is_one_line(solar: Solar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    ran = solar("upload", "--once", "--data", tmp_path / "new")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert ran.err.startswith(f"cannot open {tmp_path}/new/journal.db: there is no such file")


def test_a_second_uploader_is_refused(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux([Answer(delay_seconds=1.0, stores=True)]) as influx:
        point_to(influx.url, monkeypatch)
        with start("upload") as process:
            assert process.stderr
            while not influx.paths and process.poll() is None:
                threading.Event().wait(0.01)
            ran = solar("upload", "--once")
            process.terminate()
            process.communicate(timeout=5)
    words = "let it do the work, or stop it first (systemctl stop solar-uploader)"
    assert ran == Ran(1, "", f"cannot upload from {data}: another uploader is running there; {words}\n")
    assert process.returncode == 0


def test_as_a_service_it_sends_what_is_new_until_it_is_stopped(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedInflux() as influx, JournalWriter.create(data / "journal.db", "hut") as journal:
        point_to(influx.url, monkeypatch)
        monkeypatch.setenv("SOLAR_UPLOAD_EVERY", "0.1")
        with start("upload", "--site", "elsewhere") as process:
            wait_until(lambda: influx.times() == TIMES, process)
            journal.append(reading(4))
            wait_until(lambda: len(influx.times()) == 4, process)
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=5) == 0
            assert process.stderr
            assert process.stderr.read() == ""
        sites = {time: point.split("site=")[1] for point, time in influx.points if point.startswith("solar,")}
        assert sites == dict(zip(sorted(sites), ["home", "home", "home", "hut"], strict=True))


def test_a_token_is_in_no_output_and_no_file(
    solar: Solar, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedInflux([error(401, "unauthorized s3cret-token", "unauthorized")] * 3) as influx:
        point_to(influx.url, monkeypatch)
        ran = [solar("upload", "--once", "-v"), solar("status"), solar("status", "--json"), solar("upload", "--help")]
    assert not [each for each in ran if "s3cret" in each.out + each.err]
    assert not [name for name, content in contents(tmp_path).items() if b"s3cret" in content]


def test_there_is_no_option_for_the_token(solar: Solar) -> None:
    """Every user of a machine can see the command lines of all."""
    assert solar("upload", "--token", "x").err.startswith("cannot use --token: `solar upload` has no such option")


def test_a_bar_shows_the_progress_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "many", 400)
    with ScriptedInflux() as influx:
        point_to(influx.url, monkeypatch)
        ours, theirs = pty.openpty()
        environ = os.environ | {"SOLAR_DATA": str(tmp_path / "many"), "TERM": "xterm"}
        with subprocess.Popen(
            command("upload", "--once"), stdout=subprocess.PIPE, stderr=theirs, env=environ, text=True
        ) as process:
            os.close(theirs)
            shown = read_terminal(ours)
            assert process.stdout
            assert process.stdout.read() == f"400 records sent to {influx.url}\n"
    assert "uploading" in shown
    assert "400 of 400 records" in shown
    assert process.returncode == 0


@pytest.mark.long
def test_an_unreachable_server_ends_once_in_bounded_time(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    ran = solar("upload", "--once")
    words = (
        "cannot upload 4 records to http://127.0.0.1:9: connection refused; nothing is lost, they are sent next time"
    )
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (1, "", words)


def wait_until(condition: object, process: "subprocess.Popen[str]") -> None:
    assert callable(condition)
    while not condition():
        assert process.poll() is None
        threading.Event().wait(0.01)


def read_terminal(descriptor: int) -> str:
    """All that is written to a pseudo-terminal until its other end is closed."""
    shown = b""
    try:
        while piece := os.read(descriptor, 4096):
            shown += piece
    except OSError:  # how Linux tells of the other end
        pass
    os.close(descriptor)
    return shown.decode()


def test_verbose_logs_what_its_help_promises_every_request_and_every_failure(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("URL", "http://127.0.0.1:9"), ("TOKEN", "s3cret-token"), ("ORG", "o"), ("BUCKET", "b")):
        monkeypatch.setenv(f"INFLUXDB_{name}", value)
    with start("upload", "--data", data, "--verbose") as process:
        assert process.stderr
        lines = [process.stderr.readline() for _ in range(4)]
    request = "DEBUG   uploading 3 readings to http://127.0.0.1:9\n"
    failure = "cannot upload 3 readings to http://127.0.0.1:9: connection refused; trying again in "
    assert [line.split("Z ")[1] for line in lines[::2]] == [request, request]
    assert [line.split("Z ")[1].split(failure)[0] for line in lines[1::2]] == ["WARNING ", "DEBUG   "]
