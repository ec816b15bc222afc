"""Fixtures that several rooms share; an environment that says nothing about terminals; what is told at the end.

At the end: what was tried and how often (docs/reliability.md and docs/fleet.md are written from it), what was skipped.
"""

import os
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import settings

from tests.servers import database, influxdb_1_server, influxdb_2_server, victoria_metrics

__all__ = ["database", "influxdb_1_server", "influxdb_2_server", "victoria_metrics"]

for _name in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TERMINAL_WIDTH", "GITHUB_ACTIONS"):
    os.environ.pop(_name, None)  # rich and typer heed them, some as soon as they are imported

settings.register_profile("busy", deadline=None)  # how long an example takes tells of the computer, not of the code
settings.load_profile("busy")


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
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, number in Counter(report.longrepr[2] for report in skipped).most_common():
        terminalreporter.line(f"{number:4} {reason[:1].lower()}{reason[1:]}")
