import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin.terminal.moments import WANTED, iso, parse_moment
from tests.admin.conftest import Ran, Solar, contents
from uploader.progress.progress import Progress

NOW = datetime(2026, 1, 8, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-05", "2026-01-05T00:00:00.000Z"),
        ("2026-01-05T17:30", "2026-01-05T17:30:00.000Z"),
        ("2026-01-05 17:30:01.25", "2026-01-05T17:30:01.250Z"),
        ("2026-01-05T17:30Z", "2026-01-05T17:30:00.000Z"),
        ("2026-01-05T17:30+10:00", "2026-01-05T07:30:00.000Z"),
        ("7d", "2026-01-01T12:00:00.000Z"),
        ("24h", "2026-01-07T12:00:00.000Z"),
        ("30m", "2026-01-08T11:30:00.000Z"),
        ("90s", "2026-01-08T11:58:30.000Z"),
        ("1w", "2026-01-01T12:00:00.000Z"),
        ("1.5 h", "2026-01-08T10:30:00.000Z"),
        (" 0d ", "2026-01-08T12:00:00.000Z"),
    ],
)
def test_a_moment_is_a_date_a_time_or_so_long_ago(text: str, expected: str) -> None:
    assert iso(parse_moment(text, NOW)) == expected


@pytest.mark.parametrize(
    "text",
    ["yesterday-ish", "", "7", "d", "-7d", "7 days", "2026-13-01", "2026-01-05T25:00", "9" * 400 + "d", "99999999999w"],
)
def test_anything_else_is_answered_with_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(WANTED)}$"):
        parse_moment(text, NOW)


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    with suppress(ValueError):
        parse_moment(text, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_iso_writes_is_read_back_to_the_millisecond(moment: datetime) -> None:
    time_ms = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_moment(iso(time_ms), NOW) == time_ms


@pytest.mark.parametrize("text", ["yesterday", "", "-7d", "99999999d", "2026-02-30", "10000-01-01", "nan", "a\nb"])
@pytest.mark.parametrize(
    "asked",
    [
        ("export", "--output", "x.csv", "--since"),
        ("export", "--output", "x.csv", "--until"),
        ("report", "--since"),
        ("report", "--until"),
        ("audit", "--repair", "--since"),
        ("audit", "--repair", "--until"),
        ("replay", "--since"),
        ("replay", "--since", "2025-01-01", "--until"),
        ("calibrate", "--adopt", "--since"),
    ],
    ids=" ".join,
)
def test_every_command_answers_a_bad_moment_in_one_line_and_does_nothing(
    solar: Solar, data: Path, tmp_path: Path, asked: tuple[str, ...], text: str
) -> None:
    Progress.open(data / "uploader.db").close()
    before = contents(tmp_path)
    ran = solar(*asked, text)
    shown = {"": "''", "a\nb": "a\\x0ab"}.get(text, text)
    assert ran == Ran(2, "", f"cannot use {asked[-1]} {shown}: {WANTED}\n")
    assert contents(tmp_path) == before
