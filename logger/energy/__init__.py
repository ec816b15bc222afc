"""Energy from readings, as logger and page both calculate it: sums of quarters of an hour, nights, autonomy."""
