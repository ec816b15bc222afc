"""Fixtures that tests of several rooms share; the tally of what was tried and how often, shown below the test results.

docs/reliability.md and docs/fleet.md are written from it.
"""

from collections.abc import Callable

import pytest

from tests.servers import database, influxdb_1_server, influxdb_2_server, victoria_metrics

__all__ = ["database", "influxdb_1_server", "influxdb_2_server", "victoria_metrics"]


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a line for the end of the test run; it travels with the test's report, also from another process."""
    return lambda line: record_property("tried", line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.getreports("passed")
    lines = [str(line) for report in reports for name, line in report.user_properties if name == "tried"]
    if lines:
        terminalreporter.section("what was tried", "=")
        for line in lines:
            terminalreporter.line(line)
