"""Options, words, moments, log lines, progress bars, one-line errors."""
