"""This boot, who is believed about the time, dating what was held, the regulator's clock."""
