"""`solar clock`: whether the time is trusted, what is held, and a person's word."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.commands.clock import parse
from journal.boots import Anchor
from journal.errors import SolarError
from journal.id_ranges import NONE
from journal.journal import Journal
from journal.reading import Event, Reading
from journal.writer import JournalWriter
from logger.clock import kernel
from logger.clock.host_clock import Clock, boot_id
from logger.clock.timekeeper import Timekeeper
from logger.clock.trust import NoTimeSource
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
        assert journal.held("readings") == journal.held("events") == NONE
        assert list(journal.released("readings")) == [(1, 3)]
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
        assert not journal.held("readings")
        uncertain = [reading.time_uncertainty_seconds for reading in journal.records("readings", 1, 9)]
        assert all(each > 86400 for each in uncertain[:3])
        assert uncertain[3:] == [61.0] * 3


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
    for boot, expected in (("this", Anchor(5, 6, "a person said so", 60.0)), ("another", None)):
        (tmp_path / NAME).write_text(json.dumps({"boot_id": boot, "uptime_ms": 5, "time_ms": 6}))
        assert TrustNotes(tmp_path, "this").take() == expected


def test_a_time_that_cannot_be_is_not_trusted(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    hold()
    before = contents(DATA)
    monkeypatch.setattr("time.time_ns", lambda: 86_400 * 10**9)
    ran = solar("clock", "trust")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("cannot trust 1970-01-02T00:00:00.000Z: it is before 2026; set the clock first")
    assert contents(DATA) == before


@pytest.mark.parametrize("arguments", [["clock"], ["clock", "show"]])
def test_without_a_journal_there_is_nothing_to_say(solar: Solar, arguments: list[str]) -> None:
    ran = solar(*arguments)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "there is no such file" in ran.err
    assert not DATA.exists()


def test_show_need_not_be_written(solar: Solar) -> None:
    hold()
    shown = solar("clock", "show", "--clock", "trust").out
    assert [line for line in shown.splitlines() if line.startswith("Held")]
    ran = solar("clock", "--clock", "trust")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1:] == shown.splitlines()[1:]
    assert "set" in solar("clock", "--help").out
    assert solar("clock", "foo").err == "cannot run `solar clock`: no such command 'foo'; see `solar clock --help`\n"


@pytest.mark.parametrize("arguments", [["trust"], ["set", "2026-11-22 17:30"]])
def test_without_the_data_directory_nothing_is_changed(
    arguments: list[str], solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    computer = Settable(monkeypatch)
    computer.off_ns = before = 0
    ran = solar("clock", *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no such directory; give the logger's with --data, or start the logger first" in ran.err
    assert computer.off_ns == before
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
    assert "trusted, give or take 1 minute: a person said so" in ran.out
    assert "Held        nothing" in ran.out


def test_status_says_it_too(solar: Solar) -> None:
    hold()
    shown = json.loads(solar("status", "--json").out)
    assert shown["held"] == {"readings": 3, "events": 1, "checks": 0}
    assert shown["held_reason"] == "3 readings and 1 event: held until the clock is confirmed, then dated and sent"
    assert shown["clock_trusted"] is False
    solar("clock", "trust")
    shown = json.loads(solar("status", "--json").out)
    assert (shown["held"], shown["held_reason"]) == ({"readings": 0, "events": 0, "checks": 0}, None)
    assert (shown["clock_trusted"], shown["clock"]) == (True, "trusted, give or take 1 minute: a person said so")


def test_status_does_not_call_all_well_what_cannot_be_sent_yet(solar: Solar) -> None:
    hold(wall_ms=Clock(0).now().time_ms)
    ran = solar("status")
    assert ran.code == 0
    assert " ".join(ran.out.split("\n\n")[0].split()) == (
        "Nothing needs attention yet, but 4 records cannot be sent until the clock is confirmed: see `solar clock`"
    )
    assert solar("clock", "trust").code == 0
    assert solar("status").out.startswith("All is well.\n")


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-10-25 01:59", "2026-10-24 23:59:30"),
        ("2026-10-25 02:30", None),
        ("2026-10-25 02:30+02:00", "2026-10-25 00:30:30"),
        ("2026-10-25 02:30:10+0100", "2026-10-25 01:30:10"),
        ("2026-10-25 03:00", "2026-10-25 02:00:30"),
        ("2026-03-29 02:30", None),
        ("2026-11-22T17:30:00Z", "2026-11-22 17:30:00"),
    ],
)
def test_an_hour_that_comes_twice_or_never_needs_the_offset_from_utc(
    written: str, utc: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        if utc is None:
            with pytest.raises(SolarError, match="add the offset from UTC"):
                parse(written)
        else:
            parsed_ms, _ = parse(written)
            assert f"{datetime.fromtimestamp(parsed_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}" == utc
    finally:
        monkeypatch.undo()
        time.tzset()


class Settable:
    """A wall clock of our own, in place of the computer's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_root: bool = True) -> None:
        self.off_ns = -100 * 86_400 * 10**9
        self._is_root = is_root
        self._real = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: self._real() + self.off_ns)
        monkeypatch.setattr(time, "clock_settime_ns", self._set)
        monkeypatch.setattr(kernel, "ask", lambda: None)

    def _set(self, clock: int, wanted_ns: int) -> None:
        assert clock == time.CLOCK_REALTIME
        if not self._is_root:
            raise PermissionError(1, "Operation not permitted")
        self.off_ns = wanted_ns - self._real()


