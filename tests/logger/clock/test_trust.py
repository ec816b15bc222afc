"""Who is believed when the clock is said to be right."""

from pathlib import Path

import pytest

from logger.clock import trust
from logger.clock.host_clock import Clock, Moment
from logger.clock.kernel import State
from logger.clock.trust import (
    EARLIEST_MS,
    KERNEL,
    LATEST_MS,
    Evidence,
    ThisComputer,
    TrustSetting,
    absurd,
    confirm,
)

UNSYNCHRONISED = State(is_synchronised=False)
NOW = Moment(1_800_000_000_000, 1, 7_200_000)


def computer(tmp_path: Path, state: State | None = UNSYNCHRONISED, chrony: float | None = None) -> ThisComputer:
    return ThisComputer(ask_kernel=lambda: state, ask_chrony=lambda: chrony, rtc=tmp_path / "rtc")


def hardware_clock(tmp_path: Path, since_epoch: str, hctosys: str = "1", name: str = "rtc0") -> None:
    directory = tmp_path / "rtc" / name
    directory.mkdir(parents=True)
    (directory / "hctosys").write_text(hctosys + "\n")
    (directory / "since_epoch").write_text(since_epoch + "\n")


def test_nobody_says_anything(tmp_path):
    assert computer(tmp_path).ask(NOW) is None
    assert computer(tmp_path, None).ask(NOW) is None


def test_the_kernel_is_believed_before_the_others_as_far_as_it_says_itself(tmp_path):
    hardware_clock(tmp_path, "1800000000")
    asked = computer(tmp_path, State(True, uncertainty_seconds=1.25), chrony=0.1).ask(NOW)
    assert asked == Evidence(KERNEL, 1.25, is_lasting=True)


def test_while_the_clock_is_slewed_nobody_is_believed(tmp_path):
    hardware_clock(tmp_path, "1800000000")
    assert computer(tmp_path, State(True, is_slewing=True), chrony=0.1).ask(NOW) is None


@pytest.mark.parametrize("state", [None, State(False)])
def test_chrony_is_believed_where_it_does_not_tell_the_kernel(tmp_path, state):
    asked = computer(tmp_path, state, chrony=0.75).ask(NOW)
    assert asked == Evidence("chrony is synchronised with a time server", 0.75, is_lasting=True)


def test_chrony_is_not_believed_while_it_puts_much_right(tmp_path):
    assert computer(tmp_path, chrony=1.5).ask(NOW) is None


class Asked:
    """A source that answers differently each time."""

    def __init__(self, *answers: Evidence | None) -> None:
        self._answers = list(answers)

    def ask(self, moment: Moment) -> Evidence | None:
        return self._answers.pop(0)


A, B = Evidence("a", is_lasting=True), Evidence("b", is_lasting=True)


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(A, A, A), (None, A, None), (A, None, None), (A, B, None), (None, None, None)]
)
def test_what_is_not_said_before_and_after_the_moment_is_not_said_of_it(before, after, expected):
    assert confirm(Clock(1), Asked(before, after))[1] is expected


@pytest.mark.parametrize("off", [-2, 0, 2])
def test_a_hardware_clock_from_which_the_time_was_set(tmp_path, off):
    hardware_clock(tmp_path, "nonsense", name="rtc0")
    hardware_clock(tmp_path, str(1_800_000_000 + off), name="rtc1")
    assert computer(tmp_path).ask(NOW) == Evidence(
        "it was set from the hardware clock rtc1", abs(off), is_hardware=True
    )


@pytest.mark.parametrize(
    ("since_epoch", "hctosys"),
    [("1800000000", "0"), ("1800000007", "1"), ("1799999993", "1"), ("7200", "1"), ("", "1"), ("1800000000", "")],
)
def test_a_hardware_clock_that_was_not_used_or_shows_something_else(tmp_path, since_epoch, hctosys):
    """hctosys is also 1 on a Raspberry Pi 5 without its battery; then the saved time of the last shutdown is taken."""
    hardware_clock(tmp_path, since_epoch, hctosys)
    assert computer(tmp_path).ask(NOW) is None


def test_a_setting_is_always_believed():
    assert TrustSetting().ask(NOW).is_lasting
    assert isinstance(trust.time_source("trust"), TrustSetting)
    assert isinstance(trust.time_source("auto"), ThisComputer)


@pytest.mark.parametrize(
    ("time_ms", "words"),
    [
        (0, "before 2026"), (-(10**12), "before 2026"), (EARLIEST_MS, None),
        (EARLIEST_MS - 1, "before 2026"), (LATEST_MS, None),
        (LATEST_MS + 1, "after 2040"),
        (2**62, "after 2040"),
    ],
)  # fmt: skip
def test_an_absurd_time(time_ms, words):
    assert absurd(time_ms) == words
