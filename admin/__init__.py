"""The `solar` command, for people."""
