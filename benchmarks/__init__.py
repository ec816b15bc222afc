"""Measures what the program costs, compared with what people would use instead; see docs/performance.md."""
