"""`solar watch` at a terminal and redirected."""

import sqlite3
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from admin.commands.watch import screen_of
from admin.page.site import Site
from tests.admin.conftest import Solar, contents, event, redirected
from tests.admin.page.conftest import log


def test_redirected_it_prints_a_line_for_each_reading(solar: Solar) -> None:
    log(Path("data"), 3)
    before = contents(Path("data"))
    ran = solar("watch", "--count", "1")
    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert ran.out.endswith("PL80, 25.4 V, 81 % full, charge 12.0 A, load 4.5 A, boost  [Charging, 8 A]\n")
    assert contents(Path("data")) == before


def test_what_needs_attention_is_a_line_too(solar: Solar) -> None:
    log(Path("data"), 3, load_disconnected=1)
    (Path("data") / "journal-damaged-20260101T000000Z.db").touch()
    ran = solar("watch", "--count", "1")
    assert "LOAD CUT OFF" in ran.out
    assert "needs attention: a damaged journal was set aside" in ran.out


def test_a_hostile_name_or_event_does_not_command_the_terminal(solar: Solar) -> None:
    """The words of a server, and so of anybody between, can be in what needs attention."""
    hostile = "\x1b]0;a title\x07\x1b[31mred\r"
    log(Path("data"), 3, event(1, "regulator_silent", hostile), site=hostile, regulator_state=hostile)
    with sqlite3.connect("data/journal.db") as file:
        file.execute("UPDATE readings SET time_ms = time_ms - 7200000")
    look = Site(Path("data"), is_upload_wanted=False, keeps_sums=False).look
    shown = StringIO()
    Console(width=300, file=shown).print(screen_of(look, 300))
    for text in (shown.getvalue(), solar("watch", "--count", "1").out, solar("status").out):
        assert "\\x1b[31mred" in text
        assert all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.mark.parametrize("width", [40, 69, 70, 80])
def test_no_number_is_cut_off_in_a_narrow_terminal(width: int) -> None:
    log(Path("data"), 3000, charge_watts=300_000.0, load_watts=114_300.0, charge_amps=12_000.0, load_amps=4_500.0)
    look = Site(Path("data"), is_upload_wanted=False, keeps_sums=False).look
    shown = StringIO()
    Console(width=width, file=shown).print(screen_of(look, width))
    lines = shown.getvalue().splitlines()
    assert "…" not in shown.getvalue()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line.startswith("This month ")]


def test_without_a_journal_it_says_so_and_waits(solar: Solar) -> None:
    ran = redirected(None, "watch", "--count", "x")
    assert (ran.code, "whole number" in ran.err) == (2, True)
