"""The moment."""

import re
import time

from logger.clock import host_clock
from logger.clock.host_clock import Clock, boot_id


def test_the_boot_has_the_kernels_name():
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", boot_id())
    assert boot_id() == boot_id()


def test_a_moment_is_wall_clock_boot_and_uptime_in_milliseconds():
    before = time.time_ns() // 1_000_000, host_clock._uptime_ms()
    moment = Clock(7).now()
    after = time.time_ns() // 1_000_000, host_clock._uptime_ms()
    assert before[0] <= moment.time_ms <= after[0]
    assert before[1] <= moment.uptime_ms <= after[1]
    assert moment.boot == 7


def test_a_suspension_between_the_two_clocks_does_not_look_like_a_step(monkeypatch):
    uptimes = iter([1_000, 9_000_000, 9_000_001, 9_000_001])
    monkeypatch.setattr(host_clock, "_uptime_ms", lambda: next(uptimes))
    assert Clock(7).now().uptime_ms == 9_000_001


def test_a_clock_that_never_rests_is_taken_as_it_is(monkeypatch):
    uptimes = iter(range(0, 10**6, 1000))
    monkeypatch.setattr(host_clock, "_uptime_ms", lambda: next(uptimes))
    assert Clock(7).now().uptime_ms == 8_000


def test_the_uptime_includes_suspensions_and_leaves_out_what_the_clock_was_slewed(monkeypatch):
    """CLOCK_MONOTONIC and CLOCK_BOOTTIME were made faster by 200 s; suspended for an hour."""
    clocks = {time.CLOCK_MONOTONIC_RAW: 1_000, time.CLOCK_MONOTONIC: 1_200, time.CLOCK_BOOTTIME: 4_800}
    monkeypatch.setattr(time, "clock_gettime_ns", lambda clock: clocks[clock] * 10**9)
    assert host_clock._uptime_ms() == 4_600_000
