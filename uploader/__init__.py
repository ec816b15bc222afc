"""The journal's readings on their way to InfluxDB. Knows nothing of serial ports."""
