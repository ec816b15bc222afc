"""The audit: whether the server has what the journal has, and the same values."""
