"""The report's page and charts."""
