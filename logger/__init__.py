"""The regulator, and the loop that reads it into the journal. Knows nothing of networks."""
