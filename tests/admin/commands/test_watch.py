"""`solar watch` at a terminal and redirected."""

from pathlib import Path

from tests.admin.conftest import Solar, contents, redirected
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


def test_without_a_journal_it_says_so_and_waits(solar: Solar) -> None:
    ran = redirected(None, "watch", "--count", "x")
    assert (ran.code, "whole number" in ran.err) == (2, True)
