"""Longer trials: growth, a slow computer, other programs that do the same work."""
