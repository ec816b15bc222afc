"""The regulator's own 30 days: ring, dates, sums, and the chore that keeps them."""
