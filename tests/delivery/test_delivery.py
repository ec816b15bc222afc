"""The promise, tried: whatever happens to a site, each released reading is stored once and true (machine.py)."""

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.delivery.machine import Delivery

QUICK = settings(
    derandomize=True,
    database=None,
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_each_released_reading_is_stored_once_and_true() -> None:
    run_state_machine_as_test(Delivery, settings=QUICK)
