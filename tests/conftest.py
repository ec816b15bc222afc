"""Fixtures that tests of several rooms share."""

from tests.servers import database, influxdb_1_server, influxdb_2_server, victoria_metrics

__all__ = ["database", "influxdb_1_server", "influxdb_2_server", "victoria_metrics"]
