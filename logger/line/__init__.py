"""The PLI on the wire: port, frame, one exchange, when a byte is believed."""
