"""Fixtures that tests of several rooms share, and an environment that says nothing about terminals."""

import os
from collections import Counter

import pytest
from hypothesis import settings

from tests.servers import database, influxdb_1_server, influxdb_2_server, victoria_metrics

__all__ = ["database", "influxdb_1_server", "influxdb_2_server", "victoria_metrics"]

for _name in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TERMINAL_WIDTH", "GITHUB_ACTIONS"):
    os.environ.pop(_name, None)  # rich and typer heed them, some as soon as they are imported

settings.register_profile("busy", deadline=None)  # how long an example takes tells of the computer, not of the code
settings.load_profile("busy")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped and what it needs, a line for each reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason, number in Counter(report.longrepr[2] for report in skipped).most_common():
        terminalreporter.line(f"{number:4} {reason[:1].lower()}{reason[1:]}")
