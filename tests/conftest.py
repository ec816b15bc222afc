"""Fixtures that tests of several rooms share, and an environment that says nothing about terminals."""

import os

from hypothesis import settings

from tests.servers import database, influxdb_1_server, influxdb_2_server, victoria_metrics

__all__ = ["database", "influxdb_1_server", "influxdb_2_server", "victoria_metrics"]

for _name in ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE", "TERMINAL_WIDTH", "GITHUB_ACTIONS"):
    os.environ.pop(_name, None)  # rich and typer heed them, some as soon as they are imported

settings.register_profile("busy", deadline=None)  # how long an example takes tells of the computer, not of the code
settings.load_profile("busy")
