"""The tally: what was tried and how often, shown below the test results; docs/reliability.md is written from it."""

from collections.abc import Callable

import pytest

TALLY = pytest.StashKey[list[str]]()


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Takes a line for the end of the test run."""
    return pytestconfig.stash.setdefault(TALLY, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if lines := config.stash.get(TALLY, []):
        terminalreporter.section("reliability: what was tried", "=")
        for line in lines:
            terminalreporter.line(line)
