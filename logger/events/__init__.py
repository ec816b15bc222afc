"""What an event says before it has a time."""
