"""For the person: the `solar` command."""
