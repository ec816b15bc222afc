"""Energy in numbers: sums of the readings, days, nights, and what they say about the site."""
