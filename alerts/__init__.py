"""Alerts: tells a person what is wrong at the site, from the site itself."""
