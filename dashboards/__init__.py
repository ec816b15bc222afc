"""Dashboards for InfluxDB 2 and Grafana, written once as Python and committed as what the two programs read."""
