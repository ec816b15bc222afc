"""Calibration, adopted steps, decoding old readings again."""
