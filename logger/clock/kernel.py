"""What the kernel says about its wall clock: adjtimex(2) with modes 0. Any user may call it, and it changes nothing.

    struct timex    unsigned modes; long offset, freq, maxerror, esterror; int status; long constant, precision,
                    tolerance; struct timeval time; long tick; …        (linux/timex.h)

A time program (timesyncd, chrony with `rtcsync`, ntpd) clears STA_UNSYNC at each contact with its server and says how
wrong the time may then be (maxerror, in µs). From there the kernel adds 500 µs a second. At 16 s, 9 hours after the
last contact, it sets STA_UNSYNC; and at once when somebody sets the clock.
"""

import ctypes
import platform
from dataclasses import dataclass

from journal.boots import DRIFT

STA_UNSYNC = 0x40
STA_NANO = 0x2000
ADDED_EACH_SECOND = 500e-6
SLEWED_FROM = 200e-6
"""No oscillator of a computer is so far off. Whoever tunes its clock by more corrects a wrong time."""
TICK_MICROSECONDS = 10_000
# Some C libraries make adjtimex() from clock_adjtime, which a container may forbid. Then try the system call itself.
SYSTEM_CALLS = {"x86_64": 159, "aarch64": 171, "armv7l": 124, "armv6l": 124, "i686": 124, "riscv64": 171}


class Timex(ctypes.Structure):
    """See above. `rest` is room for what the kernel writes after the fields."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


@dataclass(frozen=True, slots=True)
class State:
    """Whether the clock is synchronised; whether it is being slewed; how wrong it may be."""

    is_synchronised: bool
    is_slewing: bool = False
    uncertainty_seconds: float = 0.0


def ask() -> State | None:
    """The state at this moment; None if this process may not ask the kernel."""
    timex = Timex()
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        answer = libc.adjtimex(ctypes.byref(timex))
        if answer < 0 and platform.machine() in SYSTEM_CALLS:
            answer = libc.syscall(SYSTEM_CALLS[platform.machine()], ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else state_of(timex)


def state_of(timex: Timex) -> State:
    """What it means.

    `freq` tunes the clock by at most 500 millionths; to slew it faster a program changes `tick`. `offset` is the
    correction still to be made. The kernel adds ten times as much to maxerror as an oscillator drifts (DRIFT).
    """
    rate = (timex.tick - TICK_MICROSECONDS) / TICK_MICROSECONDS + timex.freq / 65536e6
    offset_seconds = abs(timex.offset) / (1e9 if timex.status & STA_NANO else 1e6)
    grown_seconds = timex.maxerror / 1e6 * DRIFT / ADDED_EACH_SECOND
    return State(
        not timex.status & STA_UNSYNC,
        abs(rate) > SLEWED_FROM,
        offset_seconds + timex.esterror / 1e6 + grown_seconds,
    )
