"""Who is believed when the clock is said to be right."""

import os
from pathlib import Path

import pytest

from logger.clock import trust
from logger.clock.host_clock import Moment
from logger.clock.trust import (
    EARLIEST_MS,
    LATEST_MS,
    Evidence,
    ThisComputer,
    TrustSetting,
    absurd,
    kernel_is_synchronised,
)

NOW = Moment(1_800_000_000_000, 1, 7_200_000)
KERNEL = Evidence("the kernel is synchronised with a time server", is_lasting=True)


def computer(tmp_path: Path, kernel: bool | None = False) -> ThisComputer:
    return ThisComputer(kernel=lambda: kernel, rtc=tmp_path / "rtc", synchronised=tmp_path / "synchronized")


def hardware_clock(tmp_path: Path, since_epoch: str, hctosys: str = "1", name: str = "rtc0") -> None:
    directory = tmp_path / "rtc" / name
    directory.mkdir(parents=True)
    (directory / "hctosys").write_text(hctosys + "\n")
    (directory / "since_epoch").write_text(since_epoch + "\n")


def marker(tmp_path: Path, seconds_ago: float) -> None:
    path = tmp_path / "synchronized"
    path.touch()
    at = NOW.time_ms / 1000 - seconds_ago
    os.utime(path, (at, at))


def test_nobody_says_anything(tmp_path):
    assert computer(tmp_path).ask(NOW) is None
    assert computer(tmp_path, kernel=None).ask(NOW) is None


def test_the_kernel_is_believed_before_the_others(tmp_path):
    hardware_clock(tmp_path, "1800000000")
    marker(tmp_path, 60)
    assert computer(tmp_path, kernel=True).ask(NOW) == KERNEL


@pytest.mark.parametrize("off", [-2, 0, 2])
def test_a_hardware_clock_from_which_the_time_was_set(tmp_path, off):
    hardware_clock(tmp_path, "nonsense", name="rtc0")
    hardware_clock(tmp_path, str(1_800_000_000 + off), name="rtc1")
    assert computer(tmp_path).ask(NOW) == Evidence("it was set from the hardware clock rtc1")


@pytest.mark.parametrize(
    ("since_epoch", "hctosys"),
    [("1800000000", "0"), ("1800000004", "1"), ("1799999996", "1"), ("7200", "1"), ("", "1"), ("1800000000", "")],
)
def test_a_hardware_clock_that_was_not_used_or_shows_something_else(tmp_path, since_epoch, hctosys):
    """hctosys is also 1 on a Raspberry Pi 5 without its battery; then the saved time of the last shutdown is taken."""
    hardware_clock(tmp_path, since_epoch, hctosys)
    assert computer(tmp_path).ask(NOW) is None


def test_the_marker_says_that_the_time_was_right_a_while_ago(tmp_path):
    marker(tmp_path, 6000)
    assert computer(tmp_path).ask(NOW) == Evidence("timesyncd synchronised it 1 h 40 min before", 6000 * 50e-6)


@pytest.mark.parametrize("seconds_ago", [-5, 7300])
def test_a_marker_of_another_time_means_that_the_clock_has_been_set_since(tmp_path, seconds_ago):
    marker(tmp_path, seconds_ago)
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


def test_this_kernel_answers_anybody():
    assert kernel_is_synchronised() in (True, False)


def test_where_the_library_may_not_ask_the_system_call_is_tried(monkeypatch):
    """As in a container whose filter knows adjtimex but not clock_adjtime."""
    real = trust.ctypes.CDLL

    class Filtered:
        def __init__(self, name, use_errno):
            self.syscall = real(name, use_errno=use_errno).syscall

        def adjtimex(self, timex):
            return -1

    expected = kernel_is_synchronised()
    monkeypatch.setattr(trust.ctypes, "CDLL", Filtered)
    assert kernel_is_synchronised() is expected
    monkeypatch.setattr(trust, "SYSTEM_CALLS", {})
    assert kernel_is_synchronised() is None


def test_the_bit_is_read_where_the_kernel_puts_it(monkeypatch):
    """struct timex of this machine: status comes after an int, padded to a long, and four longs."""

    class Kernel:
        status = 0

        def __init__(self, name, use_errno):
            pass

        def adjtimex(self, timex):
            at = 5 * trust.ctypes.sizeof(trust.ctypes.c_long)
            timex[at : at + 4] = Kernel.status.to_bytes(4, trust.sys.byteorder)
            return 0

    monkeypatch.setattr(trust.ctypes, "CDLL", Kernel)
    for status, is_synchronised in [(0x2001, True), (0x40, False), (0x2041, False), (0, True)]:
        Kernel.status = status
        assert kernel_is_synchronised() is is_synchronised
