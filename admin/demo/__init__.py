"""The demonstration's chart and uploader."""
