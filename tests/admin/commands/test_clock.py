"""`solar clock`: whether the time is trusted, what is held, and a person's word."""

import json
from pathlib import Path

import pytest

from journal.boots import Anchor
from journal.journal import Journal
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger.clock.host_clock import Clock, boot_id
from logger.clock.trust_note import NAME, TrustNotes
from tests.admin.conftest import Solar, contents

DATA = Path("data")


@pytest.fixture(autouse=True)
def auto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLAR_CLOCK", "auto")


def hold(readings: int = 3, boot: str | None = None, wall_ms: int = 1_767_000_000_000) -> None:
    """Readings of this boot, or of another, that were taken while nobody knew the time."""
    with JournalWriter.create(DATA / "journal.db") as journal:
        number = journal.boot_number(boot or boot_id())
        uptime_ms = Clock(0).now().uptime_ms - 60_000
        for each in range(readings):
            moment = {"time_ms": wall_ms + each, "boot": number, "uptime_ms": uptime_ms + each}
            journal.append(Reading(**moment), is_held=True)
        journal.append(Event(**moment, kind="started", message=""), is_held=True)


def events() -> list[str]:
    with Journal.open(DATA / "journal.db") as journal:
        return [event.kind for event in journal.records("events", 1, 99)]


def test_a_persons_word_puts_right_what_is_held_and_releases_it(solar: Solar) -> None:
    hold()
    ran = solar("clock", "trust")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1] == "3 held readings dated; the uploader can send them now."
    now = Clock(0).now()
    with Journal.open(DATA / "journal.db") as journal:
        assert journal.held("readings") == journal.held("events") == []
        assert journal.released("readings") == [(1, 3)]
        for reading in journal.records("readings", 1, 9):
            assert reading.time_ms - reading.uptime_ms == pytest.approx(now.time_ms - now.uptime_ms, abs=50)
            assert reading.wall_ms < 1_767_000_000_010
        assert [boot.anchor.source for boot in journal.boots()] == ["a person said so"]
    assert events() == ["started", "clock_trusted"]


def test_earlier_starts_are_dated_too(solar: Solar) -> None:
    hold(boot="yesterday's")
    hold()
    ran = solar("clock", "trust")
    assert ran.out.splitlines()[1] == "6 held readings dated; the uploader can send them now."
    assert events() == ["started", "started", "clock_trusted", "boot_dated"]
    with Journal.open(DATA / "journal.db") as journal:
        assert journal.held("readings") == []
        uncertain = [reading.time_uncertainty_seconds for reading in journal.records("readings", 1, 9)]
        assert all(each > 86400 for each in uncertain[:3])
        assert uncertain[3:] == [None] * 3


def test_with_a_logger_running_the_word_is_left_for_it(solar: Solar) -> None:
    hold()
    with JournalWriter.create(DATA / "journal.db"):
        ran = solar("clock", "trust")
        assert ran.out.splitlines()[1].startswith("The logger is running: from its next reading on it uses this clock")
        assert (DATA / NAME).stat().st_mode & 0o777 == 0o664
        word = TrustNotes(DATA, boot_id()).take()
        now = Clock(0).now()
        assert word.offset_ms == pytest.approx(now.time_ms - now.uptime_ms, abs=50)
        assert not list(DATA.glob("clock-trust*"))
        assert TrustNotes(DATA, boot_id()).take() is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"boot_id": 1, "uptime_ms": "x", "time_ms": 2}', "\0\xff"])
def test_a_word_that_nobody_can_understand_is_thrown_away(text: str, tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(text)
    assert TrustNotes(tmp_path, "this").take() is None
    assert list(tmp_path.glob("clock-trust*")) == []


def test_a_word_counts_in_its_own_boot_alone(tmp_path: Path) -> None:
    for boot, expected in (("this", Anchor(5, 6, "a person said so")), ("another", None)):
        (tmp_path / NAME).write_text(json.dumps({"boot_id": boot, "uptime_ms": 5, "time_ms": 6}))
        assert TrustNotes(tmp_path, "this").take() == expected


def test_a_time_that_cannot_be_is_not_trusted(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    hold()
    before = contents(DATA)
    monkeypatch.setattr("time.time_ns", lambda: 86_400 * 10**9)
    ran = solar("clock", "trust")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("cannot trust 1970-01-02T00:00:00.000Z: it is before 2026; set the clock")
    assert contents(DATA) == before


@pytest.mark.parametrize("arguments", [["clock"], ["clock", "show"], ["clock", "trust"]])
def test_without_a_journal_there_is_nothing_to_say(solar: Solar, arguments: list[str]) -> None:
    ran = solar(*arguments)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "there is no such file" in ran.err
    assert not DATA.exists()


def test_it_says_what_is_held_and_why(solar: Solar) -> None:
    hold(boot="yesterday's")
    hold()
    ran = solar("clock")
    assert ran.code == 0
    assert (
        "6 readings and 2 events, 4 of them from before the last restart: held until the clock is confirmed" in ran.out
    )
    solar("clock", "trust")
    ran = solar("clock", "show")
    assert "trusted: a person said so" in ran.out
    assert "Held        nothing" in ran.out


def test_status_says_it_too(solar: Solar) -> None:
    hold()
    shown = json.loads(solar("status", "--json").out)
    assert shown["held"] == {"readings": 3, "events": 1}
    assert shown["held_reason"] == "3 readings and 1 event: held until the clock is confirmed, then dated and sent"
    assert shown["clock_trusted"] is False
    solar("clock", "trust")
    shown = json.loads(solar("status", "--json").out)
    assert (shown["held"], shown["held_reason"]) == ({"readings": 0, "events": 0}, None)
    assert (shown["clock_trusted"], shown["clock"]) == (True, "trusted: a person said so")


def test_status_does_not_call_all_well_what_cannot_be_sent_yet(solar: Solar) -> None:
    hold(wall_ms=Clock(0).now().time_ms)
    ran = solar("status")
    assert ran.code == 0
    assert " ".join(ran.out.split("\n\n")[0].split()) == (
        "Nothing needs attention yet, but 4 records cannot be sent until the clock is confirmed: see `solar clock`"
    )
    assert solar("clock", "trust").code == 0
    assert solar("status").out.startswith("All is well.\n")
