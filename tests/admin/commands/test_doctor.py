import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.commands.doctor import exit_code, lines, summary
from admin.doctor.finding import CHECKS, Finding, bad, look, ok, skipped
from journal.writer import JournalWriter
from simulator import HandClock, RunningSimulator, SimulatorOptions
from tests.admin.conftest import Solar, command, point_to, reading, solar_process
from tests.admin.typist import typing
from tests.scripted_influx import ScriptedInflux
from tests.servers import Database
from uploader.server.target import Target

TOKEN = "admin:hunter2secret"  # made up


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningSimulator]:
    """A regulator whose clock is right, a journal with fresh readings, and a computer whose clock is vouched for."""
    with JournalWriter.create(Path("data/journal.db")) as journal:
        journal.boot_number("a boot")
        now_ms = time.time_ns() // 1_000_000
        journal.append_all(replace(reading(n), time_ms=now_ms - (12 - n) * 10_000 - 5000) for n in range(1, 13))
    local = datetime.now(UTC).astimezone()
    options = SimulatorOptions(answer_seconds=(0, 0), start_hour=local.hour + local.minute / 60)
    with RunningSimulator(options, clock=HandClock()) as running:
        monkeypatch.setenv("SOLAR_PORT", running.port)
        monkeypatch.setenv("SOLAR_CLOCK", "trust")
        yield running


# fmt: off
NUMBERS = {
    "port": 1, "holder": 2, "adapter": 3, "regulator": 4, "model": 5, "regulator_clock": 6, "calibration": 7,
    "data": 10, "readings": 11, "journal": 12, "aside": 13, "sqlite": 14, "disk": 15, "card": 16,
    "computer": 21, "power": 22, "temperature": 23, "clock": 24,
    "names": 30, "settings": 31, "proxy": 32, "dns": 33, "certificate": 34, "server": 35, "token": 36, "bucket": 37,
    "retention": 38,
    "uploads": 41, "backlog": 42, "dead_letters": 43,
}
# fmt: on


MACHINE = {"sqlite", "disk", "card", "computer", "power", "temperature"}
"""What differs from machine to machine."""


