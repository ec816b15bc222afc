"""The checks of `solar doctor`: a module for each part of a site, and what runs and numbers them."""
