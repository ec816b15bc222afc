"""Dashboards for InfluxDB 2 and Grafana, written once in Python, and committed as the files that both programs read."""
