"""The checks of `solar doctor`: a module for each part of a site. finding.py numbers them, runner.py runs them."""
