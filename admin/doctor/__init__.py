"""The checks of `solar doctor`, one module each."""
