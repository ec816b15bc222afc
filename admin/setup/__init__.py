"""The questions of `solar setup`, their checks, and the files of settings that come of them."""
