"""However a part of the checkup ends, or does not, the others are told."""

import threading
from collections.abc import Iterator

import pytest

from admin.doctor.finding import Finding, Verdict, ok
from admin.doctor.runner import Part, examine
from journal.errors import PortMissing


def well(name: str) -> Iterator[Finding]:
    yield ok(name, "well")


def told(*parts: Part) -> list[tuple[str, str, str]]:
    return [(finding.name, finding.verdict.value, finding.found) for finding in examine(parts)]


def test_findings_come_in_the_order_of_the_parts_whichever_is_done_first() -> None:
    second_is_done = threading.Event()

    def first() -> Iterator[Finding]:
        second_is_done.wait(5)
        yield ok("port", "well")
        yield ok("adapter", "well")

    def second() -> Iterator[Finding]:
        yield ok("disk", "well")
        second_is_done.set()

    assert [name for name, _, _ in told(Part("port", 5, first), Part("disk", 5, second))] == ["port", "adapter", "disk"]


def test_a_part_that_hangs_is_left_behind() -> None:
    hangs = threading.Event()

    def hang() -> Iterator[Finding]:
        yield ok("disk", "well")
        hangs.wait(30)

    try:
        assert told(Part("card", 0.05, hang), Part("clock", 5, lambda: well("clock"))) == [
            ("disk", "ok", "well"),
            ("card", "bad", "this check did not finish in 0 seconds; the checks that follow it were left out"),
            ("clock", "ok", "well"),
        ]
    finally:
        hangs.set()


@pytest.mark.parametrize(
    ("error", "found", "remedy"),
    [
        (PortMissing("cannot open x: it is away; plug it in"), "cannot open x: it is away", "plug it in"),
        (
            ZeroDivisionError("s3cret"),
            "the check itself failed (ZeroDivisionError)",
            "this is a fault in the program",
        ),
    ],
    ids=["ours", "a mistake"],
)
def test_a_part_that_fails_is_a_finding(error: Exception, found: str, remedy: str) -> None:
    def fail() -> Iterator[Finding]:
        raise error
        yield

    failed, after = examine([Part("port", 5, fail), Part("clock", 5, lambda: well("clock"))])
    assert (failed.verdict, failed.found) == (Verdict.BAD, found)
    assert failed.remedy.startswith(remedy)
    assert after.verdict is Verdict.OK
