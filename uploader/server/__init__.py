"""The server: target, transport, answers and what they mean, line protocol."""
