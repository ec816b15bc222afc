"""Tests of the simulated PL80: each fact of the protocol notes that it is built on, and each fault it can have."""
