"""What the kernel says of its clock."""

import ctypes

import pytest

from logger.clock import kernel
from logger.clock.kernel import State, Timex, state_of


def timex(**values: int) -> Timex:
    return Timex(**{"status": 0, "tick": 10_000} | values)


def test_this_kernel_answers_anybody():
    assert kernel.ask() is not None


def test_its_answer_stands_where_the_structure_has_it():
    """The tick and the precision are known on any machine; a field that is misplaced would show others."""
    answer = Timex()
    assert ctypes.CDLL(None).adjtimex(ctypes.byref(answer)) >= 0
    assert 9_000 <= answer.tick <= 11_000
    assert 0 < answer.precision <= 1000
    assert answer.time[0] > 0


def test_where_the_library_may_not_ask_the_system_call_is_tried(monkeypatch):
    """As in a container whose filter knows adjtimex but not clock_adjtime."""
    real = ctypes.CDLL

    class Filtered:
        def __init__(self, name, use_errno):
            self.syscall = real(name, use_errno=use_errno).syscall

        def adjtimex(self, timex):
            return -1

    monkeypatch.setattr(kernel.ctypes, "CDLL", Filtered)
    assert kernel.ask() is not None
    monkeypatch.setattr(kernel, "SYSTEM_CALLS", {})
    assert kernel.ask() is None


@pytest.mark.parametrize(("status", "is_synchronised"), [(0x2001, True), (0x40, False), (0x2041, False), (0, True)])
def test_whether_it_is_synchronised(status, is_synchronised):
    assert state_of(timex(status=status)).is_synchronised is is_synchronised


@pytest.mark.parametrize(
    ("values", "is_slewing"),
    [
        pytest.param({"freq": 40 * 65536}, False, id="tuned by 40 millionths"),
        pytest.param({"freq": -150 * 65536}, False, id="a bad oscillator"),
        pytest.param({"freq": -500 * 65536}, True, id="tuned as much as it can be: chrony with maxslewrate 500"),
        pytest.param({"tick": 10_833}, True, id="8 % faster, as chrony does by default"),
        pytest.param({"tick": 9_990}, True, id="a thousandth slower"),
        pytest.param({"tick": 10_001, "freq": -80 * 65536}, False, id="a tick and its counterpart"),
    ],
)
def test_whether_it_is_slewed(values, is_slewing):
    assert state_of(timex(**values)).is_slewing is is_slewing


def test_how_wrong_it_may_be():
    assert state_of(timex(maxerror=16_000_000)).uncertainty_seconds == pytest.approx(1.6)  # 9 hours after the contact
    assert state_of(timex(offset=-300_000, esterror=50_000)).uncertainty_seconds == pytest.approx(0.35)
    assert state_of(timex(offset=300_000_000, status=0x2000)).uncertainty_seconds == pytest.approx(0.3)
    assert state_of(timex()) == State(True)
