"""This boot, whose time is trusted, dating what was held, the regulator's clock."""
