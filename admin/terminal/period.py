"""Turns the period of --since and --until into the journal's ids."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

import typer

from admin.terminal.moments import iso, parse_moment
from journal.errors import BadSetting
from journal.journal import Journal

Ranges = list[tuple[int, int]]


def moment(text: str) -> int:
    return parse_moment(text, datetime.now(UTC))


# fmt: off
Since = Annotated[int | None, typer.Option(
    parser=moment, metavar="TIME",
    help="Start: 2026-01-05, 2026-01-05T17:30+10:00 (UTC if no zone), or 7d, 24h, 30m before now.")]
Until = Annotated[int | None, typer.Option(
    parser=moment, metavar="TIME", help="End, not included; same format as --since.")]
# fmt: on


def check_period(since: int | None, until: int | None) -> None:
    if since is not None and until is not None and since >= until:
        raise BadSetting(
            f"cannot use --since {iso(since)} with --until {iso(until)}: the start must be before the end; "
            "give an earlier --since or a later --until"
        )


def ids_in_period(journal: Journal, stream: str, since: int | None, until: int | None) -> Ranges:
    """The ranges of ids in a period; either end may be open. Days come one by one: a day that is stored again gets a
    new id, so a later day may have a lower one."""
    return journal.id_ranges(stream, -(2**63) if since is None else since, 2**63 if until is None else until)


def how_many(ranges: Iterable[tuple[int, int]]) -> int:
    """How many ids they have; a range includes both its ends."""
    return sum(last - first + 1 for first, last in ranges)
