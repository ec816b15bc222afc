"""The promise, tried: whatever happens to a site, each released reading is stored once and true (machine.py)."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.delivery.life import TALLY
from tests.delivery.machine import Delivery

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=200,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(QUICK, derandomize=False, print_blob=True, max_examples=1000, stateful_step_count=50)


def test_each_released_reading_is_stored_once_and_true() -> None:
    run_state_machine_as_test(Delivery, settings=QUICK)


@pytest.mark.long
def test_so_it_is_in_thousands_of_lives(record_property: Callable[[str, object], None]) -> None:
    TALLY.clear()
    run_state_machine_as_test(Delivery, settings=LONG)
    tried = ", ".join(f"{number:,} {what}" for what, number in sorted(TALLY.items()))
    record_property("tried", f"a site in any order of events: {tried}; none missing, doubled or wrong")
