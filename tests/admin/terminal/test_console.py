import signal
import threading

from admin.terminal.console import stop_on_signals


def test_a_signal_that_interrupts_whoever_holds_the_events_lock_is_heeded_all_the_same() -> None:
    stop = threading.Event()
    with stop_on_signals(stop):
        with stop._cond:  # type: ignore[attr-defined]
            signal.raise_signal(signal.SIGTERM)
        assert stop.wait(10)


def test_a_second_signal_goes_to_whom_it_went_before() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with stop_on_signals(threading.Event()):
            signal.raise_signal(signal.SIGTERM)
            assert seen == []
            signal.raise_signal(signal.SIGTERM)
            assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
