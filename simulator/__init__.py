"""A PL80 behind a PLI, in software; imports nothing of the other packages and shares no table with them."""
