"""Models, registers, menu settings, verified reads, a whole reading, what has changed."""
