"""Export formats, and output files that appear whole or not at all."""
