"""What the program costs, beside what people would use instead; see docs/performance.md."""