def test_a_site_that_is_well(
    solar: Solar, site: RunningSimulator, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_to(database.target, monkeypatch)
    assert solar("upload", "--once").code == 0
    stored = database.rows("solar")
    ran = solar("doctor", "--json")
    assert (ran.code, ran.err) == (0, "")
    told = {finding["name"]: finding for finding in json.loads(ran.out)["findings"]}
    assert {name: finding["verdict"] for name, finding in told.items() if name not in MACHINE} == {
        "port": "ok",
        "holder": "ok",
        "adapter": "ok",
        "regulator": "ok",
        "line": "ok",
        "model": "ok",
        "regulator_clock": "ok",
        "readings": "ok",
        "journal": "ok",
        "clock": "ok",
        "names": "ok",
        "dns": "ok",
        "certificate": "skipped",
        "server": "ok",
        "token": "ok",
        "bucket": "ok",
        "retention": "ok",
        "uploads": "ok",
        "backlog": "ok",
    }
    assert told.keys() >= MACHINE
    assert told["journal"]["found"].startswith("12 readings since ")
    assert database.rows("solar") == stored


def test_it_can_be_read_out_from_a_narrow_screen(solar: Solar, site: RunningSimulator) -> None:
    ran = solar("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 78
    assert ran.out.isascii()
    numbers = [int(found) for found in re.findall(r"^([ \d]\d)  \S", ran.out, re.MULTILINE)]
    assert numbers == sorted(set(numbers))
    assert re.search(r"^ 3  Adapter \(PLI\) {6}ok {6}it answers at 9600 baud$", ran.out, re.MULTILINE)
    assert ran.out.splitlines()[-1].startswith("Skipped: ")
    assert ran.out.endswith(" All the others are ok.\n")


def test_a_site_where_nothing_has_been_set_up_is_told_where_to_begin() -> None:
    ran = solar_process("doctor", "--port", "/dev/ttyUSB-nowhere")
    assert (ran.code, ran.err) == (1, "")
    assert re.search(r"^ 1  Serial port +BAD +/dev/ttyUSB-nowhere does not exist$", ran.out, re.MULTILINE)
    assert "To do: no adapter was found: plug it in" in ran.out
    assert ran.out.splitlines()[-1].startswith("Bad: 1, 11. ")
    assert list(Path().iterdir()) == []


def test_short_leaves_out_what_is_well_and_keeps_the_numbers(solar: Solar, site: RunningSimulator) -> None:
    Path("data/journal-damaged-1.db").touch()
    ran = solar("doctor", "--short")
    assert ran.code == 0
    assert [line[:45].rstrip() for line in ran.out.splitlines()[2:3]] == [
        "13  Set aside          LOOK    a damaged jour"
    ]
    assert ran.out.splitlines()[-1].startswith("Look at: 13. Skipped: ")


def test_json_has_the_same_for_machines(solar: Solar, site: RunningSimulator) -> None:
    ran = solar("doctor", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["healthy"]) == (0, True)
    assert set(told) == {"healthy", "time", "version", "findings"}
    assert [finding["number"] for finding in told["findings"]] == [
        CHECKS[finding["name"]].number for finding in told["findings"]
    ]
    assert told["findings"][2] == {
        "number": 3,
        "name": "adapter",
        "title": "Adapter (PLI)",
        "verdict": "ok",
        "found": "it answers at 9600 baud",
        "to_do": None,
    }


@pytest.mark.parametrize("options", [(), ("--json",), ("--verbose",)])
def test_the_token_is_never_shown_not_even_where_it_was_put_by_mistake(
    solar: Solar, data: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedInflux() as influx:
        point_to(Target(influx.url, TOKEN, "o", f"b-{TOKEN}"), monkeypatch)
        ran = solar("doctor", "--port", "/dev/ttyUSB-nowhere", *options)
    assert ran.code == 1
    assert "it may write to bucket b-*** (tested with" in " ".join(ran.out.split())
    assert "hunter2" not in ran.out + ran.err


def test_settings_that_are_missing_are_named(solar: Solar, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUXDB_URL", "http://127.0.0.1:9")
    told = json.loads(solar("doctor", "--port", "/dev/ttyUSB-nowhere", "--json").out)["findings"]
    (finding,) = [each for each in told if each["name"] == "settings"]
    assert finding["verdict"] == "bad"
    assert finding["found"] == "cannot upload: INFLUXDB_TOKEN, INFLUXDB_ORG, INFLUXDB_BUCKET are not set"


FINDINGS = [ok("port", "it is there"), bad("adapter", "it is silent", "plug it in"), skipped("regulator", "not asked")]


def test_what_to_do_stands_under_what_was_found() -> None:
    assert lines(FINDINGS[1], 80) == [
        " 3  Adapter (PLI)      BAD     it is silent",
        "                               To do: plug it in",
    ]


def test_on_a_narrow_screen_the_words_stand_under_the_name() -> None:
    finding = bad("readings", f"there is no journal in {'/very-long' * 6}", "start the logger, and do not forget this")
    assert lines(finding, 40) == [
        "11  Readings: BAD",
        "    there is no journal in",
        f"    {'/very-long' * 6}",
        "    To do: start the logger, and do not",
        "    forget this",
    ]


def test_every_check_has_a_number_for_ever_and_they_are_told_in_its_order() -> None:
    """People say "line 12" over the phone: never give a number that is here to another check."""
    numbers = {name: check.number for name, check in CHECKS.items()}
    assert list(numbers.values()) == sorted(set(numbers.values()))
    assert numbers.items() >= NUMBERS.items()


@pytest.mark.parametrize(
    ("columns", "widest"), [(40, 40), (200, 200), (None, 78)], ids=["narrow", "wide", "redirected"]
)
def test_lines_are_as_wide_as_the_terminal(columns: int | None, widest: int) -> None:
    """The words are the same at every width."""
    asked = ("doctor", "--port", "/dev/ttyUSB-nowhere", "--data", "data")
    if columns is None:
        told = solar_process(*asked).out
    else:
        with typing(command(*asked), COLUMNS=str(columns)) as typist:
            typist.ends()
            told = typist.screen
    assert [line for line in told.splitlines() if len(line) > widest and " " in line.strip()] == []
    words = " ".join(told.split())
    assert "no adapter was found: plug it in, or try another USB socket and cable" in words
    if widest > 100:
        assert any(len(line) > 100 for line in told.splitlines())


def test_a_line_break_in_what_a_server_says_does_not_break_the_line() -> None:
    assert lines(ok("server", "a\x1b[2Jb\nc"), 80)[0].endswith(r"a\x1b[2Jb\nc")


@pytest.mark.parametrize(
    ("findings", "words", "code"),
    [
        (FINDINGS, "Bad: 3. Skipped: 4. All the others are ok.", 1),
        (FINDINGS[:1], "All is well.", 0),
        ([FINDINGS[0], FINDINGS[2]], "Skipped: 4. All the others are ok.", 0),
        (
            [look("aside", "", ""), look("aside", "", ""), look("card", "", "")],
            "Look at: 13, 16. All the others are ok.",
            0,
        ),
    ],
)
def test_the_last_line_names_the_numbers(findings: list[Finding], words: str, code: int) -> None:
    assert (summary(findings), exit_code(findings)) == (words, code)


def test_every_check_is_explained_in_the_docs() -> None:
    page = Path(os.path.dirname(__file__), "../../../docs/doctor.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", page, re.MULTILINE)
    assert rows == [(str(check.number), check.title) for check in CHECKS.values()]
