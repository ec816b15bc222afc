import json
import re
from pathlib import Path

import pytest

from tests.admin.conftest import FIRST_MS, Ran, Solar, point_to
from tests.scripted_influx import ScriptedInflux
from uploader.server.target import Target

LINE = (
    'solar,model=PL80,site=home battery_volts=25.4,charge_amps=12.0,regulator_state="boost",alarm=0.0 '
    f"{FIRST_MS + 10_000}\n"
)
WORDS = "failure writing points to database: partial write: field type conflict dropped=1"


@pytest.fixture(autouse=True)
def refused(data: Path, solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three readings the second was refused."""
    point_to(Target("http://127.0.0.1:9", "t", "o", "b"), monkeypatch)
    with ScriptedInflux(refuses=lambda line: line.endswith(str(FIRST_MS + 10_000))) as influx:
        assert solar("upload", "--once", "--url", influx.url).code == 1


def test_list_shows_the_servers_own_words(solar: Solar) -> None:
    ran = solar("dead-letters", "list")
    assert re.sub(r"last .* ago|last just now", "last AGO", ran.out) == (
        f"1  reading 2 of 2026-01-01T00:00:10.000Z, refused once, last AGO\n   422: {WORDS}\n"
    )


def test_list_for_machines(solar: Solar) -> None:
    (letter,) = json.loads(solar("dead-letters", "list", "--json").out)
    assert re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", letter.pop("refused_time"))
    assert letter == {
        "number": 1,
        "table": "readings",
        "id": 2,
        "time": "2026-01-01T00:00:10.000Z",
        "status": 422,
        "words": WORDS,
        "tries": 1,
        "is_waiting": False,
        "line": LINE.rstrip(),
    }


@pytest.mark.parametrize("which", [["1"], ["--all"], []], ids=["by number", "all", "without a word, all"])
def test_retry_delivers_once_the_cause_is_mended(solar: Solar, which: list[str]) -> None:
    ran = solar("dead-letters", "retry", *which)
    assert ran == Ran(0, "1 dead letter queued for the uploader; to send now: `solar upload --once`\n", "")
    assert "waiting to be sent again" in solar("dead-letters", "list").out
    with ScriptedInflux() as influx:
        assert solar("upload", "--once", "--url", influx.url) == Ran(0, f"1 record sent to {influx.url}\n", "")
        assert influx.times() == [FIRST_MS + 10_000]
    assert solar("dead-letters", "list").out == "no dead letters: InfluxDB has refused nothing\n"


def test_drop_forgets_it_and_the_reading_stays_in_the_journal(solar: Solar) -> None:
    ran = solar("dead-letters", "drop", "1")
    assert ran == Ran(0, "1 dead letter dropped; the readings stay in the journal\n", "")
    assert solar("dead-letters", "list", "--json").out == "[]\n"
    assert len(solar("export").out.splitlines()) == 4
    with ScriptedInflux() as influx:
        solar("upload", "--once", "--url", influx.url)
        assert influx.times() == []


def test_one_number_that_is_not_there_changes_nothing(solar: Solar) -> None:
    before = solar("dead-letters", "list", "--json").out
    ran = solar("dead-letters", "drop", "1", "2")
    assert ran == Ran(
        2, "", "cannot drop dead letter 2: there is no such number; `solar dead-letters list` shows them\n"
    )
    assert solar("dead-letters", "list", "--json").out == before


def test_export_writes_line_protocol(solar: Solar, tmp_path: Path) -> None:
    assert solar("dead-letters", "export") == Ran(0, LINE, "")
    ran = solar("dead-letters", "export", "--output", "letters.lp")
    assert ran == Ran(0, "", "1 dead letter written to letters.lp\n")
    assert (tmp_path / "letters.lp").read_text() == LINE


def test_where_nothing_was_ever_uploaded_there_are_none(solar: Solar, tmp_path: Path) -> None:
    ran = solar("dead-letters", "list", "--data", tmp_path)
    assert ran == Ran(0, "no dead letters: InfluxDB has refused nothing\n", "")
    assert solar("dead-letters", "export", "--data", tmp_path) == Ran(0, "", "")


def test_a_file_that_nobody_finished_beginning_is_as_none(solar: Solar, data: Path) -> None:
    (data / "uploader.db").write_bytes(b"")
    assert solar("dead-letters", "list") == Ran(0, "no dead letters: InfluxDB has refused nothing\n", "")
    assert solar("replay", "--since", "7d").out.startswith("nothing has been uploaded from here yet")
    assert "no such table" not in solar("status").out
