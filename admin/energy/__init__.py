"""Energy in numbers: sums of the readings, days, and what they say about the site."""