def shown_now() -> datetime:
    return datetime.fromtimestamp(time.time_ns() / 1e9)  # noqa: DTZ006 - as a person reads it off a watch


@pytest.mark.parametrize(
    ("written", "stated", "words"),
    [("%Y-%m-%d %H:%M", 61, "1 minute"), ("%Y-%m-%d %H:%M:%S", 6, "5 seconds"), ("%Y-%m-%dT%H:%M", 61, "1 minute")],
)
def test_a_person_sets_the_clock_and_says_so_in_one(
    written: str, stated: float, words: str, solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold()
    wanted = shown_now().strftime(written)
    Settable(monkeypatch)
    ran = solar("clock", "set", wanted)
    assert (ran.code, ran.err) == (0, "")
    accepted, done = ran.out.splitlines()
    assert accepted.startswith("Clock accepted: ")
    assert accepted.endswith(f", give or take {words}")
    assert done == "3 held readings dated; the uploader can send them now."
    off = shown_now() - datetime.strptime(wanted, written)  # noqa: DTZ007
    assert 0 <= off.total_seconds() - (0 if "%S" in written else 30) < 5
    with Journal.open(DATA / "journal.db") as journal:
        assert [each.time_uncertainty_seconds for each in journal.records("readings", 1, 9)] == [stated] * 3


def test_a_clock_that_is_set_before_anything_was_logged_counts_for_the_first_reading(
    solar: Solar, monkeypatch: pytest.MonkeyPatch
) -> None:
    DATA.mkdir()
    wanted = shown_now().strftime("%Y-%m-%d %H:%M:%S")
    Settable(monkeypatch)
    ran = solar("clock", "set", wanted)
    assert (ran.code, ran.err) == (0, "")
    assert "Nothing has been logged here yet: the logger will use this clock" in ran.out
    with JournalWriter.create(DATA / "journal.db") as journal:
        notes = TrustNotes(DATA, boot_id()).take
        keeper = Timekeeper(journal, Clock(0), boot_id(), NoTimeSource(), trust_notes=notes)
        now = Clock(0).now()
        keeper.append(Reading(time_ms=now.time_ms, boot=keeper.boot, uptime_ms=now.uptime_ms))
        assert not journal.held("readings")
        (first,) = journal.records("readings", 1, 9)
        assert first.time_uncertainty_seconds == 6
        assert abs(first.time_ms / 1000 - shown_now().timestamp()) < 5


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("half past five", "cannot understand the time 'half past five': write it like '2026-11-22 17:30'"),
        ("2026-11-22", "cannot understand the time '2026-11-22': write it like '2026-11-22 17:30'"),
        ("17:30", "cannot understand the time '17:30': write it like '2026-11-22 17:30'"),
        ("1999-01-01 12:00", "cannot set the clock to 1999-01-01 12:00: that is before 2026; nothing was changed"),
        ("2026-11-22 17:30", "cannot set the clock to 2026-11-22 17:30: only root may; run it again with sudo"),
    ],
)
def test_a_clock_that_is_not_set(written: str, words: str, solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    hold()
    before = contents(DATA)
    Settable(monkeypatch, is_root=False)
    ran = solar("clock", "set", written)
    assert (ran.code, ran.out, ran.err) == (1 if "only root" in words else 2, "", f"{words}\n")
    assert contents(DATA) == before


def test_a_clock_that_a_time_server_sets_is_left_to_it(solar: Solar, monkeypatch: pytest.MonkeyPatch) -> None:
    hold()
    Settable(monkeypatch)
    monkeypatch.setattr(kernel, "ask", lambda: kernel.State(is_synchronised=True))
    ran = solar("clock", "set", "2026-11-22 17:30")
    assert ran.err == (
        "cannot set the clock to 2026-11-22 17:30: the kernel is synchronised with a time server; nothing was changed\n"
    )
