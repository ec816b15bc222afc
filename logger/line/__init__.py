"""The PLI on the wire: the frame, one exchange, when a byte is believed."""
